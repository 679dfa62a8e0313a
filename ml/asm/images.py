"""Photos as the tower wants them: resized whole to one size, normalised."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from .config import TowerConfig


def pixels(image: Image.Image, size: tuple[int, int]) -> Tensor:
    """An image resized whole to (height, width), as (3, height, width) uint8."""
    resized = image.convert("RGB").resize((size[1], size[0]), Image.Resampling.BICUBIC)
    return torch.from_numpy(np.array(resized)).permute(2, 0, 1)


def normalised(batch: Tensor, config: TowerConfig, dtype: torch.dtype) -> Tensor:
    """(B, 3, H, W) uint8 -> the same in `dtype`, each channel less its mean, over its deviation."""
    mean = torch.tensor(config.mean, device=batch.device).view(3, 1, 1)
    deviation = torch.tensor(config.std, device=batch.device).view(3, 1, 1)
    return ((batch.float() / 255 - mean) / deviation).to(dtype)
