"""Building from parts with weights on disk, and checkpoints that need nothing else."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors import safe_open

from ml.asm.building import build_asm
from ml.asm.config import ASMConfig, LanguageConfig, QFormerConfig, TowerConfig
from ml.asm.errors import ConfigError, WeightsError
from ml.asm.model import ASM
from ml.asm.predictor import ASMPredictor
from ml.asm.text_tokenizer import train_tokenizer
from ml.checkpoint import CheckpointError, load_model, save_model

from .models import LLAMA, QFORMER, small_asm, small_config
from .test_predictor import BOXES, PHOTOS

VISION: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 28,
    "patch_size": 14,
    "initializer_range": 0.02,
}


def save_blip2(folder: Path) -> Any:
    torch.manual_seed(7)
    text = {"model_type": "opt", "vocab_size": 40, "hidden_size": 16, "num_hidden_layers": 1, "ffn_dim": 16}
    settings = transformers.Blip2Config(
        vision_config=VISION,
        qformer_config={**QFORMER, "encoder_hidden_size": 32},
        text_config={**text, "num_attention_heads": 1, "word_embed_proj_dim": 16},
        num_query_tokens=3,
    )
    blip2 = transformers.Blip2ForConditionalGeneration(settings).eval()
    with torch.no_grad():
        blip2.query_tokens.normal_()
    blip2.save_pretrained(folder)
    return blip2


def save_llama(folder: Path) -> Any:
    """A language model and its tokenizer, as one downloads them."""
    torch.manual_seed(8)
    backend = train_tokenizer(["What is this? A cat.", "Human: Assistant: A photo of the dog."] * 4, vocabulary=300)
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=backend, bos_token="<s>", eos_token="</s>")
    tokenizer.save_pretrained(folder)
    values = {name: value for name, value in LLAMA.items() if name != "model_type"}
    llama = transformers.LlamaForCausalLM(transformers.LlamaConfig(vocab_size=len(tokenizer), **values)).eval()
    llama.save_pretrained(folder)
    return llama


def downloaded(folder: Path, **changes: Any) -> ASMConfig:
    blip2, llama = str(folder / "blip2"), str(folder / "llama")
    small = small_config()
    tower = TowerConfig("hf", blip2, weights=blip2, image_size=(42, 56), lora=small.tower.lora)
    return replace(
        small,
        tower=tower,
        qformer=QFormerConfig(architecture=QFORMER, weights=blip2, queries=3, roi_size=2),
        language=LanguageConfig(llama, weights=llama, tokenizer=llama, lora=small.language.lora),
        **changes,
    )


@pytest.fixture
def parts(tmp_path: Path) -> tuple[Path, Any, Any]:
    return tmp_path, save_blip2(tmp_path / "blip2"), save_llama(tmp_path / "llama")


def test_the_parts_of_blip_2_and_a_language_model_are_loaded_from_their_folders(parts: Any) -> None:
    folder, blip2, llama = parts
    model = build_asm(downloaded(folder)).eval()
    assert torch.equal(model.image_tokenizer.queries, blip2.query_tokens[0])
    queries = torch.randn(2, 5, 32)
    context = torch.randn(2, 12, 32)
    expected = blip2.qformer(query_embeds=queries, encoder_hidden_states=context).last_hidden_state
    found = model.image_tokenizer.qformer(query_embeds=queries, encoder_hidden_states=context).last_hidden_state
    assert torch.allclose(found, expected, atol=1e-6)
    image = torch.randn(1, 3, 42, 56)
    tokens = blip2.vision_model(image, interpolate_pos_encoding=True).last_hidden_state[:, 1:]
    assert torch.allclose(model.encode_images(image).flatten(2).transpose(1, 2), tokens, atol=1e-5)
    ids = torch.tensor([[5, 6, 7]])
    assert torch.allclose(model.llm(ids).logits, llama(ids).logits, atol=1e-5)  # adapters begin as nothing


def test_a_checkpoint_needs_none_of_the_folders_it_was_built_from(parts: Any, tmp_path: Path) -> None:
    folder, _, _ = parts
    model = build_asm(downloaded(folder)).eval()
    answers = ASMPredictor(model).answer(PHOTOS, BOXES[:2], ["Why?", "What is this?"], max_tokens=6)
    save_model(tmp_path / "checkpoint", model, {"step": 1})
    assert str(folder) not in (tmp_path / "checkpoint" / "config.json").read_text()
    (folder / "blip2").rename(folder / "gone")
    (folder / "llama").rename(folder / "away")
    again = load_model(tmp_path / "checkpoint")
    assert isinstance(again, ASM)
    assert ASMPredictor(again).answer(PHOTOS, BOXES[:2], ["Why?", "What is this?"], max_tokens=6) == answers


def test_base_weights_can_stay_where_they_are(parts: Any, tmp_path: Path) -> None:
    folder, _, _ = parts
    model = build_asm(downloaded(folder, stores_base=False)).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.3)
    scores = ASMPredictor(model).rank(PHOTOS[0], BOXES[:3], ["cat", "dog"])
    save_model(tmp_path / "checkpoint", model, {"step": 1})
    with safe_open(tmp_path / "checkpoint" / "model.safetensors", "pt") as file:
        stored = set(file.keys())
    assert not [name for name in stored if name.startswith(("tower.", "llm.")) and "lora_" not in name]
    assert [name for name in stored if name.startswith("llm.") and "lora_" in name]
    again: Any = load_model(tmp_path / "checkpoint")
    assert torch.equal(ASMPredictor(again).rank(PHOTOS[0], BOXES[:3], ["cat", "dog"]), scores)
    (folder / "llama" / "model.safetensors").unlink()
    with pytest.raises(CheckpointError):
        load_model(tmp_path / "checkpoint")


def test_a_tiny_checkpoint_is_below_10_mb_and_gives_the_same_answers(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = build_asm(ASMConfig.tiny()).eval()
    save_model(tmp_path / "tiny", model, {})
    assert sum(path.stat().st_size for path in (tmp_path / "tiny").rglob("*") if path.is_file()) < 10e6
    again: Any = load_model(tmp_path / "tiny")
    asked = (PHOTOS, BOXES[:2], ["Why?", "What is this?"])
    assert ASMPredictor(again).answer(*asked, max_tokens=4) == ASMPredictor(model).answer(*asked, max_tokens=4)


def test_a_half_written_checkpoint_says_what_it_lacks(tmp_path: Path) -> None:
    save_model(tmp_path / "asm", small_asm(), {})
    (tmp_path / "asm" / "tokenizer" / "tokenizer.json").unlink()
    (tmp_path / "asm" / "tokenizer" / "tokenizer_config.json").unlink()
    with pytest.raises(CheckpointError, match="tokenizer"):
        load_model(tmp_path / "asm")


def test_adapters_for_layers_that_do_not_exist_are_refused() -> None:
    tower = small_config().tower
    with pytest.raises(ConfigError, match=r"tower\.lora\.targets \['queries'\]"):
        build_asm(small_config(tower=replace(tower, lora=replace(tower.lora, targets=("queries",)))))


def test_a_language_model_smaller_than_its_tokenizer_is_refused() -> None:
    language = replace(small_config().language, architecture={**LLAMA, "vocab_size": 100})
    with pytest.raises(ConfigError, match="the tokenizer has 258 tokens, the language model knows 100"):
        build_asm(small_config(language=language))


def test_a_q_former_of_another_shape_is_refused(parts: Any) -> None:
    folder, _, _ = parts
    config = downloaded(folder)
    with pytest.raises(WeightsError, match=r"has shape \(48,\), the model needs \(64,\)"):
        build_asm(replace(config, qformer=replace(config.qformer, architecture={**QFORMER, "intermediate_size": 64})))


def test_a_language_model_with_missing_weights_is_refused(parts: Any) -> None:
    folder, _, llama = parts
    config = downloaded(folder)
    deeper = {**LLAMA, "num_hidden_layers": 3, "vocab_size": llama.config.vocab_size}
    with pytest.raises(WeightsError, match=r"lacks \d+ weights, model\.layers\.2"):
        build_asm(replace(config, language=replace(config.language, architecture=deeper)))


def test_a_language_model_of_another_shape_is_refused(parts: Any) -> None:
    folder, _, llama = parts
    config = downloaded(folder)
    wider = {**LLAMA, "intermediate_size": 96, "vocab_size": llama.config.vocab_size}
    with pytest.raises(WeightsError, match="llama"):
        build_asm(replace(config, language=replace(config.language, architecture=wider)))


def test_an_rclip_tower_with_its_region_part_gives_one_more_token(tmp_path: Path) -> None:
    tiny = ASMConfig.tiny()
    tower = replace(tiny.tower, region_part=True)
    with_part, without = build_asm(replace(tiny, tower=tower)).eval(), build_asm(tiny)
    assert with_part.image_tokenizer.tokens == without.image_tokenizer.tokens + 1
    tokens = with_part.encode_regions(
        with_part.encode_images(torch.randn(1, 3, 64, 64)),
        torch.tensor([[0.0, 0, 64, 64]]),
        torch.tensor([0]),
        (64, 64),
    )
    assert tokens.shape == (1, 16 + 1 + 8, 128)
