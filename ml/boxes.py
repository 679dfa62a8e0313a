"""Boxes: `(x1, y1, x2, y2)` in pixels, x2 and y2 exclusive, as float32 tensors of shape (n, 4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

TOLERANCE: Final = 1.0
"""Pixels by which a box may stick out of its image before it is refused: rounding by those who made it."""

Size = tuple[int, int]
"""(width, height) in pixels."""

Boxes = Sequence[Sequence[float]] | np.ndarray[Any, Any] | Tensor
"""(n, 4), as others may give them."""


class BoxError(ValueError):
    """A box that cannot be used. The text names it by its position and says what is wrong with it."""


def checked_boxes(boxes: Boxes, width: int, height: int) -> Tensor:
    """The boxes of one image as (n, 4) float32 on the CPU, cut to the image; no box gives (0, 4).

    Raises BoxError at the first that is not four numbers, not finite, inverted, empty, or outside by more than 1 px.
    """
    if width < 1 or height < 1:
        raise BoxError(f"an image of {width} x {height} px has no room for a box")
    rows = _rows(boxes)
    _check(rows, width, height)
    right_bottom = np.array([width, height, width, height], np.float64)
    clipped = np.clip(rows, 0.0, right_bottom).astype(np.float32)
    empty = (clipped[:, 2] <= clipped[:, 0]) | (clipped[:, 3] <= clipped[:, 1])
    _refuse(rows, empty, f"is outside the image of {width} x {height} px, or too thin to have an area")
    return torch.from_numpy(clipped)


def scaled_boxes(boxes: Tensor, *, from_size: Size, to_size: Size) -> Tensor:
    """(n, 4) boxes on an image of `from_size`, on the same image resized to `to_size`; sizes are (width, height)."""
    x, y = to_size[0] / from_size[0], to_size[1] / from_size[1]
    return boxes * boxes.new_tensor([x, y, x, y])


def whole_image(width: int, height: int) -> Tensor:
    """(1, 4): the box over everything, which stands for the image."""
    return torch.tensor([[0.0, 0.0, width, height]])


def _rows(boxes: Boxes) -> np.ndarray[Any, np.dtype[np.float64]]:
    values = boxes.detach().cpu().numpy() if isinstance(boxes, Tensor) else boxes
    try:
        rows = np.asarray(values, np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise BoxError(f"boxes must be rows of four numbers (x1, y1, x2, y2): {error}") from error
    if rows.size == 0:
        return rows.reshape(0, 4)
    if rows.ndim != 2 or rows.shape[1] != 4:
        raise BoxError(f"boxes must be rows of four numbers (x1, y1, x2, y2), not of shape {rows.shape}")
    return rows


def _check(rows: np.ndarray[Any, np.dtype[np.float64]], width: int, height: int) -> None:
    _refuse(rows, ~np.isfinite(rows).all(1), "has a coordinate that is no finite number")
    x1, y1, x2, y2 = rows.T
    _refuse(rows, (x2 < x1) | (y2 < y1), "is inverted: x1 < x2 and y1 < y2 are needed")
    _refuse(rows, (x2 == x1) | (y2 == y1), "is empty: x1 < x2 and y1 < y2 are needed")
    outside = (x1 < -TOLERANCE) | (y1 < -TOLERANCE) | (x2 > width + TOLERANCE) | (y2 > height + TOLERANCE)
    _refuse(rows, outside, f"is outside the image of {width} x {height} px by more than {TOLERANCE:g} px")


def _refuse(rows: np.ndarray[Any, np.dtype[np.float64]], bad: np.ndarray[Any, np.dtype[np.bool_]], what: str) -> None:
    if bad.any():
        index = int(bad.argmax())
        shown = ", ".join(f"{value:g}" for value in rows[index])
        raise BoxError(f"box {index} ({shown}) {what}")
