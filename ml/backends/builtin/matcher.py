"""`builtin:matcher`: ranks by a stated prior on who proposed a tag. It does not look at the pixels.

It stands in until a learned matcher exists, and its numbers are choices, not measurements:

| the tag was proposed for this region by | prior |
|---|---|
| people | 0.95 |
| imported annotations | 0.90 |
| a closed-set detector | 0.80 |
| a grounding detector | 0.70 |
| the magnifier | 0.50 |

| the tag was proposed for the whole photo by | prior |
|---|---|
| the spotter | 0.45 |
| the splitter | 0.28 |
| imported annotations (of other regions: they tend to be complete) | 0.20 |
| OCR | 0.15 |
| the imaginator | 0.12 |

Several proposers count as independent: 1 - (1 - p)(1 - q). A tag of the whole photo is multiplied by 0.95 for
every place it stands behind its proposer's first, by a fit to the region's size (what the spotter names tends
to be large, a part small) and to its height in the photo (sky above, floor below); and by a half where the
region has a tag of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from ml.backends.values import Candidate, Floats, Photo, Scores

OWN_PRIOR: Final = {"human": 0.95, "imported": 0.90, "detector": 0.80, "grounding": 0.70, "magnifier": 0.50}
SHARED_PRIOR: Final = {"spotter": 0.45, "imported": 0.20, "splitter": 0.28, "ocr": 0.15, "imaginator": 0.12}
PER_PLACE: Final = 0.95
BESIDE_OWN: Final = 0.5
WRONG_SIZE: Final = 0.7
"""How much is taken off a tag that fills photos where the region is a speck, or the other way round."""
WRONG_HEIGHT: Final = 0.5
"""Factor for a tag at the opposite end of the photo from where it belongs."""

ABOVE: Final = frozenset({"sky", "cloud", "ceiling", "roof", "sun", "moon", "rainbow", "chandelier"})
BELOW: Final = frozenset(
    {"floor", "ground", "road", "street", "sidewalk", "pavement", "grass", "sand", "rug", "carpet", "table"}
)


class SourcePrior:
    """Matcher. Deterministic; scores are between 0 and 1."""

    version = "1"

    def match(
        self,
        images: Sequence[Photo],
        boxes: Sequence[Floats],
        shared: Sequence[Sequence[Candidate]],
        own: Sequence[Sequence[Sequence[Candidate]]],
    ) -> list[Scores]:
        return [
            self._match(image, regions, candidates, mine)
            for image, regions, candidates, mine in zip(images, boxes, shared, own, strict=True)
        ]

    def _match(
        self, image: Photo, boxes: Floats, shared: Sequence[Candidate], own: Sequence[Sequence[Candidate]]
    ) -> Scores:
        base = np.array([_prior(tag, SHARED_PRIOR) * PER_PLACE**tag.rank for tag in shared], dtype=np.float64)
        largeness = np.array([_likes_large(tag) for tag in shared], dtype=np.float64)
        height = np.array([_likes_high(tag.text) for tag in shared], dtype=np.float64)
        size, above = _geometry(boxes, image.width, image.height)
        # Both fits are 1 where region and tag agree and fall linearly to their factor where they do not.
        fit_size = 1 - WRONG_SIZE * np.abs(largeness[None, :] - size[:, None])
        off = np.where(height == 0, 0.0, np.abs(np.where(height > 0, 1.0, 0.0)[None, :] - above[:, None]))
        fit_height = 1 - (1 - WRONG_HEIGHT) * off
        beside = np.array([BESIDE_OWN if len(mine) else 1.0 for mine in own]).reshape(-1, 1)
        return Scores(
            shared=base[None, :] * fit_size * fit_height * beside,
            own=[
                np.array([_prior(tag, OWN_PRIOR) * PER_PLACE**tag.rank for tag in mine], dtype=np.float64)
                for mine in own
            ],
        )


def _prior(tag: Candidate, table: dict[str, float]) -> float:
    doubt = 1.0
    for name in tag.role_names:
        doubt *= 1 - table.get(name, 0.0)
    return 1 - doubt


def _likes_large(tag: Candidate) -> float:
    """1: tends to fill the photo; 0: tends to be small. Parts are small, what the spotter names first is not."""
    if "spotter" in tag.role_names:
        return max(0.3, 1.0 - 0.1 * tag.rank)
    return 0.1 if "splitter" in tag.role_names else 0.4


def _likes_high(text: str) -> int:
    """1: belongs to the upper part of a photo; -1: to the lower; 0: anywhere."""
    noun = text.lower().rpartition(" ")[2]
    return 1 if noun in ABOVE else -1 if noun in BELOW else 0


def _geometry(boxes: Floats, width: int, height: int) -> tuple[Floats, Floats]:
    """Per region, the root of its share of the photo, and how high its centre is (1 = top edge)."""
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return np.sqrt(areas / (width * height)), 1 - (boxes[:, 1] + boxes[:, 3]) / (2 * height)
