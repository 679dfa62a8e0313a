"""Stage `clean` (papers V1, appendix E.3): the best regions of every size class, their tags re-ranked.

Per photo up to 100 regions per size class are kept by the raw score of their first tag; the segmenter, where
the roster has one, re-ranks the tags of the survivors; offensive words are dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from .batches import Batch, Failure
from .matching import Ranking, modulate_rankings
from .offensive import is_offensive
from .ports import Backends, Floats, ImageInput


class SizeClass(IntEnum):
    """A region's size by the root of its area, in pixels of the original; lower bounds belong to the class."""

    TINY = 0
    SMALL = 1
    MEDIUM = 2
    LARGE = 3
    XLARGE = 4
    HUGE = 5


LOWER_BOUNDS: Final = (0, 20, 40, 100, 200, 500)
"""Root of the area, px, at which each size class begins."""


@dataclass(frozen=True, slots=True)
class CleanImage:
    """kept: positions of the surviving regions, ascending; rankings: theirs, in the same order."""

    image_id: int
    kept: tuple[int, ...]
    rankings: tuple[Ranking, ...]


def size_classes(boxes: Floats) -> npt.NDArray[np.int64]:
    """`(n,)` SizeClass of `(n, 4)` boxes."""
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    squares = np.square(np.array(LOWER_BOUNDS[1:], dtype=np.float64))
    return np.searchsorted(squares, areas, side="right").astype(np.int64, copy=False)


def best_per_size_class(boxes: Floats, scores: Floats, limit: int) -> list[int]:
    """Positions of at most `limit` regions per size class, best scores first in; answered in ascending order.

    Equal scores: the earlier region wins.
    """
    classes = size_classes(boxes)
    kept: list[int] = []
    for size in SizeClass:
        members = np.flatnonzero(classes == size)
        order = np.argsort(-scores[members], kind="stable")
        kept += members[order[:limit]].tolist()
    return sorted(kept)


def clean_images(
    images: Sequence[ImageInput],
    boxes: Sequence[Floats],
    rankings: Sequence[Sequence[Ranking]],
    backends: Backends,
    *,
    max_per_size_class: int = 100,
    cover_weight: float = 1.0,
) -> list[CleanImage | Failure]:
    """The regions of each photo that are kept, and their rankings. A region without any tag is not kept."""
    batch = Batch("clean", images)
    kept: dict[int, list[int]] = {}
    survivors: dict[int, list[Ranking]] = {}
    for at in batch.alive:
        decent = [_decent(ranking) for ranking in rankings[at]]
        tagged = np.array([number for number, ranking in enumerate(decent) if ranking], dtype=np.int64)
        raw = np.array([max(entry.raw for entry in decent[number]) for number in tagged], dtype=np.float64)
        chosen = best_per_size_class(boxes[at][tagged], raw, max_per_size_class)
        kept[at] = tagged[chosen].tolist()
        survivors[at] = [decent[number] for number in kept[at]]
    if backends.segmenter is not None:
        kept_boxes = [boxes[at][kept[at]] for at in range(len(images))]
        survivors = modulate_rankings(batch, backends.segmenter, kept_boxes, survivors, cover_weight)
    return batch.results(
        {at: CleanImage(images[at].image_id, tuple(kept[at]), tuple(survivors[at])) for at in batch.alive}
    )


def _decent(ranking: Ranking) -> Ranking:
    return tuple(entry for entry in ranking if not is_offensive(entry.candidate.text))
