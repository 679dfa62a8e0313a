"""Confidence intervals: of a share (Wilson), of paired differences over seeds (Student) and over items (bootstrap).

Pure Python floats in and out; nothing is rounded. Raises ValueError for impossible counts, lengths and values.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from math import cos, fsum, inf, isfinite, pi, sin, sqrt
from statistics import NormalDist


def wilson(successes: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of `successes` out of `n` (E. B. Wilson, 1927): (low, high) within [0, 1].

    95 of 100 is (0.888, 0.978). Without trials nothing is known: (0, 1).
    """
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes of {n} trials")
    z = NormalDist().inv_cdf(_upper_quantile(confidence))
    if n == 0:
        return 0.0, 1.0
    share = successes / n
    spread = z * z / n
    centre = share + spread / 2
    half = z * sqrt(share * (1 - share) / n + spread / (4 * n))
    # At the ends the two terms are equal but for rounding.
    low = 0.0 if successes == 0 else max(0.0, (centre - half) / (1 + spread))
    high = 1.0 if successes == n else min(1.0, (centre + half) / (1 + spread))
    return low, high


def paired_mean_difference(
    a: Sequence[float], b: Sequence[float], confidence: float = 0.95
) -> tuple[float, float, float]:
    """Mean of `a[i] - b[i]` with Student's interval for n pairs: (mean, low, high).

    a, b: one figure per seed, both of one seed at the same place, n >= 1. One pair says nothing of the spread:
    (mean, -inf, inf).
    """
    differences = _differences(a, b)
    n = len(differences)
    upper = _upper_quantile(confidence)
    mean = fsum(differences) / n
    if n == 1:
        return mean, -inf, inf
    variance = fsum((value - mean) ** 2 for value in differences) / (n - 1)
    half = student_quantile(upper, n - 1) * sqrt(variance / n)
    return mean, mean - half, mean + half


def paired_bootstrap_difference(
    a: Sequence[float], b: Sequence[float], confidence: float = 0.95, *, resamples: int = 2000, seed: int = 0
) -> tuple[float, float, float]:
    """Mean of `a[i] - b[i]` with the percentile bootstrap interval over pairs: (mean, low, high).

    For many pairs (items scored by two models); with fewer than about 20 take `paired_mean_difference`. The same
    seed gives the same interval.
    """
    differences = _differences(a, b)
    n = len(differences)
    tail = 1 - _upper_quantile(confidence)
    if resamples < 1:
        raise ValueError(f"{resamples} resamples; at least 1 is needed")
    draw = random.Random(seed)
    means = sorted(fsum(draw.choices(differences, k=n)) / n for _ in range(resamples))
    cut = min(int(tail * resamples), (resamples - 1) // 2)
    return fsum(differences) / n, means[cut], means[resamples - 1 - cut]


def student_quantile(probability: float, degrees: int) -> float:
    """The t below which Student's distribution with `degrees` degrees of freedom has `probability` in [0.5, 1)."""
    if not 0.5 <= probability < 1 or degrees < 1:
        raise ValueError(f"no quantile of Student's t at probability {probability} with {degrees} degrees of freedom")
    # t = sqrt(degrees) tan(angle): bisection over the angle needs no upper bound for t.
    wanted = 2 * probability - 1
    low, high = 0.0, pi / 2
    while low < (middle := (low + high) / 2) < high:
        if _student_mass(middle, degrees) < wanted:
            low = middle
        else:
            high = middle
    return sqrt(degrees) * sin(low) / cos(low)


def _student_mass(angle: float, degrees: int) -> float:
    """P(|T| <= sqrt(degrees) tan(angle)): the finite sums of Abramowitz and Stegun 26.7.3 and 26.7.4."""
    squared = cos(angle) ** 2
    odd = degrees % 2
    term = sin(angle) * (cos(angle) if odd else 1.0)
    total = 0.0
    for step in range(1, degrees // 2 + 1):
        total += term
        term *= squared * (2 * step - 1 + odd) / (2 * step + odd)
    return 2 / pi * (angle + total) if odd else total


def _differences(a: Sequence[float], b: Sequence[float]) -> list[float]:
    if len(a) != len(b) or not a:
        raise ValueError(f"{len(a)} figures against {len(b)}: pairs are needed, at least one")
    differences = [x - y for x, y in zip(a, b, strict=True)]
    if not all(isfinite(value) for value in differences):
        raise ValueError("a figure is NaN or infinite")
    return differences


def _upper_quantile(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence {confidence} is not between 0 and 1")
    return (1 + confidence) / 2
