"""Whether weighted estimates are right: simulated samples of populations whose truth is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from verification.estimates import (
    Share,
    effective_trials,
    half_width,
    horvitz_thompson,
    kappa,
    weighted_share,
    wilson,
)
from verification.quality import wilson_interval
from verification.sampling import draw_counts

# A long tail of concepts whose tags are the less often right the rarer they are.
SIZES = np.maximum(1, (40_000 / np.arange(1, 401) ** 1.1)).astype(np.int64)
RIGHT = np.rint(SIZES * np.clip(0.35 + 0.06 * np.log(SIZES), 0, 1)).astype(np.int64)
TRUTH = RIGHT.sum() / SIZES.sum()
# One run of 500 in twenty lies beyond two standard errors by chance, so the seeds are fixed. Over 12,000 seeds the mean
# was off by 1.9, 0.6 and 1.0 of ITS standard errors (no budget, 2,000, 250), which are a fifth as large.
SEEDS = range(1_000, 1_500)


def draw_sample(seed: int, budget: int | None) -> tuple[np.ndarray, np.ndarray]:
    """One simulated sample as the loop draws it: whether each item is right, and its chance of being drawn."""
    rng = np.random.default_rng(seed)
    draw = draw_counts(SIZES, rng, budget=budget)
    hits = rng.hypergeometric(RIGHT, SIZES - RIGHT, draw.counts)
    values = np.concatenate([np.repeat(1.0, hits.sum()), np.repeat(0.0, (draw.counts - hits).sum())])
    return values, np.concatenate(
        [np.repeat(draw.probabilities, hits), np.repeat(draw.probabilities, draw.counts - hits)]
    )


@pytest.mark.parametrize("budget", [None, 2_000, 250])
def test_over_500_samples_the_weighted_total_is_unbiased(budget: int | None) -> None:
    estimates = np.array([horvitz_thompson(*draw_sample(seed, budget)).value for seed in SEEDS])
    error = estimates.std(ddof=1) / np.sqrt(500)
    assert abs(estimates.mean() - RIGHT.sum()) < 2 * error


@pytest.mark.parametrize("budget", [None, 2_000])
def test_over_500_samples_the_weighted_share_is_unbiased_and_the_bare_one_is_not(budget: int | None) -> None:
    samples = [draw_sample(seed, budget) for seed in SEEDS]
    shares = np.array([share.value for share in (weighted_share(v, 1 / p) for v, p in samples) if share])
    assert len(shares) == 500
    assert abs(shares.mean() - TRUTH) < 2 * shares.std(ddof=1) / np.sqrt(500)
    bare = np.array([values.mean() for values, _ in samples])
    assert abs(bare.mean() - TRUTH) > 10 * bare.std(ddof=1) / np.sqrt(500)


def covered(shares: list[Share | None], truth: float) -> int:
    return sum(share is not None and share.low <= truth <= share.high for share in shares)


@pytest.mark.parametrize("truth", [0.03, 0.548, 0.806, 0.957, 0.99])
def test_intervals_of_uniform_audits_cover_the_truth(truth: float) -> None:
    rng = np.random.default_rng(1)
    audits = [weighted_share((rng.random(1_000) < truth).astype(float), np.ones(1_000)) for _ in range(400)]
    assert covered(audits, truth) >= 0.93 * 400


def test_intervals_of_the_concept_wise_sample_cover_the_truth() -> None:
    shares = []
    for seed in range(400):
        values, probabilities = draw_sample(seed, 2_000)
        shares.append(weighted_share(values, 1 / probabilities))
    assert covered(shares, TRUTH) >= 0.93 * 400


def test_intervals_of_candidates_cover_the_truth_because_they_are_clustered_by_region() -> None:
    # Five candidates of a region are right or wrong together, more often than not.
    rng = np.random.default_rng(2)
    clustered, naive = [], []
    for _ in range(300):
        regions = np.clip(rng.beta(1.2, 0.8, 400), 0, 1)
        values = (rng.random((400, 5)) < regions[:, None]).astype(float).ravel()
        ids = np.repeat(np.arange(400), 5)
        clustered.append(weighted_share(values, np.ones(2_000), ids))
        naive.append(weighted_share(values, np.ones(2_000)))
    assert covered(clustered, 0.6) >= 0.93 * 300
    assert covered(naive, 0.6) < 0.85 * 300


@given(st.integers(0, 400), st.integers(1, 400))
def test_equal_weights_give_wilsons_interval(hits: int, trials: int) -> None:
    hits = min(hits, trials)
    values = np.array([1.0] * hits + [0.0] * (trials - hits))
    share = weighted_share(values, np.full(trials, 7.0))
    assert share is not None
    # The variance is that of a sample, n - 1, so the interval is a hair wider.
    assert (share.low, share.high) == pytest.approx(wilson_interval(hits, trials), abs=2.5 / trials)
    assert (0 <= share.low <= share.value <= share.high <= 1) or share.half_width < 1e-9
    assert wilson(hits / trials, trials) == pytest.approx(wilson_interval(hits, trials))


def test_when_all_are_right_the_interval_still_has_a_width() -> None:
    share = weighted_share(np.ones(100), np.ones(100))
    assert share is not None
    assert (share.low, share.high) == pytest.approx((0.963, 1.0), abs=1e-3)


def test_a_few_heavy_items_are_worth_few_items() -> None:
    weights = np.array([1000.0] * 5 + [1.0] * 995)
    values = np.array([1.0, 0.0] * 500)
    heavy, even = weighted_share(values, weights), weighted_share(values, np.ones(1_000))
    assert heavy is not None
    assert even is not None
    assert heavy.effective < 10
    assert heavy.half_width > 5 * even.half_width
    assert effective_trials(np.array([1000.0, 1.0]), np.array([5.0, 995.0])) == pytest.approx(7.2, abs=0.1)


def test_nothing_judged_says_nothing() -> None:
    assert weighted_share(np.zeros(0), np.zeros(0)) is None
    few = weighted_share(np.ones(29), np.ones(29))
    enough = weighted_share(np.ones(30), np.ones(30))
    assert few is not None
    assert enough is not None
    assert (few.is_told, enough.is_told) == (False, True)


def test_a_thousand_audited_items_tell_three_points_at_the_middle() -> None:
    assert half_width(0.5, 1_000) == pytest.approx(0.0309, abs=1e-4)


def test_kappa_of_a_textbook_table() -> None:
    # 20 both yes, 15 both no, 5 and 10 apart: Scott's form, as the raters' order is by chance.
    pairs = [("y", "y")] * 20 + [("n", "n")] * 15 + [("y", "n")] * 5 + [("n", "y")] * 10
    share = (2 * 20 + 15) / 100
    by_chance = share**2 + (1 - share) ** 2
    assert kappa(pairs) == pytest.approx((0.7 - by_chance) / (1 - by_chance))
    assert kappa([("y", "y")] * 9) is None
    assert kappa([]) is None
    assert kappa([("y", "n"), ("n", "y")]) == pytest.approx(-1.0)


@pytest.mark.parametrize(("share", "trials"), [(-0.1, 10), (1.1, 10), (0.5, -1), (0.5, float("nan"))])
def test_impossible_counts_are_refused(share: float, trials: float) -> None:
    with pytest.raises(ValueError, match="trials"):
        wilson(share, trials)
