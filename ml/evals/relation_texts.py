"""Boxes in texts of All-Seeing v2: `<ref>bus</ref><box>[[290, 260, 835, 781]]</box>`, whole numbers in [0, 1000).

A number n stands for n / 999 of the side it refers to: of the image itself ("plain"), or of the square that the image
is centred in by padding its shorter side ("padded", what the model sees).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

Box = tuple[float, float, float, float]
Coordinates = Literal["padded", "plain"]

SCALE = 999
_LIST = re.compile(r"<box>([^<]*)</box>")
_BOX = re.compile(r"\[\s*(\d{1,4})\s*,\s*(\d{1,4})\s*,\s*(\d{1,4})\s*,\s*(\d{1,4})\s*\]")


def boxes_in(text: str) -> Iterator[Box]:
    """The boxes of a text in order, in the text's own numbers."""
    for listed in _LIST.finditer(text):
        for found in _BOX.finditer(listed[1]):
            x1, y1, x2, y2 = map(float, found.groups())
            yield x1, y1, x2, y2


def to_pixels(box: Box, width: float, height: float, coordinates: Coordinates) -> Box:
    """A box (x1, y1, x2, y2) of a text in pixels of its image, cut at the image's borders."""
    across, down, left, top = width, height, 0.0, 0.0
    if coordinates == "padded":
        across = down = max(width, height)
        left, top = float((across - width) // 2), float((down - height) // 2)
    x1, x2 = (min(max(value / SCALE * across - left, 0.0), width) for value in (box[0], box[2]))
    y1, y2 = (min(max(value / SCALE * down - top, 0.0), height) for value in (box[1], box[3]))
    return x1, y1, x2, y2
