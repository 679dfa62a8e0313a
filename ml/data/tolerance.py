"""How many bad lines a run bears: up to a stated share of its lines."""

from __future__ import annotations

import math
from typing import Final

_DEVIATIONS: Final = 4.0


class Tolerance:
    """Counts the lines that turn out bad while training, on top of what the survey found.

    Too many are those that exceed `share` of all `lines`; or, long before so many have been seen, those whose share is
    above it by four standard deviations (lower Wilson bound), as when the image folder is the wrong one. A new epoch
    counts from zero.
    """

    def __init__(self, *, share: float, lines: int, surveyed_bad: int) -> None:
        self._share = share
        self._lines = lines
        self._surveyed_bad = surveyed_bad
        self._epoch = 0
        self.seen = 0
        self.bad = 0

    def add(self, epoch: int, *, places: int, bad: int) -> None:
        if epoch != self._epoch:
            self._epoch, self.seen, self.bad = epoch, 0, 0
        self.seen += places
        self.bad += bad

    def exceeded(self) -> bool:
        if self._surveyed_bad + self.bad > self._share * self._lines:
            return True
        return lower_bound(self.bad, self.seen) > self._share

    def state(self) -> dict[str, int]:
        return {"epoch": self._epoch, "seen": self.seen, "bad": self.bad}

    def restore(self, state: dict[str, int]) -> None:
        self._epoch, self.seen, self.bad = state["epoch"], state["seen"], state["bad"]


def lower_bound(bad: int, seen: int) -> float:
    """Wilson's lower bound of the share `bad / seen`; 0 where nothing was seen."""
    if not seen:
        return 0.0
    share, z = bad / seen, _DEVIATIONS
    middle = share + z * z / (2 * seen)
    reach = z * math.sqrt(share * (1 - share) / seen + z * z / (4 * seen * seen))
    return (middle - reach) / (1 + z * z / seen)
