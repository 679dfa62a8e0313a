"""What a sample says of everything: weighted shares and how sure they are. Pure: arrays in, numbers out.

An item that was drawn with the chance p stands for 1/p items (Horvitz and Thompson, 1952). Shares are ratios of two
such sums (Hájek, 1971). Candidates of one region are not independent, so the variance is summed over regions; an
interval is Wilson's with as many trials as would give that variance (Korn and Graubard, 1998).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite, sqrt
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Z_95 = 1.959963984540054
FEW = 30
"""With fewer items nothing is said."""

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Total:
    """An estimated sum over the whole population, and its standard error."""

    value: float
    standard_error: float


@dataclass(frozen=True, slots=True)
class Share:
    """A share in [0, 1] with its 95 % interval.

    items: clusters that it rests on; effective: independent items that would be as good.
    """

    value: float
    low: float
    high: float
    items: int
    effective: float

    @property
    def half_width(self) -> float:
        return (self.high - self.low) / 2

    @property
    def is_told(self) -> bool:
        """Whether there are enough items to say it."""
        return self.items >= FEW


def horvitz_thompson(values: Floats, probabilities: Floats) -> Total:
    """The population's sum of `values`, from drawn items with these chances of being drawn. Unbiased.

    The standard error is that of draws that are independent of each other: too large, if anything, for draws without
    replacement inside concepts.
    """
    weights = 1.0 / probabilities
    return Total(float((values * weights).sum()), sqrt(float(((1 - probabilities) * (values * weights) ** 2).sum())))


def weighted_share(values: Floats, weights: Floats, clusters: Ints | None = None, z: float = Z_95) -> Share | None:
    """The weighted mean of `values` in [0, 1]; None without items.

    values, weights: (n,), weights > 0; clusters: (n,) ids, equal for items that were drawn together.
    """
    if not len(values):
        return None
    total = float(weights.sum())
    share = float((values * weights).sum()) / total
    _, places = np.unique(np.arange(len(values)) if clusters is None else clusters, return_inverse=True)
    sums = np.bincount(places, weights=weights * (values - share))
    sizes = np.bincount(places, weights=weights)
    count = len(sums)
    # Kish: what unequal weights alone leave of the clusters.
    effective = total**2 / float((sizes**2).sum())
    spread = share * (1 - share)
    if count > 1 and 0 < share < 1:
        variance = float((sums**2).sum()) * count / (count - 1) / total**2
        # No better than one item for each judgement, however the variance came out.
        effective = min(spread / variance if variance > 0 else float(len(values)), float(len(values)))
    low, high = wilson(share, effective, z)
    return Share(share, low, high, count, effective)


def wilson(share: float, trials: float, z: float = Z_95) -> tuple[float, float]:
    """Wilson's score interval for a share of `trials`, which need not be whole. Raises ValueError."""
    if not (0 <= share <= 1 and trials >= 0 and isfinite(trials) and z > 0):
        raise ValueError(f"a share of {share} in {trials} trials with z = {z}")
    if trials == 0:
        return 0.0, 1.0
    spread = z * z / trials
    centre = share + spread / 2
    half = z * sqrt(share * (1 - share) / trials + spread / (4 * trials))
    low = 0.0 if share == 0 else max(0.0, (centre - half) / (1 + spread))
    high = 1.0 if share == 1 else min(1.0, (centre + half) / (1 + spread))
    return low, high


def half_width(share: float, trials: float) -> float:
    """Half the width of Wilson's interval: what "± 2.8 points" means."""
    low, high = wilson(share, trials)
    return (high - low) / 2


def effective_trials(weights: Floats, counts: Floats) -> float:
    """How many equally weighted items are as good as `counts` items of each of these weights (Kish, 1965)."""
    squares = float((counts * weights**2).sum())
    return float((counts * weights).sum()) ** 2 / squares if squares else 0.0


def kappa(pairs: Iterable[tuple[object, object]]) -> float | None:
    """Cohen's kappa of two people's answers to the same questions; None when it says nothing: no pairs, or both always
    gave one answer. Who is the first and who the second differs from item to item, so both share one distribution."""
    answers = list(pairs)
    if not answers:
        return None
    counts: dict[object, int] = {}
    for pair in answers:
        for answer in pair:
            counts[answer] = counts.get(answer, 0) + 1
    by_chance = sum((count / (2 * len(answers))) ** 2 for count in counts.values())
    if by_chance >= 1:
        return None
    observed = sum(first == second for first, second in answers) / len(answers)
    return (observed - by_chance) / (1 - by_chance)
