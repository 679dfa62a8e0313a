"""Starting weights from safetensors: a file, a folder or a hub id; a part of a larger model by its prefix."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import safe_open
from torch import Tensor, nn

from .errors import WeightsError

INDEX: Final = "model.safetensors.index.json"
PATTERNS: Final = ["*.safetensors", "*.json"]


def weight_files(source: str) -> list[Path]:
    """The safetensors files of `source`; a hub id is downloaded, without any other format. Raises WeightsError."""
    path = Path(source)
    if path.is_file():
        if path.suffix != ".safetensors":
            raise WeightsError(f"{source} is not a safetensors file, and no other format is read")
        return [path]
    folder = path if path.is_dir() else _downloaded(source)
    if (folder / INDEX).is_file():
        names = json.loads((folder / INDEX).read_text("utf-8"))["weight_map"].values()
        return [folder / name for name in sorted(set(names))]
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise WeightsError(f"{folder} holds no *.safetensors file")
    preferred = [file for file in files if file.name == "model.safetensors"]
    return preferred or files[:1]


def _downloaded(source: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(source, allow_patterns=PATTERNS))
    except (HFValidationError, LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        raise WeightsError(f"{source} is neither a file nor a folder, and the hub does not give it: {error}") from error


def read_tensors(source: str, prefix: str = "") -> dict[str, Tensor]:
    """The tensors whose names begin with `prefix`, without it."""
    tensors: dict[str, Tensor] = {}
    for file in weight_files(source):
        with safe_open(file, framework="pt") as opened:
            for name in opened.keys():  # noqa: SIM118  (not a mapping)
                if name.startswith(prefix):
                    tensors[name.removeprefix(prefix)] = opened.get_tensor(name)
    return tensors


def load_parameters(module: nn.Module, source: str, prefixes: Iterable[str] = ("",)) -> None:
    """Fills every parameter and persistent buffer of `module` from `source`; further tensors there are left alone.

    The first of `prefixes` under which `source` has any of them counts. Raises WeightsError that names what is missing
    or has another shape: a part that silently stays random looks like a bad model, not like a mistake.
    """
    wanted = module.state_dict()
    for prefix in prefixes:
        found = {name: tensor for name, tensor in read_tensors(source, prefix).items() if name in wanted}
        if found:
            break
    else:
        raise WeightsError(f"{source} has no weight of a {type(module).__name__}")
    _check(wanted, found, source)
    with torch.no_grad():
        module.load_state_dict(found, strict=False)


def load_pretrained(kind: Any, source: str, settings: Any, dtype: torch.dtype) -> Any:
    """A transformers model of class `kind` with the weights of a hub id or folder, older names of weights included.

    Raises WeightsError where any is missing or has another shape; transformers alone would leave it random.
    """
    try:
        model, loading = kind.from_pretrained(
            source, config=settings, dtype=dtype, use_safetensors=True, output_loading_info=True
        )
    except (OSError, RuntimeError) as error:
        raise WeightsError(f"{source}: {error}") from error
    if missing := sorted(loading["missing_keys"]):
        raise WeightsError(f"{source} lacks {len(missing)} weights, {missing[0]} the first")
    return model


def _check(wanted: Mapping[str, Tensor], found: Mapping[str, Tensor], source: str) -> None:
    if missing := sorted(set(wanted) - set(found)):
        raise WeightsError(f"{source} lacks {len(missing)} weights, {missing[0]} the first")
    for name, tensor in found.items():
        if tensor.shape != wanted[name].shape:
            raise WeightsError(
                f"{source}: {name} has shape {tuple(tensor.shape)}, the model needs {tuple(wanted[name].shape)}"
            )
