"""COCO's average precision and recall written out loop by loop, for boxes and few of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

THRESHOLDS = [0.5 + 0.05 * step for step in range(10)]


def iou(a: Sequence[float], b: Sequence[float]) -> float:
    """Of [x, y, width, height] boxes."""
    across = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    down = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(across, 0) * max(down, 0)
    union = a[2] * a[3] + b[2] * b[3] - shared
    return shared / union if union else 0.0


def matches(truths: Sequence[Any], found: Sequence[Any], threshold: float) -> list[bool]:
    """Whether each result (best first) of one image and category takes a ground truth that is still free."""
    free = list(range(len(truths)))
    hits = []
    for result in found:
        best, taken = threshold - 1e-10, None
        for place in free:
            overlap = iou(result["bbox"], truths[place]["bbox"])
            if overlap >= best:
                best, taken = overlap, place
        if taken is not None:
            free.remove(taken)
        hits.append(taken is not None)
    return hits


def average_precision(
    truths: Sequence[Mapping[str, Any]], results: Sequence[Mapping[str, Any]], threshold: float
) -> tuple[float, float]:
    """(AP over 101 recalls, recall) at one IoU, meaned over the categories that have ground truth; at most 100 an image."""
    precisions, recalls = [], []
    for category in sorted({truth["category_id"] for truth in truths}):
        mine = [truth for truth in truths if truth["category_id"] == category]
        marked: list[tuple[float, bool]] = []
        for image in sorted({entry["image_id"] for entry in [*truths, *results]}):
            here = [r for r in results if r["image_id"] == image and r["category_id"] == category]
            here = sorted(here, key=lambda result: -result["score"])[:100]
            hits = matches([truth for truth in mine if truth["image_id"] == image], here, threshold)
            marked += [(result["score"], hit) for result, hit in zip(here, hits, strict=True)]
        marked.sort(key=lambda pair: -pair[0])
        curve = []
        for count in range(1, len(marked) + 1):
            right = sum(hit for _score, hit in marked[:count])
            curve.append((right / len(mine), right / count))
        wanted = np.linspace(0, 1, 101)
        precisions.append(np.mean([max((p for r, p in curve if r >= level), default=0) for level in wanted]))
        recalls.append(curve[-1][0] if curve else 0)
    return float(np.mean(precisions)), float(np.mean(recalls))
