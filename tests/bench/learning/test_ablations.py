"""Every arm once, on forty scenes: that it runs, and that both arms of every comparison are there."""

from __future__ import annotations

import numpy as np

from bench.learning.ablations import PAIRS, one_seed
from bench.learning.comparisons import compared
from bench.learning.rounds import Engine, agreed
from bench.learning.targets import Tags


def test_every_comparison_has_both_its_arms(engine: Engine) -> None:
    found = one_seed(engine, engine.starter)
    assert {arm for pair in PAIRS.values() for arm in pair} <= set(found["arms"])
    assert found["asked"] == engine.budget
    assert found["speed"]["ratio_300"] > 0
    table = compared([found])
    assert set(PAIRS) <= set(table)
    assert not any(row["claim"] for row in table.values())


def test_tags_that_another_annotator_does_not_give_are_left_out() -> None:
    accepted = np.eye(3, dtype=bool)
    tags = Tags(accepted, np.zeros_like(accepted), np.array([0.3, 0.2, 0.0], np.float32))
    kept = agreed(tags, np.array([[0.9, 0.1, 0.0], [0.9, 0.1, 0.0], [0.0, 0.0, 1.0]], np.float32))
    assert kept.used.tolist() == [True, False, False]
    assert not kept.accepted[1].any()
