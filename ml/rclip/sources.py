"""Where the parts of an R-CLIP come from: open_clip's names and tags, hub ids, local folders and files.

Weights are read from safetensors alone; a source that has only pickled ones is refused.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import open_clip
from open_clip.constants import OPENAI_DATASET_MEAN, OPENAI_DATASET_STD
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import nn

from .config import RClipConfig, Statistics
from .errors import RClipError
from .transformers_clip import architecture_of, converted, is_transformers

HUB: Final = "hf-hub:"
LOCAL: Final = "local-dir:"
CONFIG: Final = "open_clip_config.json"
WEIGHTS: Final = ("open_clip_model.safetensors", "open_clip_pytorch_model.safetensors", "model.safetensors")
SMALL_FILES: Final = ("*.json", "*.txt", "*.model")


@dataclass(frozen=True)
class Architecture:
    """A CLIP without its weights: open_clip's model configuration, the pixels' statistics, and the folder or hub id of
    its tokenizer where that is not open_clip's own."""

    model: dict[str, Any]
    mean: Statistics
    std: Statistics
    tokenizer: str | None


def find_architecture(config: RClipConfig) -> Architecture:
    """Raises RClipError where the tower is not known or its files cannot be read."""
    tower = config.tower
    if isinstance(tower, dict):
        return _architecture(tower, {}, None)
    folder = _folder(tower)
    if folder is not None:
        return _of_folder(folder)
    model = open_clip.get_model_config(_name(tower))
    if model is None:
        raise RClipError(f"tower {tower!r} is no folder, no {HUB} id, and no model of open_clip")
    tag = open_clip.get_pretrained_cfg(_name(tower), config.pretrained) if config.pretrained else {}
    return _architecture(model, tag, None)


def find_weights(config: RClipConfig) -> Path | None:
    """The safetensors file of the starting weights; None = start at random. Raises RClipError."""
    if config.pretrained is not None and Path(config.pretrained).exists():
        return _safetensors(Path(config.pretrained))
    tower = config.tower
    if isinstance(tower, dict) or (folder := _folder(tower)) is None:
        return None if config.pretrained is None else _of_tag(tower, config.pretrained)
    if config.pretrained is not None:
        raise RClipError(f"pretrained {config.pretrained!r} is no file, and {tower} brings its own weights")
    if tower.startswith(HUB):
        return _downloaded(tower.removeprefix(HUB), WEIGHTS)
    return _safetensors(folder)


def build_clip(model: dict[str, Any]) -> Any:
    """open_clip's model of a configuration, its weights random, without reading anything else."""
    values = deepcopy(model)
    vision, text = values["vision_cfg"], values["text_cfg"]
    vision["patch_dropout"] = 0.0  # a map needs all its patches
    if "timm_model_name" in vision:
        if ":" in vision["timm_model_name"]:
            raise RClipError(f"timm_model_name {vision['timm_model_name']!r} must be a name of timm, not a place")
        vision["timm_model_pretrained"] = False
    if "hf_model_name" in text:
        text["hf_model_pretrained"] = False
    custom_text = values.pop("custom_text", False) or "hf_model_name" in text
    separate = open_clip.CoCa if "multimodal_cfg" in values else open_clip.CustomTextCLIP
    try:
        return (separate if custom_text else open_clip.CLIP)(**values)
    except (TypeError, AssertionError, KeyError, RuntimeError) as error:
        raise RClipError(f"open_clip cannot build the tower's configuration: {error}") from error


def load_clip(clip: nn.Module, weights: Path) -> None:
    """Fills `clip`; positions of another size are resized, as open_clip does. Raises RClipError."""
    from open_clip.factory import load_checkpoint

    try:
        with safe_open(weights, framework="pt") as file:
            names = list(file.keys())
        if is_transformers(names):
            clip.load_state_dict(converted(load_file(weights)))
        else:
            load_checkpoint(clip, str(weights), strict=True)
    except (RuntimeError, KeyError, OSError, SafetensorError) as error:
        raise RClipError(f"{weights} does not hold the weights of this tower: {error}") from error


def _of_folder(folder: Path) -> Architecture:
    if not (folder / CONFIG).is_file() and (folder / "config.json").is_file():
        model = architecture_of(folder)
        pixels = folder / "preprocessor_config.json"
        values = _read_json(pixels) if pixels.is_file() else {}
        statistics = {"mean": values.get("image_mean"), "std": values.get("image_std")}
        named = (folder / "tokenizer_config.json").is_file()
        return replace(_architecture(model, statistics, None), tokenizer=str(folder) if named else None)
    values = _read_json(folder / CONFIG)
    if "model_cfg" not in values:
        raise RClipError(f"{folder / CONFIG} has no model_cfg")
    return _architecture(values["model_cfg"], values.get("preprocess_cfg", {}), str(folder))


def _architecture(model: dict[str, Any], preprocess: dict[str, Any], folder: str | None) -> Architecture:
    named = model["text_cfg"].get("hf_tokenizer_name")
    return Architecture(
        model=deepcopy(model),
        mean=_statistics(preprocess.get("mean"), OPENAI_DATASET_MEAN),
        std=_statistics(preprocess.get("std"), OPENAI_DATASET_STD),
        tokenizer=(folder or named) if named else None,
    )


def _statistics(given: Sequence[float] | None, default: Statistics) -> Statistics:
    red, green, blue = given or default
    return red, green, blue


def _name(tower: str) -> str:
    return tower.replace("/", "-")


def _folder(tower: str) -> Path | None:
    """The folder that holds the tower's configuration, fetched for a hub id (without weights); None for a name."""
    if tower.startswith(HUB):
        return _snapshot(tower.removeprefix(HUB))
    path = Path(tower.removeprefix(LOCAL))
    if path.is_dir():
        return path
    if tower.startswith(LOCAL):
        raise RClipError(f"{path} is no folder")
    return None


def _safetensors(path: Path) -> Path:
    if path.is_file():
        if path.suffix != ".safetensors":
            raise RClipError(f"{path} is not a safetensors file, and no other format is read")
        return path
    for name in WEIGHTS:
        if (path / name).is_file():
            return path / name
    raise RClipError(f"{path} holds none of {', '.join(WEIGHTS)}; no other format is read")


def _of_tag(tower: str | dict[str, Any], tag: str) -> Path:
    if isinstance(tower, dict):
        raise RClipError(f"pretrained {tag!r} is no file; open_clip's tags need the name of a model as tower")
    entry = open_clip.get_pretrained_cfg(_name(tower), tag)
    if not entry:
        tags = ", ".join(open_clip.list_pretrained_tags_by_model(_name(tower))) or "none"
        raise RClipError(f"pretrained {tag!r} is neither a file nor a tag of {tower}; there are {tags}")
    owner_and_name, _, file = entry.get("hf_hub", "").rpartition("/")
    if not owner_and_name:
        raise RClipError(f"{tower} {tag} is not on the hub as safetensors: convert it, and name the file as pretrained")
    names = (Path(file).with_suffix(".safetensors").name,) if file else WEIGHTS[:2]
    return _downloaded(owner_and_name, names)


def _snapshot(repository: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(repository, allow_patterns=list(SMALL_FILES)))
    except (OSError, ValueError) as error:  # the hub's errors are of these two kinds
        raise RClipError(f"{repository} is neither on the hub nor in its cache: {error}") from error


def _downloaded(repository: str, names: Sequence[str]) -> Path:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError

    for name in names:
        try:
            return Path(hf_hub_download(repository, name))
        except EntryNotFoundError:
            continue
        except (OSError, ValueError) as error:
            raise RClipError(f"{repository}/{name} cannot be downloaded: {error}") from error
    raise RClipError(f"{repository} has none of {', '.join(names)} that can be had; no other format is read")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise RClipError(f"{path} is missing: {path.parent} is not in open_clip's layout") from error
    except (OSError, ValueError) as error:
        raise RClipError(f"{path} cannot be read: {error}") from error
    if not isinstance(values, dict):
        raise RClipError(f"{path} is not a JSON object")
    return values
