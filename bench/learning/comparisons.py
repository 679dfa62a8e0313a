"""Ablations over seeds: paired differences, and whether there are enough of them for a claim."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from ml.evals.intervals import paired_mean_difference

from .ablations import PAIRS, RARE

SEEDS_FOR_A_CLAIM: Final = 5


def compared(seeds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """For each comparison the mean difference in points with Student's interval. `claim`: at least five seeds, and an
    interval that does not touch zero."""
    table = {}
    for name, (arm, control) in PAIRS.items():
        table[name] = _difference(seeds, arm, control, "top1")
        if name in RARE:
            table[f"{name}_rare_third"] = _difference(seeds, arm, control, "rare_third")
    return table


def _difference(seeds: Sequence[dict[str, Any]], arm: str, control: str, figure: str) -> dict[str, Any]:
    ours, theirs = ([seed["arms"][one][figure] for seed in seeds] for one in (arm, control))
    mean, low, high = paired_mean_difference(ours, theirs)
    interval = [round(low, 2), round(high, 2)] if math.isfinite(low) else None
    return {
        "arm": arm, "control": control, "arm_mean": round(sum(ours) / len(ours), 2),
        "control_mean": round(sum(theirs) / len(theirs), 2), "difference": round(mean, 2), "interval": interval,
        "seeds": len(seeds), "claim": len(seeds) >= SEEDS_FOR_A_CLAIM and (low > 0 or high < 0),
    }  # fmt: skip
