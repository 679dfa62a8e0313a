"""Algorithm 1: photos per second on one core, for 300 + 300 boxes, beside the literal loop.

The photos are made up: boxes of photo-like sizes; of the second source 40 % are near-copies of the first's and
20 % near-copies of each other, so that every branch of the merge is taken. Both implementations run on the same
photos in the same process, and their results are compared.
"""

from __future__ import annotations

import os

# One core: numpy's own threads would count as more.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import statistics
import time
from collections.abc import Callable

import numpy as np

from annotation.pipeline.localization import merge_sources
from annotation.pipeline.ports import Floats, Proposals
from annotation.pipeline.roles import Role

from . import reporting

BOXES = 300
THRESHOLD = 0.75
GOALS = {"images_per_s": (reporting.AT_LEAST, 500.0)}

Photo = list[tuple[Proposals, Role]]


def make_photos(count: int, seed: int = 0) -> list[Photo]:
    """Two sources of BOXES boxes on each of `count` photos of 1000 x 750 px."""
    random = np.random.default_rng(seed)
    return [_photo(random) for _ in range(count)]


def _photo(random: np.random.Generator) -> Photo:
    first, second = _boxes(random), _boxes(random)
    near, twins = BOXES * 2 // 5, BOXES // 5
    second[:near] = first[:near] + random.uniform(-3, 3, (near, 4))
    second[-twins:] = second[-2 * twins : -twins] + random.uniform(-2, 2, (twins, 4))
    tags = [(f"thing {number % 40}",) for number in range(BOXES)]
    return [
        (Proposals(first, random.random(BOXES)), Role.CLASS_AGNOSTIC),
        (Proposals(second, random.random(BOXES), tags), Role.DETECTOR),
    ]


def _boxes(random: np.random.Generator) -> Floats:
    sides = np.exp(random.normal(4.3, 0.8, (BOXES, 2))).clip(12, 600)
    corners = random.uniform(5, [1000, 750], (BOXES, 2))
    return np.hstack((corners, corners + sides)).round(2)


def literal_merge(first: Floats, second: Floats, scores: Floats, threshold: float) -> list[int]:
    """Algorithm 1 as the paper prints it, one IoU row per new box; region number of each in score order."""
    regions = list(first)
    targets = []
    for place in np.argsort(-scores, kind="stable"):
        box = second[place]
        known = np.array(regions)
        width = np.maximum(np.minimum(known[:, 2], box[2]) - np.maximum(known[:, 0], box[0]), 0.0)
        height = np.maximum(np.minimum(known[:, 3], box[3]) - np.maximum(known[:, 1], box[1]), 0.0)
        inter = width * height
        areas = (known[:, 2] - known[:, 0]) * (known[:, 3] - known[:, 1])
        overlaps = inter / (areas + (box[2] - box[0]) * (box[3] - box[1]) - inter)
        best = int(overlaps.argmax())
        if overlaps[best] > threshold:
            targets.append(best)
        else:
            targets.append(len(regions))
            regions.append(box)
    return targets


def _literal(photo: Photo) -> int:
    (first, _), (second, _) = photo
    order = np.argsort(-first.scores, kind="stable")
    return 1 + max(literal_merge(first.boxes[order], second.boxes, second.scores, THRESHOLD))


def _product(photo: Photo) -> int:
    return len(merge_sources(photo, THRESHOLD))


def photos_per_second(merge: Callable[[Photo], int], photos: list[Photo], rounds: int) -> float:
    """Median over the rounds."""
    rates = []
    for _ in range(rounds):
        start = time.perf_counter()
        for photo in photos:
            merge(photo)
        rates.append(len(photos) / (time.perf_counter() - start))
    return statistics.median(rates)


def main() -> None:
    options = reporting.parser("merge", (__doc__ or "").splitlines()[0])
    options.add_argument("--photos", type=int, default=200)
    arguments = options.parse_args()
    photos = make_photos(arguments.photos)
    sample = photos[: max(1, len(photos) // 10)]
    different = sum(_literal(photo) != _product(photo) for photo in sample)
    figures = {
        "images_per_s": round(photos_per_second(_product, photos, 5), 1),
        "literal_loop_images_per_s": round(photos_per_second(_literal, sample, 3), 1),
        "regions_per_image": round(statistics.mean(map(_product, sample)), 1),
        "photos_with_another_number_of_regions": different,
    }
    if not arguments.json:
        for name, value in figures.items():
            print(f"{name:>40}: {value:,}")
    goals = {**GOALS, "photos_with_another_number_of_regions": (reporting.AT_MOST, 0.0)}
    reporting.report("merge", figures, goals)


if __name__ == "__main__":
    main()
