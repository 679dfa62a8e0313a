"""The arithmetic of the concept-wise sample (papers V1 appendix B.3, design §7). Pure: arrays in, arrays out.

Rare concepts would be missed if regions were drawn at random, so each concept has a quota that grows with the logarithm
of its frequency. What a region's chance of being drawn was is kept with it: estimates over the sample are then unbiased
(Horvitz and Thompson, 1952).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]

LOW, HIGH = 6, 90


@dataclass(frozen=True, slots=True)
class Draw:
    """How many regions of each concept are drawn, parallel to the frequencies.

    expected: `(n,)` the mean of `counts` over seeds, at most the frequency; counts: `(n,)` whole numbers, each less
    than 1 away from expected; probabilities: `(n,)` the chance of each region of the concept, expected / frequency.
    """

    expected: Floats
    counts: Ints
    probabilities: Floats

    @property
    def total(self) -> int:
        return int(self.counts.sum())


def log_quotas(frequencies: Ints, *, low: float = LOW, high: float = HIGH) -> Floats:
    """`(n,)` low + (high - low) (ln f - ln f_min) / (ln f_max - ln f_min), at most f, for frequencies >= 1.

    Where all concepts are equally frequent the formula says nothing; they get `low`, as the rarest do.
    """
    if not len(frequencies):
        return np.zeros(0)
    logs = np.log(frequencies.astype(np.float64))
    span = logs.max() - logs.min()
    place = (logs - logs.min()) / span if span > 0 else np.zeros(len(logs))
    return np.minimum(low + (high - low) * place, frequencies)


def most_frequent(frequencies: Ints, limit: int | None) -> npt.NDArray[np.bool_]:
    """`(n,)` whether a concept is among the `limit` most frequent; equal ones in the order given."""
    chosen = np.zeros(len(frequencies), dtype=bool)
    chosen[np.argsort(-frequencies, kind="stable")[:limit]] = True
    return chosen


def scale_to_budget(quotas: Floats, budget: int | None) -> Floats:
    """Quotas multiplied by one factor so that they sum up to the budget; unchanged when they need no more than it.

    With fewer items than concepts each quota is below 1: chance decides which concepts are seen.
    """
    total = float(quotas.sum())
    if budget is None or total <= budget:
        return quotas
    return quotas * (budget / total)


def round_systematically(quotas: Floats, rng: np.random.Generator) -> Ints:
    """`(n,)` whole numbers whose mean over seeds is the quota, each less than 1 away from it, and whose sum is the
    rounded sum of the quotas.

    Systematic sampling (Madow, 1949) in a random order of the concepts.
    """
    if not len(quotas):
        return np.zeros(0, dtype=np.int64)
    order = rng.permutation(len(quotas))
    # Sums in hundred-millionths, so that whole quotas stay whole whatever stands before them.
    units = np.rint(quotas[order] * 1e8).astype(np.int64)
    ends = np.cumsum(units) + int(rng.integers(0, 10**8))
    marks = ends // 10**8
    counts = np.empty(len(quotas), dtype=np.int64)
    counts[order] = np.diff(marks, prepend=(ends[0] - units[0]) // 10**8)
    return counts


def draw_counts(
    frequencies: Ints,
    rng: np.random.Generator,
    *,
    low: float = LOW,
    high: float = HIGH,
    budget: int | None = None,
) -> Draw:
    """How many regions to draw of concepts with these frequencies (all >= 1)."""
    expected = scale_to_budget(log_quotas(frequencies, low=low, high=high), budget)
    counts = np.minimum(round_systematically(expected, rng), frequencies)
    return Draw(expected, counts, np.minimum(expected / np.maximum(frequencies, 1), 1.0))


def hash_cut(counts: Ints, frequencies: Ints) -> Floats:
    """`(n,)` below which hash, as a share of its range, the wanted regions of a concept lie most of the time.

    The hashes of n regions are uniform, so about n x cut lie below the cut. Two standard deviations and two more
    leave about one concept in a hundred with too few, which is drawn again without a cut: that costs less than sorting
    the hashes that a safer cut would let pass.
    """
    cut: Floats = np.minimum((counts + 2 * np.sqrt(counts) + 2) / np.maximum(frequencies, 1), 1.0)
    return cut
