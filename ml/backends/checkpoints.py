"""Checkpoints behind backends: found, named by what they hold, and loaded once for all roles of a process."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Final
from weakref import WeakValueDictionary

import torch
from torch import nn

from ml.checkpoint import CONFIG, WEIGHTS, CheckpointError, load_model, read_config
from ml.training.provenance import file_digest

AUTO: Final = "auto"
STORED: Final = "stored"
DTYPES: Final[dict[str, torch.dtype | None]] = {
    STORED: None,
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}
NOTES: Final = (".md", ".txt")

_loaded: WeakValueDictionary[tuple[str, str, str, str], nn.Module] = WeakValueDictionary()


def checkpoint_version(folder: Path) -> str:
    """The first 16 hexadecimal digits of a SHA-256 over all files of the folder, notes and hidden files aside: another
    checkpoint under the same name is another version. Raises CheckpointError."""
    for name in (CONFIG, WEIGHTS):
        if not (folder / name).is_file():
            raise CheckpointError(f"{folder / name} is missing: is {folder} a checkpoint folder?")
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and path.suffix not in NOTES and not any(part.startswith(".") for part in inside.parts):
            state = path.stat()
            digest.update(f"{inside.as_posix()}\0{_digest(path, state.st_size, state.st_mtime_ns)}\n".encode())
    return digest.hexdigest()[:16]


def shared_model(folder: Path, kind: str, *, device: str = AUTO, dtype: str = STORED) -> nn.Module:
    """The model of a checkpoint of this kind, in evaluation mode; one for all who ask while any of them keeps it.

    device: of torch, "auto" for CUDA where there is one. dtype: a key of DTYPES, "stored" as the checkpoint has it.
    Raises CheckpointError, ValueError, or torch's RuntimeError for a device that it does not know.
    """
    if dtype not in DTYPES:
        raise ValueError(f"dtype must be one of {', '.join(DTYPES)}, not {dtype!r}")
    version = checkpoint_version(folder)
    found = read_config(folder)["kind"]
    if found != kind:
        raise CheckpointError(f"{folder} is of kind {found!r}; {kind!r} is needed here")
    place = _device(device)
    key = (str(folder.resolve()), version, str(place), dtype)
    model = _loaded.get(key)
    if model is None:
        model = load_model(folder).to(device=place, dtype=DTYPES[dtype])
        _loaded[key] = model
    return model


def _device(name: str) -> torch.device:
    has_cuda = torch.cuda.is_available()
    device = torch.device(("cuda" if has_cuda else "cpu") if name == AUTO else name)
    if device.type == "cuda" and not has_cuda:
        raise ValueError(f"device {name!r}: torch finds no CUDA device here")
    return device


@lru_cache(maxsize=256)
def _digest(path: Path, _size: int, _modified: int) -> str:
    """Each role of a roster asks; the files are read once."""
    return file_digest(path)
