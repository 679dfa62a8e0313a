"""Photos for backend tests, without anything of the application."""

from dataclasses import dataclass, field
from typing import Any

from PIL import Image, ImageDraw

from ml.backends.values import Proposals


@dataclass
class TestPhoto:
    """A photo in memory; `width` and `height` may be larger than the pixels'."""

    __test__ = False

    pixels: Image.Image
    width: int
    height: int
    captions: tuple[str, ...] = ()
    imported: Any = field(default_factory=Proposals)

    def load(self) -> Image.Image:
        return self.pixels


def captioned(*captions: str) -> TestPhoto:
    return TestPhoto(Image.new("RGB", (8, 8)), 8, 8, captions)


def shipped(name: str, *captions: str) -> TestPhoto:
    """A photo that ships inside scikit-image."""
    from skimage import data

    image = Image.fromarray(getattr(data, name)()).convert("RGB")
    return TestPhoto(image, image.width, image.height, captions)


def drawn(*shapes: tuple[tuple[int, int, int, int], str], size: tuple[int, int] = (320, 240), background: str = "gray"):
    """A photo of plain rectangles: (box, colour)."""
    image = Image.new("RGB", size, background)
    for (x1, y1, x2, y2), color in shapes:
        ImageDraw.Draw(image).rectangle((x1, y1, x2 - 1, y2 - 1), fill=color)
    return TestPhoto(image, *size)
