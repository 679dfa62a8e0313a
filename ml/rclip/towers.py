"""The image towers of open_clip, each cut in two: what runs on the image, and what runs on every region.

The parameters stay in open_clip's modules; a tower here only runs their parts.
"""

from __future__ import annotations

from typing import Any, Protocol

import torch
from open_clip.modified_resnet import ModifiedResNet
from open_clip.timm_model import TimmModel
from open_clip.transformer import VisionTransformer
from timm.layers import Format
from torch import Tensor
from torch.nn import functional

from .errors import RClipError


class Tower(Protocol):
    """`width`: channels of the feature map. `stride`: pixels per cell; images have sides that are multiples of it.
    `averages`: `embed` is shown only the mean over a region's grid, (N, C, 1, 1), as it would take it anyway."""

    model: Any
    width: int
    stride: int
    averages: bool

    def features(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) normalised -> (B, C, H / stride, W / stride)."""
        ...

    def embed(self, regions: Tensor) -> Tensor:
        """(N, C, s, s) features of regions -> (N, D) in the joint space, of any length."""
        ...


class TransformerTower:
    """open_clip's VisionTransformer. Its map is the last layer's patch tokens, normalised as the class token is."""

    def __init__(self, model: VisionTransformer) -> None:
        if model.attn_pool is not None and model.attn_pool_contrastive is not None:
            raise RClipError("a VisionTransformer with two attentional poolers has no known region feature")
        self.model = model
        self.width: int = model.conv1.out_channels
        self.stride = _one_stride(model.patch_size)
        self.averages = model.attn_pool is None

    def features(self, images: Tensor) -> Tensor:
        model = self.model
        patches = model.conv1(images)
        rows, columns = patches.shape[2:]
        tokens = patches.flatten(2).transpose(1, 2)
        first = model.class_embedding.to(tokens.dtype).expand(len(tokens), 1, -1)
        tokens = torch.cat([first, tokens], dim=1)
        tokens = tokens + resized_positions(model.positional_embedding, model.grid_size, (rows, columns)).to(tokens)
        tokens = model.transformer(model.ln_pre(tokens))[:, 1:]
        if model.attn_pool is None and not model.final_ln_after_pool:
            tokens = model.ln_post(tokens)
        return _map(tokens, rows, columns)

    def embed(self, regions: Tensor) -> Tensor:
        model = self.model
        tokens = regions.flatten(2).transpose(1, 2)
        if model.attn_pool is not None:
            tokens = model.ln_post(model.attn_pool(tokens))
            pooled = tokens[:, 0] if model.pool_type == "tok" else tokens.mean(1)
        else:
            pooled = tokens.mean(1)
            if model.final_ln_after_pool:
                pooled = model.ln_post(pooled)
        embedded: Tensor = pooled if model.proj is None else pooled @ model.proj
        return embedded


class ResNetTower:
    """open_clip's ModifiedResNet: the first `stage` stages on the image, the rest and the attention pool on regions."""

    averages = False

    def __init__(self, model: ModifiedResNet, stage: int | None) -> None:
        self.model = model
        stages = [model.layer1, model.layer2, model.layer3, model.layer4]
        self._on_image, self._on_region = stages[: stage or 4], stages[stage or 4 :]
        self.stride = 2 ** (len(self._on_image) + 1)
        self.width: int = self._on_image[-1][-1].conv3.out_channels

    def features(self, images: Tensor) -> Tensor:
        features: Tensor = self.model.stem(images)
        for stage in self._on_image:
            features = stage(features)
        return features

    def embed(self, regions: Tensor) -> Tensor:
        for stage in self._on_region:
            regions = stage(regions)
        return attention_pooled(self.model.attnpool, regions)


class TimmMapTower:
    """A timm model whose features are a map (ConvNeXt, ResNet, FastViT, Swin), with open_clip's projection."""

    averages = False

    def __init__(self, model: TimmModel, stage: int | None) -> None:
        self.model = model
        trunk = model.trunk
        if stage is not None and not _has_stages(trunk):
            raise RClipError(f"{type(trunk).__name__} cannot be cut after a stage: leave out `stage`")
        self._stage = None if stage == 4 else stage
        info = trunk.feature_info[(self._stage or 0) - 1]
        self.width: int = info["num_chs"] if self._stage else trunk.num_features
        self.stride: int = info["reduction"]
        self._channels_last = str(getattr(trunk, "output_fmt", "NCHW")).endswith("NHWC")

    def features(self, images: Tensor) -> Tensor:
        trunk = self.model.trunk
        if self._stage is None:
            features: Tensor = trunk.forward_features(images)
            return features.permute(0, 3, 1, 2) if self._channels_last else features
        features = trunk.stem(images)
        for stage in trunk.stages[: self._stage]:
            features = stage(features)
        return features

    def embed(self, regions: Tensor) -> Tensor:
        trunk = self.model.trunk
        if self._stage is not None:
            for stage in trunk.stages[self._stage :]:
                regions = stage(regions)
            regions = trunk.norm_pre(regions)
        elif self._channels_last:
            regions = regions.permute(0, 2, 3, 1)
        embedded: Tensor = self.model.head(trunk.forward_head(regions))
        return embedded


class TimmTokenTower:
    """A timm model whose features are tokens (ViT, SigLIP, EVA), with open_clip's projection."""

    def __init__(self, model: TimmModel) -> None:
        self.model = model
        trunk = model.trunk
        self.width: int = trunk.embed_dim
        self.stride = _one_stride(trunk.patch_embed.feat_ratio(as_scalar=False))
        self.averages = getattr(trunk, "attn_pool", None) is None
        self._others: int = trunk.num_prefix_tokens
        if hasattr(trunk, "dynamic_img_size"):  # the option of timm's constructor, which open_clip does not pass on
            trunk.dynamic_img_size = True
            trunk.patch_embed.strict_img_size = False
            trunk.patch_embed.flatten = False
            trunk.patch_embed.output_fmt = Format.NHWC

    def features(self, images: Tensor) -> Tensor:
        rows, columns = images.shape[2] // self.stride, images.shape[3] // self.stride
        rope: Any = getattr(self.model.trunk, "rope", None)
        if getattr(rope, "feat_shape", (rows, columns)) != (rows, columns):
            rope.update_feat_shape((rows, columns))
        tokens: Tensor = self.model.trunk.forward_features(images)
        return _map(tokens[:, self._others :], rows, columns)

    def embed(self, regions: Tensor) -> Tensor:
        tokens = regions.flatten(2).transpose(1, 2)
        if self.averages:
            # Whether the head takes its class token or the mean without it, it finds the region's mean.
            tokens = tokens.mean(1, keepdim=True).expand(-1, self._others + 1, -1)
        embedded: Tensor = self.model.head(self.model.trunk.forward_head(tokens))
        return embedded


def image_tower(model: Any, stage: int | None) -> Tower:
    """The tower of `open_clip_model.visual`. Raises RClipError for one of a kind that is not known."""
    if isinstance(model, ModifiedResNet):
        return ResNetTower(model, stage)
    if isinstance(model, TimmModel) and not hasattr(model.trunk, "num_prefix_tokens"):
        return TimmMapTower(model, stage)
    if stage is not None:
        raise RClipError("a tower of tokens has one feature map: leave out `stage`")
    if isinstance(model, VisionTransformer):
        return TransformerTower(model)
    if isinstance(model, TimmModel):
        return TimmTokenTower(model)
    raise RClipError(f"an image tower of the kind {type(model).__name__} is not known")


def fixed_size(model: Any) -> tuple[int, int] | None:
    """The only (height, width) that a tower takes; None where positions are interpolated, or there are none."""
    embed: Any = getattr(getattr(model, "trunk", None), "patch_embed", None)
    return tuple(embed.img_size) if getattr(embed, "strict_img_size", False) else None


def resized_positions(positions: Tensor, grid: tuple[int, int], wanted: tuple[int, int]) -> Tensor:
    """(1 + grid cells, C) learned positions, the class token's first, on another grid (rows, columns)."""
    if grid == wanted:
        return positions
    patches = positions[1:].float().transpose(0, 1).unflatten(1, grid)[None]
    patches = functional.interpolate(patches, wanted, mode="bicubic", antialias=True, align_corners=False)
    return torch.cat([positions[:1], patches[0].flatten(1).transpose(0, 1).to(positions.dtype)])


def attention_pooled(pool: Any, regions: Tensor) -> Tensor:
    """open_clip's AttentionPool2d on maps of any size: (N, C, rows, columns) -> (N, D). Only the mean asks."""
    rows, columns = regions.shape[2:]
    side = round((len(pool.positional_embedding) - 1) ** 0.5)
    cells = regions.flatten(2).permute(2, 0, 1)
    tokens = torch.cat([cells.mean(0, keepdim=True), cells])
    tokens = tokens + resized_positions(pool.positional_embedding, (side, side), (rows, columns)).to(tokens)[:, None]
    pooled, _ = functional.multi_head_attention_forward(
        tokens[:1],
        tokens,
        tokens,
        embed_dim_to_check=tokens.shape[2],
        num_heads=pool.num_heads,
        in_proj_weight=None,
        in_proj_bias=torch.cat([pool.q_proj.bias, pool.k_proj.bias, pool.v_proj.bias]),
        bias_k=None,
        bias_v=None,
        add_zero_attn=False,
        dropout_p=0.0,
        out_proj_weight=pool.c_proj.weight,
        out_proj_bias=pool.c_proj.bias,
        need_weights=False,
        use_separate_proj_weight=True,
        q_proj_weight=pool.q_proj.weight,
        k_proj_weight=pool.k_proj.weight,
        v_proj_weight=pool.v_proj.weight,
    )
    return pooled[0]


def _map(tokens: Tensor, rows: int, columns: int) -> Tensor:
    grid: Tensor = tokens.transpose(1, 2).unflatten(2, (rows, columns))
    return grid


def _has_stages(trunk: Any) -> bool:
    return all(hasattr(trunk, name) for name in ("stem", "stages", "norm_pre")) and len(trunk.stages) == 4


def _one_stride(patch: tuple[int, int]) -> int:
    if patch[0] != patch[1]:
        raise RClipError(f"patches must be square, not {patch[0]} x {patch[1]} px")
    return int(patch[0])
