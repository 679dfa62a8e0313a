"""Intermediate results on disk, so that an interrupted run goes on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np

from ml.checkpoint import load_model, save_model
from ml.rclip.model import RClip

from .rounds import State
from .targets import Verdicts


def remembered(path: Path | None, compute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The JSON object at `path`; computed and written where there is none."""
    if path is not None and path.is_file():
        loaded: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return loaded
    found = compute()
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".part")
        beside.write_text(json.dumps(found) + "\n", "utf-8")
        beside.rename(path)
    return found


def write_state(folder: Path, state: State) -> None:
    save_model(folder / "model", state.model, {"written_by": "bench.world_learning"})
    verdicts = state.verdicts
    np.savez_compressed(
        folder / "state.npz", probabilities=state.probabilities, own=state.own, asked=verdicts.asked,
        accepted=verdicts.accepted, rejected=verdicts.rejected, loop=verdicts.loop,
    )  # fmt: skip


def read_state(folder: Path) -> State:
    with np.load(folder / "state.npz", allow_pickle=False) as stored:
        verdicts = Verdicts(*(stored[name] for name in ("asked", "accepted", "rejected", "loop")))
        probabilities, own = stored["probabilities"], stored["own"]
    return State(cast(RClip, load_model(folder / "model")), probabilities, own, verdicts)
