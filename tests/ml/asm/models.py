"""Small ASMs of the real classes, with random weights."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import torch

from ml.asm.building import build_asm
from ml.asm.config import ASMConfig, LanguageConfig, LoraSettings, PromptConfig, QFormerConfig, TowerConfig
from ml.asm.model import ASM

EVA: dict[str, Any] = {
    "name": "eva02_tiny_patch14_224",
    "img_size": 28,
    "embed_dim": 32,
    "depth": 2,
    "num_heads": 2,
}
QFORMER: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
}
LLAMA: dict[str, Any] = {
    "model_type": "llama",
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
    "initializer_range": 0.3,  # so that random weights answer different things to different questions
}


def small_config(**changes: Any) -> ASMConfig:
    """An EVA tower of timm at 42 x 56 px, a Q-Former of three layers, a Llama; reads bytes."""
    config = ASMConfig(
        tower=TowerConfig(
            library="timm",
            architecture={**EVA, "dynamic_img_size": True},
            image_size=(42, 56),
            lora=LoraSettings(rank=2, alpha=4, targets=("qkv",)),
        ),
        qformer=QFormerConfig(architecture=QFORMER, queries=3, roi_size=2),
        language=LanguageConfig(architecture=LLAMA, lora=LoraSettings(rank=2, alpha=4, targets=("q_proj", "v_proj"))),
        prompts=PromptConfig(max_tokens=128),
        embedding=16,
    )
    return replace(config, **changes)


def small_asm(seed: int = 0, **changes: Any) -> ASM:
    torch.manual_seed(seed)
    model = build_asm(small_config(**changes)).eval()
    with torch.no_grad():  # adapters start as nothing, tokens as almost nothing: let everything have a say
        for name, parameter in model.named_parameters():
            if "lora_B" in name or "queries" in name or "task_prompts" in name:
                parameter.normal_(std=0.3)
    return model


def asm_of(config: ASMConfig, seed: int = 0) -> ASM:
    return small_asm(seed, **{entry.name: getattr(config, entry.name) for entry in fields(config)})
