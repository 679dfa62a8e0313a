import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verification.sampling import (
    draw_counts,
    hash_cut,
    log_quotas,
    most_frequent,
    round_systematically,
    scale_to_budget,
)

frequencies = st.lists(st.integers(1, 2_000_000), min_size=1, max_size=60).map(np.array)
quotas = st.lists(st.floats(0, 90), min_size=1, max_size=60).map(np.array)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_the_rarest_concept_gets_6_and_the_most_frequent_90() -> None:
    assert log_quotas(np.array([100, 1_000, 10_000])).tolist() == pytest.approx([6, 48, 90])


def test_the_quota_grows_with_the_logarithm_of_the_frequency() -> None:
    # A concept ten times as frequent gets as many more regions, wherever it stands.
    found = log_quotas(np.array([10**2, 10**3, 10**4, 10**5, 10**6]))
    assert np.diff(found).tolist() == pytest.approx([21, 21, 21, 21])


def test_a_quota_is_never_more_than_there_are_regions() -> None:
    assert log_quotas(np.array([1, 3, 10_000])).tolist() == pytest.approx([1, 3, 90])


def test_equally_frequent_concepts_all_get_what_the_rarest_gets() -> None:
    assert log_quotas(np.array([500, 500, 500])).tolist() == [6, 6, 6]
    assert log_quotas(np.array([4, 4])).tolist() == [4, 4]
    assert log_quotas(np.array([7])).tolist() == [6]


def test_no_concepts_have_no_quotas() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    assert log_quotas(nothing).shape == (0,)
    assert draw_counts(nothing, rng()).total == 0


def test_a_budget_shrinks_all_quotas_by_one_factor() -> None:
    assert scale_to_budget(np.array([6.0, 48.0, 90.0]), 72).tolist() == pytest.approx([3, 24, 45])


def test_a_budget_that_is_not_needed_changes_nothing() -> None:
    assert scale_to_budget(np.array([6.0, 48.0, 90.0]), 1_000).tolist() == [6, 48, 90]
    assert scale_to_budget(np.array([6.0, 48.0, 90.0]), None).tolist() == [6, 48, 90]


def test_a_budget_smaller_than_the_number_of_concepts_is_kept_and_chance_decides_which_are_seen() -> None:
    found = draw_counts(np.full(1_000, 50), rng(), budget=100)
    assert found.total == 100
    assert set(found.counts.tolist()) == {0, 1}
    assert found.probabilities.tolist() == pytest.approx([0.1 / 50] * 1_000)


def test_only_the_most_frequent_concepts_stay_when_their_number_is_limited() -> None:
    assert most_frequent(np.array([5, 9, 9, 1]), 2).tolist() == [False, True, True, False]
    assert most_frequent(np.array([5, 5, 5]), 2).tolist() == [True, True, False]
    assert most_frequent(np.array([5, 1]), None).tolist() == [True, True]


def test_the_numbers_of_the_paper_for_a_long_tail() -> None:
    # 760,000 concepts by Zipf's law: the bare quota asks for a large part of everything, so leads set a budget.
    tail = np.maximum(1, (2_000_000 / np.arange(1, 760_001)).astype(np.int64))
    bare, scaled = draw_counts(tail, rng()), draw_counts(tail, rng(), budget=100_000)
    assert bare.counts.max() == 90
    assert bare.total > 0.1 * tail.sum()
    assert scaled.total == 100_000
    assert (scaled.probabilities > 0).all()


def test_the_draw_is_repeated_by_its_seed() -> None:
    many = rng(1).integers(1, 10_000, 500)
    once, again = draw_counts(many, rng(7), budget=300), draw_counts(many, rng(7), budget=300)
    assert once.counts.tolist() == again.counts.tolist()
    assert once.counts.tolist() != draw_counts(many, rng(8), budget=300).counts.tolist()


def test_over_many_seeds_each_concept_is_drawn_as_often_as_its_probability_says() -> None:
    found = np.array([2, 5, 40, 700, 9_000])
    draws = [draw_counts(found, rng(seed), budget=12) for seed in range(4_000)]
    mean = np.mean([draw.counts for draw in draws], axis=0)
    assert mean == pytest.approx(draws[0].expected, abs=0.04)
    assert draws[0].probabilities == pytest.approx(draws[0].expected / found)


def test_weighted_by_their_probabilities_the_drawn_regions_estimate_all_without_bias() -> None:
    # Horvitz and Thompson: a concept's share of right tags differs from concept to concept.
    sizes, right = np.array([10, 200, 5_000]), np.array([0.2, 0.5, 0.9])
    truth = (sizes * right).sum()
    estimates = []
    for seed in range(3_000):
        drawn = draw_counts(sizes, rng(seed), budget=9)
        estimates.append((drawn.counts * right / drawn.probabilities).sum())
    assert np.mean(estimates) == pytest.approx(truth, rel=0.02)


@given(frequencies, st.none() | st.integers(1, 5_000), st.integers(0, 2**32))
@settings(max_examples=200, deadline=None)
def test_no_draw_takes_more_than_there_are_or_goes_over_the_budget(
    found: np.ndarray, budget: int | None, seed: int
) -> None:
    draw = draw_counts(found, rng(seed), budget=budget)
    assert (draw.counts >= 0).all()
    assert (draw.counts <= found).all()
    assert (np.abs(draw.counts - draw.expected) < 1 + 1e-6).all()
    assert ((draw.probabilities > 0) & (draw.probabilities <= 1)).all()
    if budget is not None:
        assert draw.total <= budget + 1  # the sum of the quotas, rounded


@given(frequencies)
def test_a_more_frequent_concept_never_has_a_smaller_quota(found: np.ndarray) -> None:
    ordered = np.sort(found)
    assert (np.diff(log_quotas(ordered)) >= -1e-9).all()


@given(quotas, st.integers(0, 2**32))
@settings(max_examples=200, deadline=None)
def test_rounding_keeps_the_sum_and_stays_within_one(found: np.ndarray, seed: int) -> None:
    counts = round_systematically(found, rng(seed))
    assert (np.abs(counts - found) < 1 + 1e-6).all()
    assert abs(counts.sum() - found.sum()) < 1 + 1e-6


@given(st.lists(st.integers(0, 90), min_size=1, max_size=60).map(np.array), st.integers(0, 2**32))
def test_whole_quotas_stay_as_they_are(found: np.ndarray, seed: int) -> None:
    assert round_systematically(found.astype(float), rng(seed)).tolist() == found.tolist()


def test_the_pre_filter_leaves_enough_hashes_below_its_cut_but_for_a_few_concepts() -> None:
    counts, sizes = np.array([6, 90, 1]), np.array([1_000, 100_000, 5])
    cut = hash_cut(counts, sizes)
    assert cut[2] == 1.0  # so few that all are looked at
    assert (cut * sizes < 1.6 * counts + 5).all()  # and of the others not many more than are wanted
    below = rng(3).binomial(sizes, cut, (3_000, 3))
    assert 0 < (below < counts).mean(axis=0)[:2].max() < 0.03
    assert (below[:, 2] >= 1).all()
