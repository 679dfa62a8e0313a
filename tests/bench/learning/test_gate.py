"""Which checkpoints may annotate."""

from __future__ import annotations

import numpy as np

from bench.learning.rounds import loses


def marks(right: int, of: int) -> np.ndarray:
    return np.arange(of) < right


def test_a_clear_loss_is_one() -> None:
    assert loses(marks(80, 100), marks(60, 100))


def test_two_of_a_hundred_are_chance() -> None:
    assert not loses(marks(56, 100), marks(54, 100))


def test_equals_and_winners_do_not_lose() -> None:
    assert not loses(marks(50, 100), marks(50, 100))
    assert not loses(marks(50, 100), marks(70, 100))
    assert not loses(marks(0, 0), marks(0, 0))
