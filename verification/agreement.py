"""How far people agree beyond chance. Pure.

Krippendorff's alpha for nominal labels (K. Krippendorff, Content Analysis, 2004, chapter 11) takes any number of people
per unit and lets units be missed by some; Cohen's kappa (J. Cohen, 1960) takes two. Both are 1 for full agreement and 0
for what chance alone gives. The five tags of an item are judged together, so the intervals draw whole items.

Written here because the `krippendorff` package is under the GPL; tests compare with its figures on real votes.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

RESAMPLES = 500


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % bootstrap interval and the units it rests on; `value` None when nothing can be said."""

    value: float | None
    low: float | None
    high: float | None
    units: int


def krippendorff_alpha(counts: Ints) -> float | None:
    """counts (units, labels): how many people gave the unit each label. Units that fewer than two judged do not count.

    None without such units, or when everybody always gave the same label: there is nothing to tell apart.
    """
    disagreement, totals = _alpha_parts(counts)
    return _float(_alphas(disagreement.sum()[None], totals.sum(axis=0)[None])[0])


def alpha_with_interval(counts: Ints, clusters: Ints, *, seed: int = 0) -> Estimate:
    """As above, with the interval from resampling clusters. clusters (units,): the item that each unit belongs to."""
    pairable = counts.sum(axis=1) >= 2
    counts, clusters = counts[pairable], clusters[pairable]
    disagreement, totals = _alpha_parts(counts)
    per_item = _sums(clusters, np.column_stack([disagreement, totals]))
    return _estimate(per_item, lambda sums: _alphas(sums[:, 0], sums[:, 1:]), units=len(counts), seed=seed)


def cohen_kappa(table: Ints) -> float | None:
    """table (labels, labels): how often the first person said the row's label and the second the column's.

    None for an empty table, and when both always gave one and the same label.
    """
    return _float(_kappas(table.astype(np.float64)[None])[0])


def kappa_with_interval(first: Ints, second: Ints, clusters: Ints, *, labels: int = 2, seed: int = 0) -> Estimate:
    """first, second (units,): labels from 0 to labels - 1; clusters as for alpha_with_interval."""
    cells = np.zeros((len(first), labels * labels))
    cells[np.arange(len(first)), first * labels + second] = 1
    per_item = _sums(clusters, cells)
    return _estimate(per_item, lambda sums: _kappas(sums.reshape(-1, labels, labels)), units=len(first), seed=seed)


def _alpha_parts(counts: Ints) -> tuple[Floats, Floats]:
    """Per unit that two or more judged: its observed disagreement, and its labels. Other units give zeros."""
    people = counts.sum(axis=1)
    pairable = people >= 2
    same = (counts.astype(np.float64) ** 2).sum(axis=1)
    disagreement = np.where(pairable, (people.astype(np.float64) ** 2 - same) / np.maximum(people - 1, 1), 0.0)
    return disagreement, np.where(pairable[:, None], counts, 0).astype(np.float64)


def _alphas(disagreement: Floats, totals: Floats) -> Floats:
    """disagreement (b,), totals (b, labels) -> alpha (b,), NaN where nothing can be said."""
    n = totals.sum(axis=1)
    expected = n**2 - (totals**2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(expected > 0, 1 - (n - 1) * disagreement / expected, np.nan)


def _kappas(tables: Floats) -> Floats:
    """tables (b, labels, labels) -> kappa (b,), NaN where nothing can be said."""
    n = tables.sum(axis=(1, 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        observed = np.trace(tables, axis1=1, axis2=2) / n
        expected = (tables.sum(axis=2) * tables.sum(axis=1)).sum(axis=1) / n**2
        return np.where(expected < 1, (observed - expected) / (1 - expected), np.nan)


def _sums(clusters: Ints, rows: Floats) -> Floats:
    """Sums of the rows of each cluster (clusters, columns)."""
    _names, places = np.unique(clusters, return_inverse=True)
    return sums_at(places, rows, int(places.max()) + 1 if len(places) else 0)


def sums_at(places: Ints, rows: Floats, count: int) -> Floats:
    """Sums (count, columns) of the rows at each place: what np.add.at does, in a fraction of its time."""
    return np.stack([np.bincount(places, weights=column, minlength=count) for column in rows.T], axis=1)


def _estimate(per_item: Floats, figure: Callable[[Floats], Floats], *, units: int, seed: int) -> Estimate:
    value = _float(figure(per_item.sum(axis=0)[None])[0]) if len(per_item) else None
    if value is None:
        return Estimate(None, None, None, units)
    rng = np.random.default_rng(seed)
    count = len(per_item)
    # How often each item is drawn, by resample: counting drawn numbers takes a fifth of drawing from a multinomial.
    chosen = rng.integers(count, size=(RESAMPLES, count)) + count * np.arange(RESAMPLES)[:, None]
    drawn = np.bincount(chosen.reshape(-1), minlength=RESAMPLES * count).reshape(RESAMPLES, count)
    figures = figure(drawn.astype(np.float64) @ per_item)
    figures = figures[np.isfinite(figures)]
    low, high = np.percentile(figures, [2.5, 97.5]) if len(figures) else (np.nan, np.nan)
    return Estimate(value, _float(low), _float(high), units)


def _float(value: np.float64 | float) -> float | None:
    return float(value) if np.isfinite(value) else None
