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
        return self.normalised(self.pixels(image)[None])[0]

    def pixels(self, image: Image.Image) -> Tensor:
        """(3, height, width) uint8."""
        height, width = self.image_size
        resized = image.convert("RGB").resize((width, height), Image.Resampling.BICUBIC)
        return torch.from_numpy(np.array(resized)).permute(2, 0, 1)

    def normalised(self, pixels: Tensor) -> Tensor:
        """(B, 3, height, width) uint8 -> float32, on the same device."""
        mean, std = pixels.new_tensor([self.mean, self.std], dtype=torch.float32)[:, :, None, None]
        normalised: Tensor = (pixels.float() / 255.0 - mean) / std
        return normalised

    def boxes(self, boxes: Boxes, size: Size) -> Tensor:
        """(n, 4) boxes in pixels of an original of `size` (width, height) -> pixels of the input. Raises BoxError."""
        height, width = self.image_size
        return scaled_boxes(checked_boxes(boxes, *size), from_size=size, to_size=(width, height))
