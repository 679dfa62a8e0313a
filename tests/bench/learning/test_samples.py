"""Which regions people are shown."""

from __future__ import annotations

import numpy as np

from bench.learning.samples import concept_wise, uniform


def frame_of(frequencies: list[int]) -> tuple[np.ndarray, np.ndarray]:
    first = np.repeat(np.arange(len(frequencies)), frequencies)
    return first, np.ones(len(first), bool)


def test_a_concept_wise_sample_shows_more_of_rare_concepts_than_a_uniform_one() -> None:
    first, frame = frame_of([3000, 300, 30, 8])
    chosen = concept_wise(first, frame, 100, np.random.default_rng(1))
    at_random = uniform(first, frame, 100, np.random.default_rng(1))
    assert np.isin(first[chosen], (2, 3)).sum() > np.isin(first[at_random], (2, 3)).sum()


def test_samples_stay_within_frame_and_budget_and_repeat_nothing() -> None:
    first, frame = frame_of([500, 50, 5])
    frame[::3] = False
    for sample in (concept_wise, uniform):
        chosen = sample(first, frame, 60, np.random.default_rng(2))
        assert frame[chosen].all()
        assert len(np.unique(chosen)) == len(chosen) <= 60
        assert np.array_equal(chosen, sample(first, frame, 60, np.random.default_rng(2)))
