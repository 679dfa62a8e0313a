"""Open-world localization: the boxes of several sources become the regions of a photo.

Algorithm 1 (papers V1, appendix B.1), by the rules of the design: the first source's boxes are the first
regions; for each box of the next source, in order of score, the region of best IoU so far (those just added
included; ties to the lowest index) takes its tags when that IoU is above the threshold, and the box is
dropped; otherwise it becomes a region. There is no NMS across sources: their scores are not comparable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .ports import Floats, ProposalsLike, no_boxes
from .roles import Role

Ints = npt.NDArray[np.int64]


class TagSupport(NamedTuple):
    """A tag that a source gave to a region."""

    text: str
    role: Role
    source: int
    box: int


@dataclass(slots=True)
class Regions:
    """The regions of one photo, in the order in which they came in.

    boxes: `(n, 4)`; scores: `(n,)`, each on the scale of its source; sources: `(n,)` position in the roster
    of the source that the box is from; indices: `(n,)` the box's place in what that source answered; keys:
    external ids of the boxes; tags: per region, what its own box and the boxes merged into it were called;
    merged: per region, (source, index) of the boxes that it swallowed.
    """

    boxes: Floats = field(default_factory=no_boxes)
    scores: Floats = field(default_factory=lambda: np.zeros(0))
    sources: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    indices: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    keys: list[str | None] = field(default_factory=list)
    tags: list[list[TagSupport]] = field(default_factory=list)
    merged: list[list[tuple[int, int]]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.boxes)


def order_by_score(scores: Floats) -> Ints:
    """Positions from best to worst; equal scores keep their order."""
    return np.argsort(-scores, kind="stable").astype(np.int64, copy=False)


def close_pairs(existing: Floats, new: Floats, threshold: float) -> tuple[Ints, Ints, Floats]:
    """(place of the new box, place of the earlier box, IoU) of all pairs above the threshold.

    Places count through `existing` `(n, 4)` and then `new` `(m, 4)`; a new box is paired with the existing
    ones and with the new ones before it. Pairs are ordered by new box, then by earlier box.

    Boxes of positive area whose IoU is above t share more than t of the wider one's width, so their left
    edges are near: `x1 - w (1 - t) / t < x1' < x1 + w (1 - t)`. Boxes sorted by left edge give those
    candidates at once, a small part of all pairs, and only for them the IoU is computed.
    """
    boxes = np.concatenate((existing, new))
    x1, y1, x2, y2 = np.ascontiguousarray(boxes.T)
    by_left = np.argsort(x1, kind="stable")
    left, width = x1[len(existing) :], (x2 - x1)[len(existing) :]
    # The reach is a little wider than the bound, so that rounding can never lose a pair.
    low = np.searchsorted(x1[by_left], left - width * ((1 - threshold) / threshold) * 1.000001 - 1e-6, "left")
    high = np.searchsorted(x1[by_left], left + width * (1 - threshold) * 1.000001 + 1e-6, "right")
    counts = high - low
    ends = np.cumsum(counts)
    ours = np.repeat(np.arange(len(existing), len(boxes)), counts)
    theirs = by_left[np.arange(len(ours)) + np.repeat(low - ends + counts, counts)]
    near = (theirs < ours) & (y1[theirs] < y2[ours]) & (y1[ours] < y2[theirs])
    ours, theirs = ours[near], theirs[near]
    overlaps = _iou_of_pairs(x1, y1, x2, y2, ours, theirs)
    close = overlaps > threshold
    ours, theirs, overlaps = ours[close], theirs[close], overlaps[close]
    order = np.lexsort((theirs, ours))
    return ours[order], theirs[order], overlaps[order]


def _iou_of_pairs(x1: Floats, y1: Floats, x2: Floats, y2: Floats, ours: Ints, theirs: Ints) -> Floats:
    width = np.minimum(x2[ours], x2[theirs]) - np.maximum(x1[ours], x1[theirs])
    height = np.minimum(y2[ours], y2[theirs]) - np.maximum(y1[ours], y1[theirs])
    inter = np.maximum(width, 0.0) * np.maximum(height, 0.0)
    areas = (x2 - x1) * (y2 - y1)
    overlaps: Floats = inter / (areas[ours] + areas[theirs] - inter)
    return overlaps


def merge_targets(existing: Floats, new: Floats, threshold: float) -> Ints:
    """Where each new box goes: `(m,)` region numbers; `existing` `(n, 4)`, `new` `(m, 4)` in score order.

    A number below n is an existing region. A new box that becomes a region gets the next free number, n,
    n + 1 and so on; a later box with the same number was merged into it.

    Equal to the literal loop, which computes one row of IoUs per new box: only pairs above the threshold can
    change the outcome, and only they are walked through one by one.
    """
    merged_into: dict[int, int] = {}
    best: dict[int, float] = {}
    ours, theirs, overlaps = close_pairs(existing, new, threshold)
    for box, other, overlap in zip(ours.tolist(), theirs.tolist(), overlaps.tolist(), strict=True):
        # A box that was merged away is no region. Strictly better: a tie goes to the lower number.
        if other not in merged_into and overlap > best.get(box, 0.0):
            best[box] = overlap
            merged_into[box] = other
    places = np.arange(len(existing), len(existing) + len(new))
    if not merged_into:
        return places
    into = places.copy()
    dropped = np.fromiter(merged_into, dtype=np.int64, count=len(merged_into))
    into[dropped - len(existing)] = np.fromiter(merged_into.values(), dtype=np.int64, count=len(merged_into))
    is_region = np.ones(len(existing) + len(new), dtype=bool)
    is_region[dropped] = False
    numbers = np.cumsum(is_region) - 1
    answer: Ints = numbers[into]
    return answer


def merge_source(
    regions: Regions,
    proposals: ProposalsLike,
    *,
    source: int,
    role: Role,
    threshold: float,
    max_boxes: int | None = None,
) -> Regions:
    """Algorithm 1 for one source: `regions` are the regions so far and are not changed.

    The boxes of source 0 all stay: they are what the merge starts from. max_boxes: only so many of the source's
    boxes count, best scores first.
    """
    boxes, scores = np.asarray(proposals.boxes, dtype=np.float64), np.asarray(proposals.scores)
    order = order_by_score(scores)[:max_boxes]
    if source == 0:
        targets = np.arange(len(order), dtype=np.int64)
        fresh = np.ones(len(order), dtype=bool)
    else:
        targets = merge_targets(regions.boxes, boxes[order], threshold)
        highest_before = np.maximum.accumulate(np.concatenate(([len(regions) - 1], targets)))[:-1]
        fresh = targets > highest_before
    kept = order[fresh]
    result = Regions(
        boxes=np.concatenate((regions.boxes, boxes[kept])),
        scores=np.concatenate((regions.scores, scores[kept])),
        sources=np.concatenate((regions.sources, np.full(len(kept), source, dtype=np.int64))),
        indices=np.concatenate((regions.indices, kept)),
        keys=[*regions.keys, *(_key(proposals, index) for index in kept.tolist())],
        tags=[*map(list, regions.tags), *([] for _ in kept)],
        merged=[*map(list, regions.merged), *([] for _ in kept)],
    )
    for index, number, is_fresh in zip(order.tolist(), targets.tolist(), fresh.tolist(), strict=True):
        if proposals.tags:
            result.tags[number].extend(TagSupport(text, role, source, index) for text in proposals.tags[index])
        if not is_fresh:
            result.merged[number].append((source, index))
    return result


def _key(proposals: ProposalsLike, index: int) -> str | None:
    return proposals.keys[index] if proposals.keys else None


def merge_sources(
    sources: Sequence[tuple[ProposalsLike, Role]], threshold: float, *, max_boxes: int | None = None
) -> Regions:
    """Algorithm 1 over all sources of one photo, in roster order, each with the bit its tags carry.

    threshold: IoU strictly above it merges. Boxes must have passed `checks.check_proposals`.
    """
    regions = Regions()
    for number, (proposals, role) in enumerate(sources):
        regions = merge_source(regions, proposals, source=number, role=role, threshold=threshold, max_boxes=max_boxes)
    return regions
