"""When a difference is a claim."""

from __future__ import annotations

from typing import Any

from bench.learning.ablations import PAIRS
from bench.learning.comparisons import compared


def seed_with(gain: float) -> dict[str, Any]:
    arms = {arm for pair in PAIRS.values() for arm in pair}
    values = {arm: {"top1": 50.0, "rare_third": 40.0} for arm in arms}
    values["human"] = {"top1": 50.0 + gain, "rare_third": 40.0}
    return {"arms": values}


def test_five_seeds_that_agree_are_a_claim() -> None:
    row = compared([seed_with(gain) for gain in (3.0, 4.0, 3.5, 4.5, 3.2)])["human_fine_tuning"]
    assert row["claim"]
    assert row["interval"][0] > 0
    assert row["difference"] == 3.64


def test_four_seeds_are_none() -> None:
    assert not compared([seed_with(4.0), seed_with(4.1), seed_with(4.2), seed_with(4.3)])["human_fine_tuning"]["claim"]


def test_an_interval_that_touches_zero_is_none() -> None:
    row = compared([seed_with(gain) for gain in (-3.0, 4.0, 3.5, -4.5, 1.0)])["human_fine_tuning"]
    assert row["interval"][0] < 0 < row["interval"][1]
    assert not row["claim"]


def test_one_seed_has_no_interval() -> None:
    row = compared([seed_with(4.0)])["human_fine_tuning"]
    assert row["interval"] is None
    assert not row["claim"]
