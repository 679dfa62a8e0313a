"""Tiny models of every family of open_clip, with random weights, for the tests of R-CLIP."""

from pathlib import Path
from typing import Any

import torch

from ml.rclip.config import RClipConfig
from ml.rclip.model import RClip, build_rclip
from ml.rclip.texts import train_tokenizer

TEXT = {"context_length": 10, "vocab_size": 320, "width": 32, "heads": 2, "layers": 1}
VIT = {"image_size": 64, "patch_size": 8, "width": 32, "layers": 2, "head_width": 16}
RESNET = {"image_size": 64, "layers": [1, 1, 1, 1], "width": 8, "head_width": 32}


def timm_vision(name: str, pool: str = "avg", projection: str = "linear", size: int = 64) -> dict[str, Any]:
    return {"timm_model_name": name, "timm_pool": pool, "timm_proj": projection, "image_size": size}


def tower(vision: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"embed_dim": 24, "vision_cfg": vision, "text_cfg": TEXT, **more}


def tokenizer_file(folder: Path) -> str:
    path = folder / "words.json"
    train_tokenizer(["a cat", "a dog", "a red fire hydrant", "two small houses"], 320).save(str(path))
    return str(path)


def tiny_rclip(folder: Path, vision: dict[str, Any], seed: int = 0, **fields: Any) -> RClip:
    """In evaluation mode. Running statistics, and scales that begin at zero, are set to something."""
    torch.manual_seed(seed)
    model = build_rclip(RClipConfig(tower=tower(vision), tokenizer=tokenizer_file(folder), **fields))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() == 1 and name.endswith("weight") and not parameter.any():
                parameter.fill_(0.5)
        for name, buffer in model.named_buffers():
            if name.endswith("running_mean"):
                buffer.uniform_(-0.1, 0.1)
            if name.endswith("running_var"):
                buffer.uniform_(0.02, 0.1)
    return model.eval()
