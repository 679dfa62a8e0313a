"""The paper's sizes, instantiated without memory, counted against arithmetic."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from ml.asm.building import build_asm
from ml.asm.config import ASMConfig
from ml.asm.model import ASM


def count(module: nn.Module | nn.Parameter, *, learned: bool = False) -> int:
    parameters = [module] if isinstance(module, nn.Parameter) else list(module.parameters())
    return sum(parameter.numel() for parameter in parameters if parameter.requires_grad or not learned)


def linear(inputs: int, outputs: int, *, bias: bool = True) -> int:
    return inputs * outputs + bias * outputs


@pytest.fixture(scope="module")
def paper() -> ASM:
    with torch.device("meta"):
        return build_asm(ASMConfig.paper())


RANK = 16


def test_the_tower_is_vit_g_14_with_adapters(paper: ASM) -> None:
    width, hidden, layers, patches = 1408, 6144, 39, 16 * 16
    norm = 2 * width
    # Attention without a key bias (kept as one bias of 3 widths), its projection, an MLP, two norms.
    layer = linear(width, 3 * width) + linear(width, width) + linear(width, hidden) + linear(hidden, width) + 2 * norm
    embeddings = width + linear(3 * 14 * 14, width) + (1 + patches) * width
    base = embeddings + layers * layer + norm
    assert base == 985_952_256
    adapters = layers * RANK * ((width + 3 * width) + (width + width))
    assert count(paper.tower) == base + adapters
    assert count(paper.tower, learned=True) == adapters == 5_271_552


def test_the_image_tokenizer_is_blip_2s_and_learns_whole(paper: ASM) -> None:
    width, hidden, layers, image, llm = 768, 3072, 12, 1408, 4096
    norm = 2 * width
    attention = 4 * linear(width, width) + norm
    cross = 2 * linear(width, width) + 2 * linear(image, width) + norm  # in every other layer
    mlp = linear(width, hidden) + linear(hidden, width) + norm
    qformer = layers * (attention + mlp) + layers // 2 * cross + norm
    assert count(paper.image_tokenizer.qformer) == qformer == 105_137_664
    cells, queries = 7 * 7, 32
    around = linear(image, width) + (cells + queries) * width + linear(width, llm)
    assert count(paper.image_tokenizer) == count(paper.image_tokenizer, learned=True) == qformer + around
    assert paper.image_tokenizer.tokens == cells + queries


def test_the_language_model_is_a_llama_7b_with_adapters(paper: ASM) -> None:
    width, hidden, layers, vocabulary = 4096, 11008, 32, 32000
    layer = 4 * width**2 + 3 * width * hidden + 2 * width
    base = 2 * vocabulary * width + layers * layer + width
    assert base == 6_738_415_616
    adapters = layers * 4 * RANK * (width + width)
    assert count(paper.llm) == base + adapters
    assert count(paper.llm, learned=True) == adapters == 16_777_216


def test_prompts_and_the_align_token_learn_whole(paper: ASM) -> None:
    width = 4096
    assert count(paper.task_prompts, learned=True) == 2 * 5 * width
    assert count(paper.align_token, learned=True) == width
    assert count(paper.align_projection, learned=True) == width * 512
    parts = (paper.tower, paper.image_tokenizer, paper.llm, paper.task_prompts, paper.align_projection)
    assert count(paper) == sum(count(part) for part in parts) + width + 1  # and the logit scale


def test_fine_tuning_runs_at_364_px_with_the_same_parameters(paper: ASM) -> None:
    config = ASMConfig.paper()
    assert config.tower.image_size == (224, 224)
    larger = replace(config, tower=replace(config.tower, image_size=(364, 364)))
    assert ASMConfig.from_dict(larger.to_dict()) == larger
    features = paper.encode_images(torch.zeros(1, 3, 364, 364, device="meta"))
    assert features.shape == (1, 1408, 26, 26)


def test_tiny_is_a_few_million_parameters_that_all_learn() -> None:
    model = build_asm(ASMConfig.tiny())
    assert 0.8e6 < count(model) < 3e6
    assert count(model) == count(model, learned=True)


def test_scales_begin_at_clips_temperature() -> None:
    model = build_asm(ASMConfig.tiny())
    assert math.isclose(model.scale.item(), 1 / 0.07, rel_tol=1e-5)
    with torch.no_grad():
        model.logit_scale.fill_(50.0)
    assert math.isclose(model.scale.item(), 100.0, rel_tol=1e-5)
