"""Small pictures of regions, cut out of the photo by the browser: the region and its surroundings in an SVG window."""

from dataclasses import dataclass

from django.urls import reverse

from annotation.marks import Box, rectangle

AROUND = 0.35
RATIO = 4 / 3
"""Width by height of the window, so that pictures in a list are of one size."""


@dataclass(frozen=True, slots=True)
class Crop:
    """address and size of the photo; view_box: the window; box: path data of the region's edge."""

    address: str
    width: int
    height: int
    view_box: str
    box: str


def crop_of(*, slug: str, image_id: int, width: int, height: int, box: Box) -> Crop:
    """The region with a part of its size around it, on a window of one shape."""
    x1, y1, x2, y2 = box
    wide, high = (x2 - x1) * (1 + 2 * AROUND), (y2 - y1) * (1 + 2 * AROUND)
    wide, high = max(wide, high * RATIO), max(high, wide / RATIO)
    left, top = (x1 + x2 - wide) / 2, (y1 + y2 - high) / 2
    left = min(max(left, 0.0), max(width - wide, 0.0))
    top = min(max(top, 0.0), max(height - high, 0.0))
    address = reverse("annotation:image_file", args=[slug, image_id, "display"])
    return Crop(address, width, height, f"{left:.2f} {top:.2f} {wide:.2f} {high:.2f}", rectangle(box))
