"""Which regions people are shown."""

from __future__ import annotations

import numpy as np

from verification.sampling import draw_counts

from .corpus import Bools, Ints


def concept_wise(first: Ints, frame: Bools, budget: int, random: np.random.Generator) -> Ints:
    """Regions of the frame by their first tag: 6 to 90 a concept, scaled to the budget (papers V1, appendix B.3)."""
    places = np.flatnonzero(frame)
    concepts, inverse, frequencies = np.unique(first[places], return_inverse=True, return_counts=True)
    draw = draw_counts(frequencies.astype(np.int64), random, budget=budget)
    chosen = [
        random.choice(places[inverse == number], draw.counts[number], replace=False) for number in range(len(concepts))
    ]
    return np.sort(np.concatenate(chosen)) if chosen else places


def uniform(first: Ints, frame: Bools, budget: int, random: np.random.Generator) -> Ints:
    """As many regions of the frame, each with the same chance."""
    places = np.flatnonzero(frame)
    return np.sort(random.choice(places, min(budget, len(places)), replace=False))
