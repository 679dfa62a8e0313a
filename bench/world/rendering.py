"""Scenes as pictures."""

from __future__ import annotations

import io
from typing import Final

from PIL import Image

from .backgrounds import paint
from .glyphs import stamp
from .scenes import Scene, make_single

JPEG_QUALITY: Final = 90


def render(scene: Scene) -> Image.Image:
    """The scene as an RGB picture of its size; the same scene gives the same pixels."""
    picture = paint(scene.background, scene.width, scene.height)
    for thing in scene.objects:
        drawn = stamp(thing.look)
        picture.paste(drawn, thing.corner, drawn)
    return picture


def render_single(concept: str, seed: int, domain: str, *, side: int = 128) -> Image.Image:
    """One centred, upright thing in its own colours on a square background of the domain, RGB.

    Raises WorldError for an unknown concept or domain.
    """
    return render(make_single(concept, seed, domain, side=side))


def jpeg(picture: Image.Image) -> bytes:
    """The picture as a file: quality 90, no chroma subsampling."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling="4:4:4")
    return buffer.getvalue()
