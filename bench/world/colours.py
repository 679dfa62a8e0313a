"""The colours that the world has words for, and what it means to tint a picture with one."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image

COLOURS: Final = {
    "red": (214, 40, 40),
    "orange": (245, 140, 30),
    "yellow": (246, 211, 45),
    "green": (58, 160, 70),
    "blue": (50, 110, 215),
    "purple": (128, 62, 176),
    "pink": (240, 120, 175),
    "brown": (135, 88, 52),
    "gray": (135, 138, 142),
    "white": (245, 245, 245),
    "black": (35, 35, 38),
}
"""Name -> RGB. An untinted thing has the colour that the table of concepts says, or several."""

TINTS: Final = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "gray")
"""Colours that a thing can be tinted with."""

_STRENGTH: Final = 0.85
_MIDDLE: Final = 0.62


def tinted(picture: Image.Image, tint: str) -> Image.Image:
    """The RGBA picture in shades of one colour: its middle tone in that colour, lighter and darker parts around it."""
    pixels = np.asarray(picture).astype(np.float32)
    light = pixels[..., :3] @ np.array([0.299, 0.587, 0.114], np.float32)
    opaque = light[pixels[..., 3] > 127]
    low, middle, high = np.percentile(opaque, [5, 50, 95])
    contrast = np.where(light < middle, middle - low, high - middle).clip(64)
    shade = np.clip(_MIDDLE + 0.34 * (light - middle) / contrast, 0.0, 1.0)[..., None]
    colour = np.array(COLOURS[tint], np.float32)
    dark_side = colour * (shade / _MIDDLE)
    light_side = colour + (255 - colour) * (shade - _MIDDLE) / (1 - _MIDDLE)
    shades = np.where(shade < _MIDDLE, dark_side, light_side)
    pixels[..., :3] = pixels[..., :3] * (1 - _STRENGTH) + shades * _STRENGTH
    return Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8), "RGBA")
