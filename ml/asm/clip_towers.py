"""The image side of open_clip models, as R-CLIP uses it: its weights go from one to the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from open_clip.modified_resnet import ModifiedResNet
from torch import Tensor, nn

from ml.rclip.config import RClipConfig
from ml.rclip.sources import build_clip, find_architecture, find_weights
from ml.rclip.towers import image_tower

from .config import Architecture, TowerConfig

REGION_LAYERS = ("layer1", "layer2", "layer3", "layer4")


class ClipTower(nn.Module):
    """`stage` and `embed` as in `ml.rclip`: a cut tower runs its other stages on each region."""

    def __init__(self, visual: Any, stage: int | None, *, region_part: bool, joint_width: int) -> None:
        super().__init__()
        if not region_part and isinstance(visual, ModifiedResNet):
            for name in (*REGION_LAYERS[stage or 4 :], "attnpool"):
                setattr(visual, name, nn.Identity())
        self.model = visual
        self._parts = image_tower(visual, stage)
        self.width = self._parts.width
        self.stride = self._parts.stride
        self.region_width = joint_width if region_part else 0

    def forward(self, images: Tensor) -> Tensor:
        return self._parts.features(images)

    def embed(self, regions: Tensor) -> Tensor:
        """(N, C, s, s) -> (N, D) in the joint space of the R-CLIP."""
        if self._parts.averages:
            regions = regions.mean((2, 3), keepdim=True)
        return self._parts.embed(regions)


def clip_tower(config: TowerConfig) -> nn.Module:
    """The Tower of an R-CLIP's configuration, weights random. Raises RClipError."""
    settings = rclip_settings(config.architecture)
    model = find_architecture(settings).model
    # Only the image side is kept, so the text side is the smallest there can be.
    text = {"context_length": 1, "vocab_size": 1, "width": 1, "heads": 1, "layers": 1}
    clip = build_clip({**model, "text_cfg": text, "custom_text": False})
    return ClipTower(clip.visual, settings.stage, region_part=config.region_part, joint_width=int(model["embed_dim"]))


def clip_architecture(config: TowerConfig) -> Architecture:
    """Without names: the open_clip model's configuration and the stage."""
    settings = rclip_settings(config.architecture)
    return {"tower": find_architecture(settings).model, "stage": settings.stage}


def clip_weights(config: TowerConfig) -> str:
    """The file or folder that `config.weights` stands for; open_clip's tags are looked up. Raises RClipError."""
    weights = config.weights or ""
    if Path(weights).exists():
        return weights
    found = find_weights(RClipConfig(tower=rclip_settings(config.architecture).tower, pretrained=weights))
    return weights if found is None else str(found)


def rclip_settings(architecture: Architecture) -> RClipConfig:
    """An open_clip model's name or configuration, or a whole RClipConfig."""
    if isinstance(architecture, dict) and "tower" in architecture:
        return RClipConfig.from_dict(architecture)
    return RClipConfig(tower=architecture)
