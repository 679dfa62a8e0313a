"""Vision towers of transformers and timm behind one face: an image goes in, its feature map comes out."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any, Final, Protocol

import timm
import torch
import transformers
from timm.models._hub import load_model_config_from_hf, load_model_config_from_path
from torch import Tensor, nn

from .clip_towers import clip_architecture, clip_tower, clip_weights
from .config import Architecture, TowerConfig
from .errors import ConfigError
from .weights import load_parameters, load_pretrained

HF_CLASSES: Final = {"blip_2_vision_model": "Blip2VisionModel"}
"""Vision models that transformers' AutoModel does not know."""

PREFIXES: Final = ("", "vision_model.", "model.vision_model.", "clip.visual.", "visual.", "visual.trunk.")
"""Where larger models keep their tower."""


class Tower(Protocol):
    """`width` channels, one cell for `stride` x `stride` pixels; sides of the image are multiples of `stride`.
    `model` has the parameters. `region_width`: of what `embed` makes of a region; 0 where the tower has no such part.
    """

    model: nn.Module
    width: int
    stride: int
    region_width: int

    def __call__(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) normalised -> (B, width, H / stride, W / stride)."""
        ...

    def embed(self, regions: Tensor) -> Tensor:
        """(N, width, s, s) features of regions -> (N, region_width)."""
        ...


class OnImageOnly:
    """A tower whose layers all run on the image."""

    region_width = 0

    def embed(self, regions: Tensor) -> Tensor:
        return regions.new_zeros(len(regions), 0)


class HFTower(OnImageOnly, nn.Module):
    """A transformers vision model that returns tokens: class and register tokens in front, then the patches by row."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        self.width: int = model.config.hidden_size
        self.stride: int = model.config.patch_size
        takes_option = "interpolate_pos_encoding" in inspect.signature(model.forward).parameters
        self._options: dict[str, bool] = {"interpolate_pos_encoding": True} if takes_option else {}
        # CLIP itself normalises its class token alone.
        self._normalises = model.config.model_type != "clip_vision_model"

    def forward(self, images: Tensor) -> Tensor:
        tokens: Tensor = self.model(pixel_values=images, **self._options).last_hidden_state
        if not self._normalises:
            tokens = self.model.post_layernorm(tokens)
        return grid(tokens, images.shape[-2] // self.stride, images.shape[-1] // self.stride)


class TimmTower(OnImageOnly, nn.Module):
    """A timm model: tokens (EVA and other ViTs), or a feature map (convolutions; the last stage that was asked for)."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        for module in model.modules():
            if hasattr(module, "qkv_bias_separate"):
                module.qkv_bias_separate = True  # else EVA reads the layer's weight past its adapter
        self._staged = not hasattr(model, "forward_features")
        info = model.feature_info
        last = info.get_dicts()[-1] if self._staged else info[-1]
        self.width: int = last["num_chs"]
        self.stride: int = last["reduction"]

    def forward(self, images: Tensor) -> Tensor:
        model: Any = self.model
        features: Tensor = model(images)[-1] if self._staged else model.forward_features(images)
        if features.dim() == 4:
            return features
        if hasattr(model, "fc_norm"):  # of models that average before they normalise
            features = model.fc_norm(features)
        return grid(features, images.shape[-2] // self.stride, images.shape[-1] // self.stride)


def grid(tokens: Tensor, rows: int, columns: int) -> Tensor:
    """(B, extra + rows * columns, C) -> (B, C, rows, columns)."""
    patches: Tensor = tokens[:, tokens.shape[1] - rows * columns :].transpose(1, 2).unflatten(2, (rows, columns))
    return patches


def build_tower(config: TowerConfig, *, with_weights: bool) -> nn.Module:
    """The Tower of `config`, with its starting weights if asked. Raises ConfigError or WeightsError."""
    tower: Any = {"hf": _hf, "timm": _timm, "open_clip": clip_tower}[config.library](config)
    if any(side % tower.stride for side in config.image_size):
        raise ConfigError(f"tower.image_size {config.image_size} must be multiples of the tower's {tower.stride} px")
    if with_weights and config.weights is not None:
        _load(tower, config, config.weights)
    module: nn.Module = tower
    return module


def _load(tower: Any, config: TowerConfig, weights: str) -> None:
    if config.library == "hf" and not Path(weights).is_file() and tower.model.config.model_type not in HF_CLASSES:
        settings = tower.model.config
        tower.model = load_pretrained(type(tower.model), weights, settings, torch.float32)
        return
    source = clip_weights(config) if config.library == "open_clip" else weights
    load_parameters(tower.model, source, PREFIXES)


def resolved_architecture(config: TowerConfig) -> Architecture:
    """The architecture without the files or the hub that its name may stand for."""
    if config.library == "hf" and isinstance(config.architecture, str):
        values: dict[str, Any] = _hf_settings(config.architecture).to_diff_dict()
        values.pop("transformers_version", None)
        return values
    if config.library == "timm":
        return _timm_options(config.architecture)
    return clip_architecture(config) if config.library == "open_clip" else config.architecture


def _hf_settings(architecture: Architecture) -> Any:
    if isinstance(architecture, str):
        settings = transformers.AutoConfig.from_pretrained(architecture)
        return getattr(settings, "vision_config", settings)
    if "model_type" not in architecture:
        raise ConfigError("tower.architecture needs its model_type, such as clip_vision_model")
    values = dict(architecture)
    return transformers.AutoConfig.for_model(values.pop("model_type"), **values)


def _hf(config: TowerConfig) -> nn.Module:
    settings = _hf_settings(config.architecture)
    name = HF_CLASSES.get(settings.model_type)
    if name is None:
        return HFTower(transformers.AutoModel.from_config(settings))
    return HFTower(getattr(transformers, name)(settings))


def _timm_options(architecture: Architecture) -> dict[str, Any]:
    """The arguments of timm's create_model, `name` among them."""
    if isinstance(architecture, dict):
        return architecture
    where, _, place = architecture.partition(":")
    loaders = {"hf-hub": load_model_config_from_hf, "local-dir": load_model_config_from_path}
    if where not in loaders:
        return {"name": architecture}
    _, name, arguments = loaders[where](place)
    return {"name": name, **(arguments or {})}


def _timm(config: TowerConfig) -> nn.Module:
    options = dict(_timm_options(config.architecture))
    name = options.pop("name")
    if options.get("features_only"):
        return TimmTower(timm.create_model(name, pretrained=False, **options))
    options["num_classes"] = 0
    try:
        return TimmTower(timm.create_model(name, pretrained=False, **{"dynamic_img_size": True, **options}))
    except TypeError:  # convolutions take any size and do not know the option
        return TimmTower(timm.create_model(name, pretrained=False, **options))
