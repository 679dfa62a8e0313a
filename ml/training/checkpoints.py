"""Checkpoints of a run: OUT/checkpoints/step-00001000, each a model folder with the optimizer's state beside it.

`digests.json` holds the SHA-256 of every other file of the folder; one that does not match is not resumed from.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from torch import Tensor, nn

from ml.checkpoint import (
    CheckpointError,
    new_folder,
    read_json,
    read_tensors,
    write_json,
    write_model,
    write_tensors,
    writing,
)
from ml.training.provenance import file_digest

OPTIMIZER: Final = "optimizer.safetensors"
STATE: Final = "state.json"
DIGESTS: Final = "digests.json"
_NAME: Final = re.compile(r"step-(\d{8,})")


@dataclass(frozen=True)
class Saved:
    """A checkpoint that can be resumed from: every file matched its digest."""

    folder: Path
    step: int
    state: dict[str, Any]

    def optimizer(self) -> dict[str, Tensor]:
        return read_tensors(self.folder / OPTIMIZER)


class Checkpoints:
    """The checkpoints in one folder; the last `keep` of them stay."""

    def __init__(self, folder: Path, keep: int) -> None:
        self.folder = folder
        self._keep = keep

    def write(
        self,
        step: int,
        model: nn.Module,
        optimizer: Mapping[str, Tensor],
        state: Mapping[str, Any],
        provenance: Mapping[str, Any],
    ) -> Path:
        """After `step` steps. Raises CheckpointNotWritten; the ones before are then still there."""
        final = self.folder / f"step-{step:08d}"
        with new_folder(final) as place:
            write_model(place, model, provenance)
            with writing(final):
                write_tensors(place / OPTIMIZER, optimizer)
                write_json(place / STATE, {**state, "step": step})
                write_json(place / DIGESTS, _digests(place))
        for old in self._all()[: -self._keep]:
            shutil.rmtree(old, ignore_errors=True)
        return final

    def latest(self, refused: list[str]) -> Saved | None:
        """The newest one whose files are whole. Why newer ones are not is added to `refused`."""
        for folder in reversed(self._all()):
            try:
                return _checked(folder)
            except CheckpointError as error:
                refused.append(str(error))
        return None

    def _all(self) -> list[Path]:
        """Oldest first."""
        if not self.folder.is_dir():
            return []
        found = [path for path in self.folder.iterdir() if _NAME.fullmatch(path.name)]
        return sorted(found, key=_step)


def _step(folder: Path) -> int:
    return int(folder.name.removeprefix("step-"))


def _digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): file_digest(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != DIGESTS
    }


def _checked(folder: Path) -> Saved:
    expected = read_json(folder / DIGESTS)
    try:
        found = _digests(folder)
    except OSError as error:
        raise CheckpointError(f"{folder} cannot be read: {error}") from error
    for name in sorted({*expected, *found, OPTIMIZER, STATE}):
        if name not in found:
            raise CheckpointError(f"{folder / name} is missing")
        if found[name] != expected.get(name):
            raise CheckpointError(f"{folder / name} is damaged: its digest is not the one it was written with")
    state = read_json(folder / STATE)
    if state.get("step") != _step(folder):
        raise CheckpointError(f"{folder / STATE} is of another step")
    return Saved(folder, _step(folder), state)
