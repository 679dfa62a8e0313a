"""Names of the colours of a crop."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image

from ml.backends.values import Photo

_SIDE: Final = 48
"""The crop is looked at in this size, px."""

_EDGE: Final = 0.1
"""Share of the box at every side that is left out: there it shows more surroundings than object."""

_SECOND: Final = 0.25
"""Share of the crop from which on a colour is named."""

HUES: Final = (
    (15, "red"),
    (42, "orange"),
    (70, "yellow"),
    (165, "green"),
    (260, "blue"),
    (295, "purple"),
    (340, "pink"),
    (361, "red"),
)
"""Upper end of each hue in degrees."""


def crop_of(photo: Photo, box: tuple[float, float, float, float]) -> Image.Image:
    """The middle of the box, RGB, at most _SIDE px a side; at least one pixel."""
    image = photo.load()
    across, down = image.width / photo.width, image.height / photo.height
    x1, y1, x2, y2 = box
    inset_x, inset_y = (x2 - x1) * _EDGE, (y2 - y1) * _EDGE
    left, top = int((x1 + inset_x) * across), int((y1 + inset_y) * down)
    left, top = min(left, image.width - 1), min(top, image.height - 1)
    right = min(image.width, max(left + 1, round((x2 - inset_x) * across)))
    bottom = min(image.height, max(top + 1, round((y2 - inset_y) * down)))
    crop = image.crop((left, top, right, bottom))
    crop.thumbnail((_SIDE, _SIDE))
    return crop


def dominant_colors(crop: Image.Image) -> list[str]:
    """One or two colour names, the commonest first."""
    hsv = np.asarray(crop.convert("RGB").convert("HSV"), dtype=np.float64).reshape(-1, 3)
    hue, saturation, value = hsv[:, 0] * 360 / 255, hsv[:, 1] / 255, hsv[:, 2] / 255
    names = np.array([name for _, name in HUES])[np.searchsorted([end for end, _ in HUES], hue, side="right")]
    warm = (hue < 42) | (hue >= 345)
    names = np.where(warm & (saturation < 0.45) & (value >= 0.7), "beige", names)
    names = np.where(warm & (hue >= 8) & (hue < 42) & (value < 0.62), "brown", names)
    names = np.where(saturation < 0.15, "gray", names)
    names = np.where((saturation < 0.15) & (value > 0.82), "white", names)
    names = np.where(value < 0.2, "black", names)
    found, counts = np.unique(names, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    shares = counts[order] / counts.sum()
    return [str(found[place]) for place, share in zip(order[:2], shares[:2], strict=True) if share >= _SECOND] or [
        str(found[order[0]])
    ]
