"""Hierarchical grouping of an over-segmentation, in the manner of selective search (Uijlings et al., 2013).

Neighbouring segments of similar colour are merged step by step, small ones first, until one is left; every
segment on the way is a guess at an object or a part of one.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

BINS = 16
"""Histogram bins per colour channel."""


@dataclass(slots=True)
class Segment:
    """A set of pixels. box: x1, y1, x2, y2 in pixels; histogram: `(3 * BINS,)` pixel counts per channel and
    bin; border: neighbour -> [pixel edges shared, summed colour difference across them]."""

    size: int
    box: tuple[int, int, int, int]
    histogram: Floats
    border: dict[int, list[float]] = field(default_factory=dict)

    @property
    def border_length(self) -> float:
        return sum(length for length, _ in self.border.values())

    @property
    def border_contrast(self) -> float:
        """Mean colour difference across its border, 0 for a segment without neighbours."""
        length = self.border_length
        return sum(contrast for _, contrast in self.border.values()) / length if length else 0.0

    @property
    def fill(self) -> float:
        """Share of its box that it covers."""
        x1, y1, x2, y2 = self.box
        return self.size / ((x2 - x1) * (y2 - y1))


def colour_bins(lab: Floats) -> Labels:
    """`(h, w, 3)` histogram bin of every channel of a CIELAB image, counted through all `3 * BINS`."""
    low, high = np.array([0.0, -60.0, -60.0]), np.array([100.0, 60.0, 60.0])
    scaled = np.clip((lab - low) / (high - low), 0.0, 1.0 - 1e-9)
    bins: Labels = (scaled * BINS).astype(np.int64) + np.arange(3) * BINS
    return bins


def group(labels: Labels, lab: Floats) -> list[Segment]:
    """All segments of the hierarchy: the `k` given ones (labels 0 to k - 1), then every merger, in order.

    labels: `(h, w)`; lab: `(h, w, 3)` the same photo in CIELAB.
    """
    segments = _leaves(labels, colour_bins(lab))
    _connect(segments, labels, lab)
    pixels = labels.size
    queue = [
        (-_likeness(segments[a], segments[b], pixels), a, b)
        for a in range(len(segments))
        for b in segments[a].border
        if a < b
    ]
    heapq.heapify(queue)
    alive = set(range(len(segments)))
    while queue:
        _, a, b = heapq.heappop(queue)
        if a not in alive or b not in alive:
            continue
        alive -= {a, b}
        new = len(segments)
        segments.append(_merged(segments, a, b, new))
        alive.add(new)
        for other in segments[new].border:
            heapq.heappush(queue, (-_likeness(segments[new], segments[other], pixels), other, new))
    return segments


def _leaves(labels: Labels, bins: Labels) -> list[Segment]:
    count = int(labels.max()) + 1
    flat = labels.ravel()
    sizes = np.bincount(flat, minlength=count)
    histograms = np.zeros((count, 3 * BINS))
    for channel in range(3):
        joint = np.bincount(flat * 3 * BINS + bins[:, :, channel].ravel(), minlength=count * 3 * BINS)
        histograms += joint.reshape(count, 3 * BINS)
    rows, columns = np.indices(labels.shape)
    corners = np.empty((count, 4), dtype=np.int64)
    corners[:, :2] = max(labels.shape)
    corners[:, 2:] = -1
    np.minimum.at(corners[:, 0], flat, columns.ravel())
    np.minimum.at(corners[:, 1], flat, rows.ravel())
    np.maximum.at(corners[:, 2], flat, columns.ravel())
    np.maximum.at(corners[:, 3], flat, rows.ravel())
    corners[:, 2:] += 1
    return [
        Segment(int(sizes[at]), (box[0], box[1], box[2], box[3]), histograms[at])
        for at, box in enumerate(corners.tolist())
    ]


def _connect(segments: list[Segment], labels: Labels, lab: Floats) -> None:
    """Fills in `border` from the pixel edges between different labels."""
    count = len(segments)
    for a, b, first, second in (
        (labels[:, :-1], labels[:, 1:], lab[:, :-1], lab[:, 1:]),
        (labels[:-1], labels[1:], lab[:-1], lab[1:]),
    ):
        across = a != b
        low, high = np.minimum(a, b)[across], np.maximum(a, b)[across]
        difference = np.sqrt(np.square(first[across] - second[across]).sum(axis=-1))
        pairs, place = np.unique(low * count + high, return_inverse=True)
        lengths, sums = np.bincount(place), np.bincount(place, weights=difference)
        for pair, length, total in zip(pairs.tolist(), lengths.tolist(), sums.tolist(), strict=True):
            _share(segments, pair // count, pair % count, length, total)


def _share(segments: list[Segment], a: int, b: int, length: float, contrast: float) -> None:
    for one, other in ((a, b), (b, a)):
        known = segments[one].border.setdefault(other, [0.0, 0.0])
        known[0] += length
        known[1] += contrast


def _merged(segments: list[Segment], a: int, b: int, number: int) -> Segment:
    """The union of two neighbours, which takes their place in the borders of the others."""
    one, two = segments[a], segments[b]
    border: dict[int, list[float]] = {}
    for segment in (one, two):
        for other, (length, contrast) in segment.border.items():
            if other not in {a, b}:
                known = border.setdefault(other, [0.0, 0.0])
                known[0] += length
                known[1] += contrast
    for other, shared in border.items():
        segments[other].border = {
            neighbour: value for neighbour, value in segments[other].border.items() if neighbour not in {a, b}
        }
        segments[other].border[number] = list(shared)
    return Segment(one.size + two.size, _union(one.box, two.box), one.histogram + two.histogram, border)


def _union(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def _likeness(a: Segment, b: Segment, pixels: int) -> float:
    """Selective search's sum of colour likeness, smallness and fill, each 0 to 1."""
    colour = float(np.minimum(a.histogram / a.size, b.histogram / b.size).sum()) / 3
    small = 1 - (a.size + b.size) / pixels
    x1, y1, x2, y2 = _union(a.box, b.box)
    fill = 1 - ((x2 - x1) * (y2 - y1) - a.size - b.size) / pixels
    return colour + small + fill
