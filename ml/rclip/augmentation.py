"""Random windows of an image that keep all its boxes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ml.boxes import Size


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

    def placed(self, boxes: Tensor) -> Tensor:
        """(n, 4) boxes in pixels of the image -> in pixels of the window."""
        x1, y1, x2, y2 = (boxes - boxes.new_tensor([self.left, self.top, self.left, self.top])).unbind(1)
        width = self.right - self.left
        return torch.stack([width - x2, y1, width - x1, y2] if self.mirrored else [x1, y1, x2, y2], 1)


def window_around(boxes: Tensor, size: Size, generator: np.random.Generator, *, crop: float, flip: float) -> Window:
    """Each side moves inwards by a random part of up to `crop` (0 to 1) of its way to the nearest box.

    boxes: (n, 4), at least one. size: (width, height). flip: the chance of a mirrored window.
    """
    width, height = size
    left, top = boxes[:, :2].amin(0).tolist()
    right, bottom = boxes[:, 2:].amax(0).tolist()
    inwards = generator.random(4) * crop
    return Window(
        int(inwards[0] * left),
        int(inwards[1] * top),
        width - int(inwards[2] * (width - right)),
        height - int(inwards[3] * (height - bottom)),
        bool(generator.random() < flip),
    )
