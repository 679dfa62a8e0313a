"""From a picture to the network's input."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ml.boxes import Boxes, Size, checked_boxes, scaled_boxes

from .config import Statistics


@dataclass(frozen=True)
class Preprocessing:
    """Every image is resized whole to `image_size` (height, width), whatever its shape, so that no region is lost."""

    image_size: tuple[int, int]
    mean: Statistics
    std: Statistics

    def image(self, image: Image.Image) -> Tensor:
        """(3, height, width) float32, normalised."""
        height, width = self.image_size
        resized = image.convert("RGB").resize((width, height), Image.Resampling.BICUBIC)
        pixels = torch.from_numpy(np.asarray(resized, np.float32) / 255.0).permute(2, 0, 1)
        return (pixels - pixels.new_tensor(self.mean)[:, None, None]) / pixels.new_tensor(self.std)[:, None, None]

    def boxes(self, boxes: Boxes, size: Size) -> Tensor:
        """(n, 4) boxes in pixels of an original of `size` (width, height) -> pixels of the input. Raises BoxError."""
        height, width = self.image_size
        return scaled_boxes(checked_boxes(boxes, *size), from_size=size, to_size=(width, height))
