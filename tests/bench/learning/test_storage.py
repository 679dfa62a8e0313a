"""A run that was interrupted goes on where it stopped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from bench.learning.rounds import Engine, loop_zero
from bench.learning.runs import all_loops
from bench.learning.storage import read_state, remembered, write_state


def test_what_is_known_is_not_computed_again(tmp_path: Path) -> None:
    calls: list[int] = []

    def compute() -> dict[str, int]:
        calls.append(1)
        return {"answer": 42}

    place = tmp_path / "deep" / "figures.json"
    assert remembered(place, compute) == remembered(place, compute) == {"answer": 42}
    assert len(calls) == 1


def test_a_state_comes_back_as_it_was(engine: Engine, tmp_path: Path) -> None:
    state, _ = loop_zero(engine)
    state.verdicts.add(np.array([3]), np.array([[1, 2, 3, 4, 5]]), np.array([[True, False, False, False, False]]), 1)
    write_state(tmp_path, state)
    back = read_state(tmp_path)
    assert np.array_equal(back.probabilities, state.probabilities)
    assert np.array_equal(back.verdicts.accepted, state.verdicts.accepted)
    assert back.verdicts.loop[3] == 1
    own, stored = state.model.state_dict(), back.model.state_dict()
    assert all(torch.equal(own[name], stored[name]) for name in own)


def test_loops_that_are_done_are_read_and_the_others_run(engine: Engine, tmp_path: Path) -> None:
    whole = all_loops(engine, tmp_path / "whole")
    for name in ("figures.json", "state.npz"):
        (tmp_path / "whole" / "loop-2" / name).unlink()
    assert [loop["loop"] for loop in all_loops(engine, tmp_path / "whole")] == [0, 1, 2]
    again = all_loops(engine, tmp_path / "whole")[2]
    assert again["audit"] == whole[2]["audit"]
    assert again["asked"] == whole[2]["asked"]
