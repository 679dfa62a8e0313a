"""What of a photo a card of a package shows: the region with its surroundings. Pure; pixels of the photo."""

from annotation.marks import Box

ASPECT = 1.5
CONTEXT = 0.6
SMALLEST = 48.0


def crop_of(box: Box, *, width: int, height: int) -> str:
    """viewBox of the region with at least CONTEXT of its size around it, ASPECT wide, on the photo where possible."""
    x1, y1, x2, y2 = box
    high = max((y2 - y1) * (1 + CONTEXT), (x2 - x1) * (1 + CONTEXT) / ASPECT, SMALLEST)
    wide = high * ASPECT
    left = _inside((x1 + x2 - wide) / 2, wide, width)
    top = _inside((y1 + y2 - high) / 2, high, height)
    return f"{left:.1f} {top:.1f} {wide:.1f} {high:.1f}"


def _inside(start: float, length: float, limit: float) -> float:
    """Move a stretch into 0..limit; one that is longer is centred."""
    if length >= limit:
        return (limit - length) / 2
    return min(max(start, 0.0), limit - length)
