"""The six size classes of regions (design §4): area in square pixels, lower bound inclusive."""

from __future__ import annotations

SIZE_CLASSES = {"tiny": 0, "small": 20**2, "medium": 40**2, "large": 100**2, "xlarge": 200**2, "huge": 500**2}
"""Name and smallest area of each class, in order. Papers V1 appendix C gives the bounds."""


def size_class(box: tuple[float, float, float, float]) -> str:
    """The class of a box (x1, y1, x2, y2) in pixels."""
    area = (box[2] - box[0]) * (box[3] - box[1])
    return next(name for name, least in reversed(SIZE_CLASSES.items()) if area >= least)
