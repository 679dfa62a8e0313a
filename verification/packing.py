"""The arithmetic of review packages (papers V1 appendix B.3, design §7): lots, acceptance, what a plan can tell. Pure.

A package is a lot that is inspected whole and accepted when few enough of its items are wrong: an acceptance sampling
plan by attributes. Its operating characteristic says how likely work of some quality passes.
"""

from dataclasses import dataclass
from math import ceil, comb, exp, floor, isclose, lgamma, log, log1p

SMALL_REMAINDER = 20
"""A remainder of fewer items allows no error."""


@dataclass(frozen=True, slots=True)
class Lot:
    """Items first..first+size-1 (from 0, in the order in which they were finished) make one package."""

    first: int
    size: int
    threshold: float


def plan_lots(finished: int, *, size: int, threshold: float, final: bool) -> list[Lot]:
    """Whole lots of `size` items, and what is left over when nothing more is to come (`final`).

    A remainder of fewer than 20 items allows no error, whatever the threshold. Raises ValueError for sizes below 1.
    """
    if size < 1 or finished < 0:
        raise ValueError(f"{finished} items in lots of {size}")
    lots = [Lot(first, size, threshold) for first in range(0, finished - size + 1, size)]
    left = finished % size
    if final and left:
        lots.append(Lot(finished - left, left, 1.0 if left < SMALL_REMAINDER else threshold))
    return lots


def least_right(size: int, threshold: float) -> int:
    """How many of `size` items must be right for the share of right ones to reach the threshold.

    Raises ValueError unless 0 < threshold <= 1 and size >= 0.
    """
    if not 0 < threshold <= 1 or size < 0:
        raise ValueError(f"{threshold} of {size} items")
    wanted = threshold * size
    # 0.95 * 100 is 95.00000000000001 - or 94.99999999999999 - in binary; a share means the whole number it stands for.
    nearest = round(wanted)
    return nearest if isclose(wanted, nearest, rel_tol=1e-9, abs_tol=1e-9) else ceil(wanted)


def most_wrong(size: int, threshold: float) -> int:
    """How many of `size` items may be wrong."""
    return size - least_right(size, threshold)


def is_accepted(right: int, size: int, threshold: float) -> bool:
    """Whether `right` of `size` items reach the threshold. Raises ValueError for counts that cannot be."""
    if not 0 <= right <= size:
        raise ValueError(f"{right} right of {size}")
    return right >= least_right(size, threshold)


def acceptance_probability(size: int, allowed: int, right_share: float) -> float:
    """Chance that a package of `size` items is accepted whose author is right on each with chance `right_share`.

    The exact binomial: P(at most `allowed` of `size` are wrong). Raises ValueError for what cannot be.
    """
    if not 0 <= right_share <= 1 or not 0 <= allowed <= size:
        raise ValueError(f"{allowed} of {size} wrong at {right_share}")
    wrong = 1 - right_share
    if wrong == 0 or allowed == size:
        return 1.0
    if wrong == 1:
        return 0.0
    logs = (_log_choose(size, k) + k * log(wrong) + (size - k) * log1p(-wrong) for k in range(allowed + 1))
    return min(1.0, sum(map(exp, logs)))


def lot_acceptance_probability(population: int, wrong: int, size: int, allowed: int) -> float:
    """Chance that a package of `size` items out of `population`, of which `wrong` are wrong, is accepted.

    The exact hypergeometric, in whole numbers: what one package says about all that a person has done.
    Raises ValueError for counts that cannot be.
    """
    if not (0 <= wrong <= population and 0 <= size <= population and 0 <= allowed <= size):
        raise ValueError(f"{size} of {population} items, {wrong} wrong, {allowed} allowed")
    least, most = max(0, size - (population - wrong)), min(allowed, wrong)
    ways = sum(comb(wrong, k) * comb(population - wrong, size - k) for k in range(least, most + 1))
    return ways / comb(population, size)


SHARES = (0.80, 0.85, 0.88, 0.90, 0.92, 0.93, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99, 1.0)
"""Shares of right items at which a plan is tabled."""


def operating_characteristic(size: int, threshold: float) -> list[tuple[float, float]]:
    """(share of right items, chance of being accepted) of the plan, for the table; all of SHARES."""
    allowed = most_wrong(size, threshold)
    return [(share, acceptance_probability(size, allowed, share)) for share in SHARES]


def share_that_passes(size: int, threshold: float, chance: float) -> float:
    """The share of right items with which a package is accepted with this chance, to 1e-4 (by halving)."""
    allowed = most_wrong(size, threshold)
    low, high = 0.0, 1.0
    while high - low > 1e-4:
        middle = (low + high) / 2
        if acceptance_probability(size, allowed, middle) < chance:
            low = middle
        else:
            high = middle
    return floor(high * 1e4) / 1e4


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
