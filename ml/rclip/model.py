"""The Region-Aware CLIP (papers V1 appendix D.3): an open_clip model with RoIAlign on its image tower's feature map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from ml.roi_align import roi_align, roi_mean

from .config import RClipConfig
from .errors import RClipError
from .images import Preprocessing
from .sources import Architecture, build_clip, find_architecture, find_weights, load_clip
from .texts import FILE, FOLDER, TextTokenizer, load_tokenizer
from .towers import Tower, fixed_size, image_tower


class RClip(nn.Module):
    """Embeds regions and texts in one space, where the cosine says how well they match.

    Its parameters are those of `clip`, the open_clip model. Boxes are `(x1, y1, x2, y2)` in pixels of the input.
    """

    def __init__(self, config: RClipConfig, tokenizer: TextTokenizer, clip: Any) -> None:
        super().__init__()
        self.config = config
        self.tokenizer = tokenizer
        self.clip = clip
        self.tower: Tower = image_tower(clip.visual, config.stage)
        self.preprocessing = _preprocessing(config, self.tower)

    def encode_images(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) normalised -> (B, C, h, w). H and W: any multiples of `tower.stride`; positions are
        interpolated."""
        height, width = images.shape[2:]
        if height % self.tower.stride or width % self.tower.stride:
            raise RClipError(f"an input of {height} x {width} px is not a multiple of the stride, {self.tower.stride}")
        return self.tower.features(images)

    def encode_regions(
        self, features: Tensor, boxes: Tensor, image_index: Tensor, input_size: tuple[int, int]
    ) -> Tensor:
        """features: (B, C, h, w) of `encode_images`; boxes: (N, 4); image_index: (N,) long, the image of each box,
        best left on the CPU; input_size: (H, W) of the input. Returns (N, D), L2-normalised."""
        height, width = input_size
        scale = (features.shape[3] / width, features.shape[2] / height)
        bins, samples = self.config.roi_size, self.config.sampling_ratio
        if self.tower.averages:
            mean = roi_mean(features, boxes, image_index, output_size=bins, spatial_scale=scale, sampling_ratio=samples)
            regions = mean[:, :, None, None]
        else:
            regions = roi_align(
                features, boxes, image_index, output_size=bins, spatial_scale=scale, sampling_ratio=samples
            )
        return functional.normalize(self.tower.embed(regions), dim=-1)

    def encode_texts(self, token_ids: Tensor) -> Tensor:
        """(T, L) long, of `tokenize` -> (T, D), L2-normalised."""
        embedded: Tensor = self.clip.encode_text(token_ids, normalize=True)
        return embedded

    def tokenize(self, texts: Sequence[str]) -> Tensor:
        """(T, L) long, on the CPU; a text longer than the context loses its end."""
        return self.tokenizer(texts)

    @property
    def logit_scale(self) -> nn.Parameter:
        """The logarithm of what cosines are multiplied with."""
        scale: nn.Parameter = self.clip.logit_scale
        return scale

    @property
    def width(self) -> int:
        """D, the width of the joint space."""
        tower = self.config.tower
        if isinstance(tower, str):
            raise RClipError(f"tower {tower!r} is only a name: build the model with build_rclip")
        return int(tower["embed_dim"])

    def save_assets(self, folder: Path) -> None:
        """Writes the tokenizer."""
        self.tokenizer.save(folder)

    def left_out(self) -> frozenset[str]:
        """A checkpoint holds everything."""
        return frozenset()


def build_rclip(config: RClipConfig) -> RClip:
    """A new model with the starting weights that `config` names; its own `config` needs no name any more.

    Raises RClipError where a part cannot be had.
    """
    architecture = find_architecture(config)
    weights = find_weights(config)
    model = assemble(config, architecture, config.tokenizer or architecture.tokenizer)
    if weights is not None:
        load_clip(model.clip, weights)
    return model


def restore_rclip(config: RClipConfig, folder: Path) -> RClip:
    """The network of a checkpoint, its weights random, its tokenizer from `folder`; nothing is read elsewhere."""
    if config.tokenizer not in (None, FILE, FOLDER):
        raise RClipError(f"tokenizer must be {FILE!r} or {FOLDER!r} in a checkpoint, not {config.tokenizer!r}")
    if isinstance(config.tower, str):
        raise RClipError(f"tower must be a whole configuration in a checkpoint, not the name {config.tower!r}")
    source = None if config.tokenizer is None else str(folder / config.tokenizer)
    return assemble(config, find_architecture(config), source)


def assemble(config: RClipConfig, architecture: Architecture, tokenizer_source: str | None) -> RClip:
    """The network of `architecture` with random weights, on the device that is the default."""
    tokenizer = load_tokenizer(tokenizer_source, architecture.model["text_cfg"])
    clip = build_clip(architecture.model)
    resolved = replace(
        config,
        tower=architecture.model,
        pretrained=None,
        tokenizer=tokenizer.name,
        image_size=config.image_size or _native_size(clip.visual, config.stage),
        mean=config.mean or architecture.mean,
        std=config.std or architecture.std,
    )
    return RClip(resolved, tokenizer, clip)


def _native_size(visual: Any, stage: int | None) -> tuple[int, int]:
    """The tower's own input, less what its last cells leave over."""
    size, stride = visual.image_size, image_tower(visual, stage).stride
    height, width = (size, size) if isinstance(size, int) else size
    return height // stride * stride, width // stride * stride


def _preprocessing(config: RClipConfig, tower: Tower) -> Preprocessing:
    size = config.image_size
    if size is None or config.mean is None or config.std is None:
        raise RClipError("image_size, mean and std must be known: build the model with build_rclip")
    if any(side % tower.stride for side in size):
        raise RClipError(f"image_size {size} must be multiples of the tower's stride, {tower.stride} px")
    if (only := fixed_size(tower.model)) not in (None, size):
        raise RClipError(f"this tower takes images of {only} px alone: its positions cannot be interpolated")
    return Preprocessing(size, config.mean, config.std)
