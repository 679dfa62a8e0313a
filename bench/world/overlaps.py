"""How much boxes cover each other."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]


def ious(box: npt.ArrayLike, boxes: npt.ArrayLike) -> Floats:
    """Intersection over union of one box (4,) with each of (n, 4); boxes (x1, y1, x2, y2) -> (n,)."""
    one = np.asarray(box, np.float64)
    many = np.asarray(boxes, np.float64).reshape(-1, 4)
    sides = np.minimum(one[2:], many[:, 2:]) - np.maximum(one[:2], many[:, :2])
    shared = np.prod(np.clip(sides, 0, None), axis=1)
    areas = np.prod(many[:, 2:] - many[:, :2], axis=1) + float(np.prod(one[2:] - one[:2]))
    overlap: Floats = shared / (areas - shared)
    return overlap
