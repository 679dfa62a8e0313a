"""How many bad lines are too many."""

from __future__ import annotations

import pytest

from ml.data.tolerance import Tolerance, lower_bound


def test_up_to_the_share_is_borne_and_one_more_is_not() -> None:
    tolerance = Tolerance(share=0.01, lines=10_000, surveyed_bad=40)
    tolerance.add(0, places=9_000, bad=60)
    assert not tolerance.exceeded()
    tolerance.add(0, places=100, bad=1)
    assert tolerance.exceeded()


def test_a_share_that_is_clearly_too_large_is_noticed_early() -> None:
    tolerance = Tolerance(share=0.01, lines=10_000_000, surveyed_bad=0)
    tolerance.add(0, places=64, bad=64)
    assert tolerance.exceeded()


def test_bad_luck_at_the_beginning_is_borne() -> None:
    tolerance = Tolerance(share=0.01, lines=100_000, surveyed_bad=0)
    tolerance.add(0, places=100, bad=4)
    assert not tolerance.exceeded()


def test_a_new_epoch_counts_from_zero() -> None:
    tolerance = Tolerance(share=0.01, lines=1_000, surveyed_bad=0)
    for epoch in range(5):
        tolerance.add(epoch, places=1_000, bad=8)
        assert not tolerance.exceeded()
    assert (tolerance.seen, tolerance.bad) == (1_000, 8)


def test_no_bad_line_is_borne_where_the_share_is_zero() -> None:
    tolerance = Tolerance(share=0.0, lines=1_000, surveyed_bad=0)
    tolerance.add(0, places=10, bad=0)
    assert not tolerance.exceeded()
    tolerance.add(0, places=10, bad=1)
    assert tolerance.exceeded()


def test_what_was_counted_is_restored() -> None:
    before, after = (Tolerance(share=0.01, lines=1_000, surveyed_bad=0) for _ in range(2))
    before.add(2, places=500, bad=9)
    after.restore(before.state())
    after.add(2, places=10, bad=2)
    assert after.exceeded()


def test_the_lower_bound_is_wilsons() -> None:
    # By hand: p = 0.1, n = 100, z = 4.
    expected = (0.1 + 16 / 200 - 4 * (0.09 / 100 + 16 / 40_000) ** 0.5) / (1 + 16 / 100)
    assert lower_bound(10, 100) == pytest.approx(expected)
    assert lower_bound(0, 0) == 0
    assert lower_bound(0, 50) == pytest.approx(0, abs=1e-12)
