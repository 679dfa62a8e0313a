"""The network: what fills a prompt, that padding and company change nothing, and which parts learn."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from ml.asm.config import ASMConfig
from ml.asm.model import ASM
from ml.asm.prompts import Slot, padded

from .models import small_asm, small_config

SIZE = (42, 56)
BOXES = torch.tensor([[0.0, 0.0, 56.0, 42.0], [5.0, 5.0, 30.0, 40.0], [20.0, 2.0, 50.0, 21.0]])
IMAGES = torch.tensor([0, 1, 1])


def photos(seed: int = 1) -> Tensor:
    return torch.randn(2, 3, *SIZE, generator=torch.Generator().manual_seed(seed))


def tokens_of(model: ASM) -> Tensor:
    return model.encode_regions(model.encode_images(photos()), BOXES, IMAGES, SIZE)


def test_slots_hold_what_they_are_for() -> None:
    model = small_asm()
    tokens = tokens_of(model)
    rows = padded([model.prompts.region()] * 3)
    embedded = model.embed_rows(rows, tokens, "align")
    for region in range(3):
        codes = rows.codes[region]
        assert torch.equal(embedded[region][codes == Slot.TASK], model.task_prompts["align"])
        assert torch.equal(embedded[region][codes == Slot.IMAGE], tokens[region])
        assert torch.equal(embedded[region][codes == Slot.ALIGN], model.align_token[None])
        words = codes[codes >= 0]
        assert torch.equal(embedded[region][codes >= 0], model.llm.get_input_embeddings()(words))


def test_regions_and_texts_share_their_prompt_and_align_token_but_answers_have_another() -> None:
    model = small_asm()
    before = model.embed_texts(["cat"]), model.embed_regions(tokens_of(model))
    with torch.no_grad():
        model.task_prompts["generate"].add_(1.0)
    same = model.embed_texts(["cat"]), model.embed_regions(tokens_of(model))
    assert torch.equal(before[0], same[0])
    assert torch.equal(before[1], same[1])
    for parameter in (model.task_prompts["align"], model.align_token):
        kept = parameter.detach().clone()
        with torch.no_grad():
            parameter.normal_()
        assert not torch.allclose(before[0], model.embed_texts(["cat"]))
        assert not torch.allclose(before[1], model.embed_regions(tokens_of(model)))
        parameter.data = kept


def test_embeddings_have_length_one_and_depend_on_the_box() -> None:
    model = small_asm()
    regions = model.embed_regions(tokens_of(model))
    assert regions.shape == (3, 16)
    assert torch.allclose(regions.norm(dim=1), torch.ones(3))
    assert (regions[1] - regions[2]).abs().max() > 1e-3


def test_a_text_in_company_is_embedded_as_it_is_alone() -> None:
    model = small_asm()
    tags = ["cat", "a very much longer name of a thing", "ox"]
    alone = torch.cat([model.embed_texts([tag]) for tag in tags])
    assert torch.allclose(model.embed_texts(tags), alone, atol=1e-5)
    assert (alone[0] - alone[2]).abs().max() > 1e-3
    assert model.embed_texts([]).shape == (0, 16)


def test_a_region_in_company_is_embedded_as_it_is_alone() -> None:
    model = small_asm()
    together = model.embed_regions(tokens_of(model))
    features = model.encode_images(photos())
    for index in range(3):
        image = int(IMAGES[index])
        tokens = model.encode_regions(features[image : image + 1], BOXES[index : index + 1], torch.tensor([0]), SIZE)
        assert torch.allclose(model.embed_regions(tokens)[0], together[index], atol=1e-5)


def test_an_answer_in_company_gets_the_logits_it_gets_alone() -> None:
    model = small_asm()
    tokens = tokens_of(model)
    rows = [
        model.prompts.conversation([("What is this?", "A cat.")]),
        model.prompts.conversation([("Why?", "No.")]),
        model.prompts.conversation([("And what may be the colour of it?", "Blue, I think.")]),
    ]
    together = model.answer_logits(padded(rows), tokens)
    alone = torch.cat([model.answer_logits(padded([row]), tokens[i : i + 1]) for i, row in enumerate(rows)])
    assert torch.allclose(together, alone, atol=1e-4)
    assert len(together) == sum(sum(row.learned) for row in rows)


def test_logits_of_an_answer_are_those_of_the_language_model_one_position_before() -> None:
    model = small_asm()
    tokens = tokens_of(model)[:1]
    rows = padded([model.prompts.conversation([("Why?", "No.")])])
    whole = model.llm(inputs_embeds=model.embed_rows(rows, tokens, "generate")).logits[0]
    places = rows.learned[0].nonzero().squeeze(1) - 1
    assert torch.allclose(model.answer_logits(rows, tokens), whole[places], atol=1e-5)


@pytest.mark.parametrize("size", [(28, 28), (70, 84)])
def test_other_sizes_of_the_input_are_taken(size: tuple[int, int]) -> None:
    model = small_asm()
    features = model.encode_images(torch.randn(1, 3, *size))
    assert features.shape[2:] == (size[0] // 14, size[1] // 14)
    boxes = torch.tensor([[0.0, 0.0, size[1], size[0]]])
    assert model.encode_regions(features, boxes, torch.tensor([0]), size).shape == (1, 7, 32)


def expected_to_learn(name: str, config: ASMConfig) -> bool:
    if name.startswith("tower."):
        return {"full": True, "lora": "lora_" in name, "frozen": False}[config.tower.train]
    if name.startswith("llm."):
        return {"full": True, "lora": "lora_" in name, "frozen": False}[config.language.train]
    return config.qformer.train if name.startswith("image_tokenizer.") else config.prompts.train


def variant(tower: Any, qformer: bool, language: Any, prompts: bool) -> ASMConfig:
    config = small_config()
    return replace(
        config,
        tower=replace(config.tower, train=tower),
        qformer=replace(config.qformer, train=qformer),
        language=replace(config.language, train=language),
        prompts=replace(config.prompts, train=prompts),
    )


@pytest.mark.parametrize(
    "config",
    [
        variant("lora", True, "lora", True),
        variant("full", True, "full", True),
        variant("frozen", True, "lora", False),
        variant("full", False, "frozen", True),
    ],
)
def test_gradients_reach_exactly_the_parts_that_are_to_learn(config: ASMConfig) -> None:
    from .models import asm_of

    model = asm_of(config).train()
    tokens = tokens_of(model)
    rows = padded([model.prompts.conversation([("Why?", "No.")])] * 3)
    similarity = model.scale * model.embed_regions(tokens) @ model.embed_texts(["cat", "dog"]).T
    (model.answer_logits(rows, tokens).square().mean() + similarity.square().mean()).backward()
    for name, parameter in model.named_parameters():
        learns = expected_to_learn(name, config)
        assert parameter.requires_grad == learns, name
        reached = parameter.grad is not None and bool(parameter.grad.abs().sum() > 0)
        if "rope" not in name and "mask_token" not in name:
            assert reached == learns, name


def test_a_tower_with_batch_norms_keeps_its_statistics_in_training() -> None:
    from ml.asm.building import build_asm

    model = build_asm(ASMConfig.tiny()).train()
    before = {name: buffer.clone() for name, buffer in model.tower.named_buffers()}
    alone = model.encode_images(torch.randn(1, 3, 256, 320, generator=torch.Generator().manual_seed(3)))
    assert before
    for name, buffer in model.tower.named_buffers():
        assert torch.equal(buffer, before[name]), name
    assert alone.shape == (1, 192, 32, 40)
