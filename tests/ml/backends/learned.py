"""Checkpoints of tiny real models with random weights, as training would leave them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from ml.asm.building import build_asm
from ml.asm.config import ASMConfig, LanguageConfig, PromptConfig, QFormerConfig, TowerConfig
from ml.checkpoint import save_model
from ml.rclip.config import RClipConfig
from ml.rclip.model import build_rclip
from ml.rclip.texts import train_tokenizer

WORDS = ("cat", "dog", "red car", "tree", "wooden table", "lamp", "window")
RESNET = {"image_size": 64, "layers": [1, 1, 1, 1], "width": 8, "head_width": 32}


@dataclass
class Tag:
    text: str
    role_names: tuple[str, ...] = ("spotter",)
    rank: int = 0
    parent: str | None = None


@dataclass
class Question:
    image: Any
    box: tuple[float, float, float, float]
    tag: str
    questions: tuple[str, ...]


def tags(*texts: str) -> list[Tag]:
    return [Tag(text) for text in texts]


def save_rclip(folder: Path, *, seed: int = 0, words: Sequence[str] = WORDS) -> Path:
    """A residual network on 64 x 64 px, two of its stages on the image."""
    torch.manual_seed(seed)
    text = {"context_length": 8, "vocab_size": 400, "width": 32, "heads": 2, "layers": 1}
    tower = {"embed_dim": 32, "vision_cfg": RESNET, "text_cfg": text}
    with TemporaryDirectory() as place:
        tokenizer = f"{place}/tokenizer.json"
        train_tokenizer(words, 400).save(tokenizer)
        model = build_rclip(replace(RClipConfig.tiny(tokenizer), tower=tower, image_size=(64, 64)))
    save_model(folder, model, {"step": 0, "seed": seed})
    return folder


def save_asm(folder: Path, *, seed: int = 0) -> Path:
    """The same kind of tower, a Q-Former of two layers, a Llama that reads bytes."""
    torch.manual_seed(seed)
    config = ASMConfig(
        tower=TowerConfig(
            library="open_clip",
            architecture={
                "tower": {"embed_dim": 32, "vision_cfg": RESNET, "text_cfg": {"context_length": 1, "vocab_size": 1}},
                "stage": 2,
            },
            image_size=(64, 64),
            positions="sine",
            train="full",
        ),
        qformer=QFormerConfig(
            architecture={
                "hidden_size": 32,
                "num_hidden_layers": 2,
                "num_attention_heads": 2,
                "intermediate_size": 48,
                "hidden_dropout_prob": 0.0,
                "attention_probs_dropout_prob": 0.0,
            },
            queries=3,
            roi_size=2,
        ),
        language=LanguageConfig(
            architecture={
                "model_type": "llama",
                "hidden_size": 32,
                "intermediate_size": 64,
                "num_hidden_layers": 2,
                "num_attention_heads": 4,
                "max_position_embeddings": 512,
                "initializer_range": 0.3,  # so that random weights say different things about different regions
            },
            train="full",
        ),
        prompts=PromptConfig(max_tokens=512),
        embedding=16,
    )
    model = build_asm(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "queries" in name or "task_prompts" in name or "align_token" in name:
                parameter.normal_(std=0.3)
    save_model(folder, model, {"step": 0, "seed": seed})
    return folder
