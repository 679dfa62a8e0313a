"""`builtin:proposals`: class-agnostic boxes from colour and edges, without a learned model.

Felzenszwalb's segmentation at two scales, hierarchical grouping (`grouping`), then the groups that stand out
from their surroundings, best first, without near-duplicates. Crude beside SAM, and honest about it: the scores
say how much a group differs from what is around it, nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from ml.backends.values import Floats, Photo, Proposals

from .grouping import BINS, Segment, colour_bins, group

MARGIN: Final = 0.2
"""The surroundings of a box reach this share of its sides beyond it, at least 3 px of the working copy."""

FULL_CONTRAST: Final = 25.0
"""CIELAB difference across a border from which on it counts as fully visible."""

LARGER_FIRST: Final = 0.25
"""Power of the share of the photo: of two groups that stand out equally the larger is the likelier object."""


class SegmentProposals:
    """Localizer, deterministic, under a second per photo on one core.

    max_boxes: per photo at most; side: longest side of the working copy, px; scales: of Felzenszwalb's
    segmentation (larger: coarser); min_side: smallest side of a box as a share of the photo's longest side;
    max_area: largest area as a share of the photo; overlap: of two boxes with a larger IoU the better stays;
    faintest: smallest score that counts, as a share of the photo's best.
    """

    version = "1"

    def __init__(
        self,
        *,
        max_boxes: int = 40,
        side: int = 320,
        fine: float = 60.0,
        coarse: float = 200.0,
        min_side: float = 0.04,
        max_area: float = 0.9,
        overlap: float = 0.6,
        faintest: float = 0.25,
    ) -> None:
        if max_boxes < 1 or not 64 <= side <= 512:
            raise ValueError("max_boxes must be at least 1 and side between 64 and 512")
        if not (fine > 0 and coarse > 0 and 0 < min_side < 1 and 0 < max_area <= 1 and 0 < overlap <= 1):
            raise ValueError("scales must be positive; min_side, max_area and overlap between 0 and 1")
        self.max_boxes = max_boxes
        self.side = side
        self.scales = (fine, coarse)
        self.min_side = min_side
        self.max_area = max_area
        self.overlap = overlap
        self.faintest = faintest

    def localize(self, images: Sequence[Photo], tags: Sequence[Sequence[str]]) -> list[Proposals]:
        return [self._propose(image) for image in images]

    def _propose(self, image: Photo) -> Proposals:
        from skimage.color import rgb2lab
        from skimage.segmentation import felzenszwalb

        copy = image.load().copy()
        copy.thumbnail((self.side, self.side))
        pixels = np.asarray(copy)
        lab = np.asarray(rgb2lab(pixels), dtype=np.float64)
        counts = _integral_histogram(colour_bins(lab))
        boxes: list[tuple[int, int, int, int]] = []
        scores: list[float] = []
        for scale in self.scales:
            labels = felzenszwalb(pixels, scale=scale, sigma=0.8, min_size=max(20, pixels.size // 6000))
            for segment in group(labels, lab):
                if self._has_a_fit_size(segment.box, pixels.shape):
                    boxes.append(segment.box)
                    scores.append(objectness(segment, counts))
        found, strengths = np.array(boxes, dtype=np.float64).reshape(-1, 4), np.array(scores, dtype=np.float64)
        kept = _without_near_duplicates(found, strengths, self.overlap, self.max_boxes)
        kept = kept[strengths[kept] >= self.faintest * strengths.max(initial=0.0)]
        factors = np.array([image.width / copy.width, image.height / copy.height] * 2)
        return Proposals((found[kept] * factors).round(2), strengths[kept])

    def _has_a_fit_size(self, box: tuple[int, int, int, int], shape: tuple[int, ...]) -> bool:
        height, width = shape[:2]
        across, down = box[2] - box[0], box[3] - box[1]
        smallest = max(3.0, self.min_side * max(width, height))
        return min(across, down) >= smallest and across * down <= self.max_area * width * height


def objectness(segment: Segment, counts: npt.NDArray[np.int64]) -> float:
    """How much a segment stands out, 0 to 1: colours unlike its surroundings', a visible border, a filled box.

    counts: the photo's integral histogram, `(h + 1, w + 1, 3 * BINS)`.
    """
    height, width = counts.shape[0] - 1, counts.shape[1] - 1
    x1, y1, x2, y2 = segment.box
    across, down = max(3, round((x2 - x1) * MARGIN)), max(3, round((y2 - y1) * MARGIN))
    left, top = max(0, x1 - across), max(0, y1 - down)
    right, bottom = min(width, x2 + across), min(height, y2 + down)
    around = counts[bottom, right] - counts[top, right] - counts[bottom, left] + counts[top, left]
    outside = around - segment.histogram
    total = outside[:BINS].sum()
    if total <= 0:
        return 0.0
    unlike = 0.5 * np.abs(segment.histogram / segment.size - outside / total).sum() / 3
    visible = min(segment.border_contrast / FULL_CONTRAST, 1.0)
    inside_photo = 1 - sum((x1 == 0, y1 == 0, x2 == width, y2 == height)) / 6
    share = (x2 - x1) * (y2 - y1) / (width * height)
    return float(unlike * visible**0.5 * segment.fill**0.5 * inside_photo * share**LARGER_FIRST)


def _integral_histogram(bins: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """`(h + 1, w + 1, 3 * BINS)`: pixels per bin above and left of every place."""
    height, width = bins.shape[:2]
    counts = np.zeros((height + 1, width + 1, 3 * BINS), dtype=np.int32)
    rows, columns = np.indices((height, width))
    for channel in range(3):
        counts[rows + 1, columns + 1, bins[:, :, channel]] = 1
    return counts.cumsum(axis=0, dtype=np.int64).cumsum(axis=1)


def _without_near_duplicates(boxes: Floats, scores: Floats, overlap: float, limit: int) -> npt.NDArray[np.int64]:
    """Places of the best boxes, best first, no two of which have an IoU above `overlap`."""
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    waiting = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while len(waiting) and len(kept) < limit:
        best, waiting = int(waiting[0]), waiting[1:]
        kept.append(best)
        low = np.maximum(boxes[best, :2], boxes[waiting, :2])
        high = np.minimum(boxes[best, 2:], boxes[waiting, 2:])
        shared = np.prod(np.maximum(high - low, 0.0), axis=1)
        waiting = waiting[shared <= overlap * (areas[best] + areas[waiting] - shared)]
    return np.array(kept, dtype=np.int64)
