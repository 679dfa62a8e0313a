"""Remember which ids have been seen, 8 bytes each, so that millions of them fit."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

RECENT = 100_000


class SeenKeys:
    """A set that only grows: recent hashes in a Python set, older ones in sorted arrays merged by size.

    Keeps 64-bit hashes: among 10 million keys the chance that any two collide is about 3 in a million.
    """

    def __init__(self) -> None:
        self._recent: set[int] = set()
        self._runs: list[npt.NDArray[np.int64]] = []

    def add(self, key: object) -> bool:
        """Whether `key` is new."""
        value = hash(key)
        if value in self._recent or any(_contains(run, value) for run in self._runs):
            return False
        self._recent.add(value)
        if len(self._recent) >= RECENT:
            self._settle()
        return True

    def _settle(self) -> None:
        run = np.fromiter(self._recent, dtype=np.int64, count=len(self._recent))
        run.sort()
        self._recent.clear()
        while self._runs and self._runs[-1].size <= 2 * run.size:
            run = np.sort(np.concatenate((self._runs.pop(), run)), kind="stable")
        self._runs.append(run)


def _contains(run: npt.NDArray[np.int64], value: int) -> bool:
    position = int(run.searchsorted(value))
    return position < run.size and int(run[position]) == value
