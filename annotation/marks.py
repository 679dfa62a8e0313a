"""The geometry of what is drawn over a photo. Pure: boxes in pixels of the original, answers are SVG path data.

The marks of the selected region lie outside its box, so that none of its pixels is covered: the strokes are drawn
on the box's edge and clipped to the outside.
"""

from dataclasses import dataclass

Box = tuple[float, float, float, float]

# A region is drawn on a stage of about this width and height (px of the screen), when there is no narrow window.
STAGE = (760.0, 560.0)
RETICLE_BELOW = 48
CLOSE_UP_BELOW = 64
TICK, GAP = 24.0, 11.0
CONTEXT = 0.6
BRIGHT_ABOVE, DARK_BELOW = 0.6, 0.36


@dataclass(frozen=True, slots=True)
class Mark:
    """box, outside: path data of the region's edge, and of the photo without the region (even-odd).

    clip: everything around the region, far beyond the photo. reticle: ticks around a region that is drawn small,
    else empty. close_up: the viewBox of the region with its surroundings when it is drawn small, else empty.
    """

    box: str
    outside: str
    clip: str
    reticle: str
    close_up: str


def rectangle(box: Box) -> str:
    """Path data of a box."""
    x1, y1, x2, y2 = box
    return f"M{x1:.2f} {y1:.2f}H{x2:.2f}V{y2:.2f}H{x1:.2f}z"


def rectangles(boxes: list[Box]) -> str:
    """Path data of many boxes, as one path."""
    return "".join(map(rectangle, boxes))


def dim_class(mean_luma: float) -> str:
    """How strongly the surroundings of a region are dimmed (docs: the brighter the photo, the stronger)."""
    if mean_luma > BRIGHT_ABOVE:
        return "dim-bright"
    return "dim-dark" if mean_luma < DARK_BELOW else "dim-mid"


def mark_of(box: Box, *, width: int, height: int) -> Mark:
    """The marks of the selected region on a photo of `width` by `height` px."""
    edge = rectangle(box)
    scale = min(STAGE[0] / width, STAGE[1] / height)
    drawn = min(box[2] - box[0], box[3] - box[1]) * scale
    far = (-float(width), -float(height), 2.0 * width, 2.0 * height)
    return Mark(
        box=edge,
        outside=rectangle((0, 0, width, height)) + edge,
        clip=rectangle(far) + edge,
        reticle=_reticle(box, 1 / scale) if drawn < RETICLE_BELOW else "",
        close_up=_close_up(box, width, height) if drawn < CLOSE_UP_BELOW else "",
    )


def _reticle(box: Box, unit: float) -> str:
    """Four ticks around the box; `unit` is one pixel of the screen in pixels of the photo."""
    x1, y1, x2, y2 = box
    gap, tick = GAP * unit, TICK * unit
    middle_x, middle_y = (x1 + x2) / 2, (y1 + y2) / 2
    return (
        f"M{x1 - gap:.2f} {middle_y:.2f}h{-tick:.2f}M{x2 + gap:.2f} {middle_y:.2f}h{tick:.2f}"
        f"M{middle_x:.2f} {y1 - gap:.2f}v{-tick:.2f}M{middle_x:.2f} {y2 + gap:.2f}v{tick:.2f}"
    )


def _close_up(box: Box, width: int, height: int) -> str:
    """viewBox of the region with CONTEXT of its size around it, moved so that it stays on the photo."""
    x1, y1, x2, y2 = box
    wide = min((x2 - x1) * (1 + 2 * CONTEXT), width)
    high = min((y2 - y1) * (1 + 2 * CONTEXT), height)
    left = min(max((x1 + x2 - wide) / 2, 0), width - wide)
    top = min(max((y1 + y2 - high) / 2, 0), height - high)
    return f"{left:.2f} {top:.2f} {wide:.2f} {high:.2f}"
