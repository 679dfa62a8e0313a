"""Learning rate: linear warm-up, then half a cosine down to 0 (papers V1, appendix D.2)."""

from __future__ import annotations

import math


def warmup_steps(steps: int, share: float) -> int:
    return round(steps * share)


def learning_rate(step: int, *, steps: int, peak: float, warmup: int) -> float:
    """The rate of `step`, counted from 0: `peak * (step + 1) / warmup` until `peak` is reached, then
    `peak * (1 + cos(pi * t)) / 2` with t = (step - warmup) / (steps - warmup), which would be 0 at step `steps`."""
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup))) / 2
