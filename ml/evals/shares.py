"""A share with its interval, and means by group, counted up item by item."""

from __future__ import annotations

from collections import defaultdict
from math import fsum
from typing import Any

from ml.evals.intervals import wilson


class Share:
    """Hits among trials. `as_dict` gives {"share", "low", "high", "hits", "n"}; the interval is Wilson's at 95 %."""

    def __init__(self) -> None:
        self.hits = 0
        self.n = 0

    def add(self, hit: bool) -> None:
        self.hits += hit
        self.n += 1

    def as_dict(self) -> dict[str, Any]:
        low, high = wilson(self.hits, self.n)
        return {
            "share": self.hits / self.n if self.n else None,
            "low": low,
            "high": high,
            "hits": self.hits,
            "n": self.n,
        }


class Means:
    """Means of a figure by group; the order of the items does not matter."""

    def __init__(self) -> None:
        self._values: defaultdict[str, list[float]] = defaultdict(list)

    def add(self, group: str, value: float) -> None:
        self._values[group].append(value)

    def as_dict(self) -> dict[str, Any]:
        return {
            group: {"mean": fsum(values) / len(values), "n": len(values)}
            for group, values in sorted(self._values.items())
        }
