"""A model on disk: `model.safetensors`, `config.json`, the tokenizer where there is one, `provenance.json`.

Nothing here is ever unpickled. A folder appears whole or not at all: it is written beside its place, forced to the
disk and renamed.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, cast

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from ml.registry import CheckpointModel, UnknownKind, family_of

WEIGHTS: Final = "model.safetensors"
CONFIG: Final = "config.json"
PROVENANCE: Final = "provenance.json"


class CheckpointError(ValueError):
    """A folder that is no usable checkpoint. The text names the file and what is wrong with it."""


class CheckpointNotWritten(OSError):
    """The disk is full or refuses to be written. What was there before is untouched."""


def save_model(folder: Path | str, model: nn.Module, provenance: Mapping[str, Any]) -> None:
    """Writes a checkpoint folder, replacing one of the same name. Raises CheckpointNotWritten."""
    with new_folder(Path(folder)) as place:
        write_model(place, model, provenance)


def load_model(
    folder: Path | str, device: str | torch.device = "cpu", overrides: Mapping[str, Any] | None = None
) -> nn.Module:
    """The model of a checkpoint folder, in evaluation mode. `overrides` replace fields of its configuration.

    Raises CheckpointError where a file is missing, damaged, or does not fit the configuration.
    """
    folder = Path(folder)
    values = read_config(folder)
    values.update(overrides or {})
    try:
        family = family_of(values["kind"])
        model = family.restore_function()(family.config_class().from_dict(values), folder)
    except UnknownKind as error:
        raise CheckpointError(f"{folder / CONFIG}: {error}") from error
    except (ValueError, TypeError, OSError) as error:
        raise CheckpointError(f"{folder}: the model cannot be built from its files: {error}") from error
    load_weights(model, folder / WEIGHTS)
    return model.to(device).eval()


def read_config(folder: Path) -> dict[str, Any]:
    """`config.json` as it stands, with `kind`. Raises CheckpointError."""
    values = read_json(folder / CONFIG)
    if not isinstance(values.get("kind"), str):
        raise CheckpointError(f"{folder / CONFIG} does not say of what kind the model is")
    return values


def read_json(path: Path) -> dict[str, Any]:
    """Raises CheckpointError."""
    try:
        values = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise CheckpointError(f"{path} is missing: is {path.parent} a checkpoint folder?") from error
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}") from error
    if not isinstance(values, dict):
        raise CheckpointError(f"{path} is not a JSON object")
    return values


def load_weights(model: nn.Module, path: Path) -> None:
    """Fills every stored tensor of `model`. Raises CheckpointError that names what is missing, left over or of
    another shape."""
    stored = read_tensors(path)
    wanted = _distinct(model)
    missing, extra = sorted(set(wanted) - set(stored)), sorted(set(stored) - set(wanted))
    if missing or extra:
        what = f"lacks {missing[0]!r}" if missing else f"has {extra[0]!r}, which the model does not know"
        raise CheckpointError(f"{path} does not fit its configuration: it {what}")
    for name, tensor in stored.items():
        if tensor.shape != wanted[name].shape:
            raise CheckpointError(
                f"{path}: {name} is {tuple(tensor.shape)}, the configuration says {tuple(wanted[name].shape)}"
            )
    model.load_state_dict(stored, strict=False, assign=False)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """All tensors of a safetensors file. Raises CheckpointError."""
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (not a mapping)
    except FileNotFoundError as error:
        raise CheckpointError(f"{path} is missing") from error
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(f"{path} is damaged: {error}") from error


def write_model(folder: Path, model: nn.Module, provenance: Mapping[str, Any]) -> None:
    """The four parts of a checkpoint, into a folder that exists. Raises CheckpointNotWritten."""
    saved = cast(CheckpointModel, model)
    with writing(folder):
        write_tensors(folder / WEIGHTS, _distinct(model))
        write_json(folder / CONFIG, saved.config.to_dict())
        saved.save_assets(folder)
        write_json(folder / PROVENANCE, provenance)


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Raises OSError or SafetensorError; use it inside `writing`."""
    save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, path)


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n", "utf-8")


@contextlib.contextmanager
def writing(place: Path) -> Iterator[None]:
    """What fails to be written inside is raised as CheckpointNotWritten."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        raise CheckpointNotWritten(f"{place} could not be written: {error}") from error


@contextlib.contextmanager
def new_folder(final: Path) -> Iterator[Path]:
    """A temporary folder that takes the name `final`, durably, when the block ends well; else it vanishes."""
    place = final.with_name(f".{final.name}.writing")
    with writing(final):
        final.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
    try:
        yield place
        with writing(final):
            for path in sorted(place.rglob("*")):
                _to_disk(path)
            _to_disk(place)
            _take_name(place, final)
            _to_disk(final.parent)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise


def _take_name(place: Path, final: Path) -> None:
    old = final.with_name(f".{final.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if final.exists():
        final.rename(old)
    place.rename(final)
    shutil.rmtree(old, ignore_errors=True)


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _distinct(model: nn.Module) -> dict[str, Tensor]:
    """The tensors that a checkpoint holds, one name for those that share their memory (tied embeddings)."""
    left_out = cast(CheckpointModel, model).left_out()
    seen: set[tuple[Any, ...]] = set()
    tensors: dict[str, Tensor] = {}
    for name, tensor in sorted(model.state_dict().items()):
        if name in left_out:
            continue
        identity = (tensor.device, tensor.data_ptr(), tensor.shape, tensor.stride(), tensor.dtype)
        if tensor.numel() and tensor.device.type != "meta" and identity in seen:
            continue
        seen.add(identity)
        tensors[name] = tensor
    return tensors
