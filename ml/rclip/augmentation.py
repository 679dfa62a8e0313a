"""Random windows of an image that keep all its boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from ml.boxes import Size
from ml.data.manifests import Box


@dataclass(frozen=True)
class Window:
    """The part (left, top, right, bottom) of an image, mirrored or not, in whole pixels."""

    left: int
    top: int
    right: int
    bottom: int
    mirrored: bool

    def of(self, image: Image.Image) -> Image.Image:
        """The image seen through the window."""
        area = (self.left, self.top, self.right, self.bottom)
        seen = image if area == (0, 0, *image.size) else image.crop(area)
        return seen.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if self.mirrored else seen

    def placed(self, boxes: Sequence[Box]) -> list[Box]:
        """The boxes in pixels of the window."""
        width = self.right - self.left
        moved = [(x1 - self.left, y1 - self.top, x2 - self.left, y2 - self.top) for x1, y1, x2, y2 in boxes]
        return [(width - x2, y1, width - x1, y2) for x1, y1, x2, y2 in moved] if self.mirrored else moved


def window_around(
    boxes: Sequence[Box], size: Size, generator: np.random.Generator, *, crop: float, flip: float
) -> Window:
    """Each side moves inwards by a random part of up to `crop` (0 to 1) of its way to the nearest box.

    size: (width, height). flip: the chance of a mirrored window.
    """
    width, height = size
    left, top = (min(box[side] for box in boxes) for side in (0, 1))
    right, bottom = (max(box[side] for box in boxes) for side in (2, 3))
    inwards = generator.random(4) * crop
    return Window(
        int(inwards[0] * left),
        int(inwards[1] * top),
        width - int(inwards[2] * (width - right)),
        height - int(inwards[3] * (height - bottom)),
        bool(generator.random() < flip),
    )
