"""The one place where foreign box formats become ours, and back: (x1, y1, x2, y2) px, x2/y2 exclusive."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from annotation.importers.records import Box, ItemRefused

Floats: TypeAlias = npt.NDArray[np.float64]

REFUSALS = (
    ("", ""),
    ("not_finite", "The box contains NaN or an infinite number."),
    ("inverted_box", "The box is inverted: its right or lower edge comes first."),
    ("outside", "The box reaches more than 1 px outside of the photo."),
    ("empty_box", "The box has no area."),
)
"""Code and message by the number that `checked_boxes` answers."""

DECIMALS = 2  # boxes are kept to 0.01 px
CLAMP = 1.0  # px that a box may reach over the edge: rounding of other tools, not a mistake
MAX_SIDE = 1_000_000.0


def from_xywh(x: float, y: float, width: float, height: float) -> Box:
    """COCO and LVIS: corner and size in px."""
    return x, y, x + width, y + height


def to_xywh(box: Box) -> Box:
    x1, y1, x2, y2 = box
    return x1, y1, x2 - x1, y2 - y1


def from_yolo(cx: float, cy: float, width: float, height: float, image_width: int, image_height: int) -> Box:
    """YOLO: centre and size as fractions of the photo's sides."""
    half_width, half_height = width / 2, height / 2
    return (
        (cx - half_width) * image_width,
        (cy - half_height) * image_height,
        (cx + half_width) * image_width,
        (cy + half_height) * image_height,
    )


def to_yolo(box: Box, image_width: int, image_height: int) -> Box:
    x1, y1, x2, y2 = box
    return (
        (x1 + x2) / 2 / image_width,
        (y1 + y2) / 2 / image_height,
        (x2 - x1) / image_width,
        (y2 - y1) / image_height,
    )


def from_percent(x: float, y: float, width: float, height: float, image_width: int, image_height: int) -> Box:
    """Label Studio: corner and size in percent of the photo's sides."""
    sx, sy = image_width / 100, image_height / 100
    return x * sx, y * sy, (x + width) * sx, (y + height) * sy


def to_percent(box: Box, image_width: int, image_height: int) -> Box:
    x, y, width, height = to_xywh(box)
    return x * 100 / image_width, y * 100 / image_height, width * 100 / image_width, height * 100 / image_height


def from_voc(xmin: float, ymin: float, xmax: float, ymax: float, *, one_based: bool = True) -> Box:
    """Pascal VOC counts pixels from 1 and includes the last one; many tools write its XML from 0 instead."""
    return (xmin - 1, ymin - 1, xmax, ymax) if one_based else (xmin, ymin, xmax, ymax)


def from_points(xs: Sequence[float], ys: Sequence[float]) -> Box:
    """The box around an outline."""
    return min(xs), min(ys), max(xs), max(ys)


def checked_box(box: Box, size: tuple[int, int] | None) -> Box:
    """The box to 0.01 px, pulled in by at most 1 px where it reaches over the edge of a photo of `size` (w, h).

    Raises ItemRefused: not_finite, inverted_box, empty_box, outside. Idempotent.
    """
    x1, y1, x2, y2 = box
    if not all(math.isfinite(value) for value in box):
        raise ItemRefused("not_finite", "The box contains NaN or an infinite number.")
    if max(map(abs, box)) > MAX_SIDE:
        raise ItemRefused("outside", f"The box {_shown(box)} is far outside of any photo.")
    if x2 < x1 or y2 < y1:
        raise ItemRefused("inverted_box", f"The box {_shown(box)} is inverted: its right or lower edge comes first.")
    if size is not None:
        width, height = size
        if x1 < -CLAMP or y1 < -CLAMP or x2 > width + CLAMP or y2 > height + CLAMP:
            raise ItemRefused(
                "outside", f"The box {_shown(box)} reaches more than 1 px outside of the photo ({width} × {height} px)."
            )
        x1, y1, x2, y2 = max(x1, 0.0), max(y1, 0.0), min(x2, float(width)), min(y2, float(height))
    x1, y1, x2, y2 = (round(value, DECIMALS) + 0.0 for value in (x1, y1, x2, y2))
    if x2 <= x1 or y2 <= y1:
        raise ItemRefused("empty_box", f"The box {_shown(box)} has no area.")
    return x1, y1, x2, y2


def _shown(box: Box) -> str:
    return "(" + ", ".join(f"{value:.6g}" for value in box) + ")"


def checked_boxes(boxes: Floats, widths: Floats, heights: Floats) -> tuple[Floats, npt.NDArray[np.int8]]:
    """`checked_box` for arrays: boxes (n, 4), widths and heights (n,) in px.

    Answers the boxes to 0.01 px, pulled in by at most 1 px, and a code per row: an index of REFUSALS, 0 if it is fine.
    """
    finite = np.asarray(np.isfinite(boxes).all(axis=1))
    safe = np.where(finite.reshape(-1, 1), boxes, 0.0)
    inverted = (safe[:, 2] < safe[:, 0]) | (safe[:, 3] < safe[:, 1])
    limit = np.stack((widths, heights, widths, heights), axis=1)
    outside = ((safe < -CLAMP) | (safe > limit + CLAMP)).any(axis=1)
    inside = np.rint(np.clip(safe, 0.0, limit) * 100) / 100 + 0.0
    empty = (inside[:, 2] <= inside[:, 0]) | (inside[:, 3] <= inside[:, 1])
    return inside, np.select([~finite, inverted, outside, empty], [1, 2, 3, 4], 0).astype(np.int8)
