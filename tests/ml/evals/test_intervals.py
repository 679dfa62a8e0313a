"""Intervals agree with printed tables, and cover what they promise."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.evals.intervals import paired_bootstrap_difference, paired_mean_difference, student_quantile, wilson


def test_ninety_five_of_a_hundred() -> None:
    low, high = wilson(95, 100)
    assert low == pytest.approx(0.88825, abs=1e-5)
    assert high == pytest.approx(0.97846, abs=1e-5)


def test_newcombes_printed_example() -> None:
    # R. G. Newcombe, Statistics in Medicine 17 (1998), table I: 81/263, 15/148, 0/20, 1/29 by the score method.
    printed = {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0, 0.1611),
        (1, 29): (0.0061, 0.1718),
    }
    for (hits, trials), (low, high) in printed.items():
        assert wilson(hits, trials) == pytest.approx((low, high), abs=5e-5)


def test_without_trials_nothing_is_known() -> None:
    assert wilson(0, 0) == (0, 1)


@pytest.mark.parametrize(("hits", "trials"), [(3, 2), (-1, 5)])
def test_impossible_counts_are_refused(hits: int, trials: int) -> None:
    with pytest.raises(ValueError, match="successes of"):
        wilson(hits, trials)


@pytest.mark.parametrize("confidence", [0, 1, math.nan])
def test_confidence_is_a_share(confidence: float) -> None:
    with pytest.raises(ValueError, match="confidence"):
        wilson(1, 2, confidence)


@given(
    st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    st.sampled_from([0.8, 0.95, 0.99]),
)
def test_the_share_is_inside_and_the_complement_mirrors(counts: tuple[int, int], confidence: float) -> None:
    hits, trials = counts
    low, high = wilson(hits, trials, confidence)
    assert 0 <= low <= hits / trials <= high <= 1
    mirrored = wilson(trials - hits, trials, confidence)
    assert (1 - mirrored[1], 1 - mirrored[0]) == pytest.approx((low, high), abs=1e-9)


@pytest.mark.parametrize(
    ("degrees", "printed"),
    [(1, 12.7062), (2, 4.3027), (3, 3.1824), (4, 2.7764), (9, 2.2622), (30, 2.0423), (120, 1.9799)],
)
def test_students_table(degrees: int, printed: float) -> None:
    assert student_quantile(0.975, degrees) == pytest.approx(printed, abs=5e-5)
    assert student_quantile(0.5, degrees) == 0


def test_a_paired_difference_by_hand() -> None:
    # Differences 1, 0, 1, 2, 2: mean 1.2, variance 0.7, half width 2.7764 * sqrt(0.7 / 5).
    mean, low, high = paired_mean_difference([1, 2, 3, 4, 5], [0, 2, 2, 2, 3])
    assert mean == pytest.approx(1.2)
    assert (low, high) == pytest.approx((1.2 - 1.03884, 1.2 + 1.03884), abs=1e-4)


def test_one_seed_is_no_claim() -> None:
    assert paired_mean_difference([2.0], [1.0]) == (1.0, -math.inf, math.inf)


def test_pairs_need_partners_and_numbers() -> None:
    for difference in (paired_mean_difference, paired_bootstrap_difference):
        with pytest.raises(ValueError, match="2 figures against 1"):
            difference([1.0, 2.0], [1.0])
        with pytest.raises(ValueError, match="at least one"):
            difference([], [])
        with pytest.raises(ValueError, match="NaN"):
            difference([math.nan], [1.0])


def test_students_interval_covers_the_truth_as_often_as_it_says() -> None:
    draw = random.Random(1)
    covered = 0
    for _ in range(2000):
        a = [draw.gauss(0.5, 1) for _ in range(5)]
        b = [draw.gauss(0, 1) for _ in range(5)]
        _mean, low, high = paired_mean_difference(a, b)
        covered += low <= 0.5 <= high
    low, high = wilson(covered, 2000, 0.999)
    assert low <= 0.95 <= high


def test_the_bootstrap_is_seeded_and_near_students_interval_for_many_pairs() -> None:
    draw = random.Random(2)
    a = [draw.gauss(1, 1) for _ in range(200)]
    b = [draw.gauss(0.5, 1) for _ in range(200)]
    once = paired_bootstrap_difference(a, b, seed=3)
    assert once == paired_bootstrap_difference(a, b, seed=3)
    assert once != paired_bootstrap_difference(a, b, seed=4)
    assert once == pytest.approx(paired_mean_difference(a, b), abs=0.04)


def test_equal_pairs_differ_by_nothing() -> None:
    assert paired_bootstrap_difference([1.0, 2.0], [1.0, 2.0]) == (0, 0, 0)
    assert paired_mean_difference([1.0, 2.0], [1.0, 2.0]) == (0, 0, 0)
