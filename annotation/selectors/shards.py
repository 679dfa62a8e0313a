"""What a shard of images needs, read by image id: never more than the shard."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from django.db import connection
from PIL.Image import Image as Pixels

from annotation.models import Concept, Image, ImportedCaption
from annotation.pipeline.matching import Ranked
from annotation.pipeline.ports import Candidate, Floats, ImageInput, Proposals, no_boxes
from annotation.pipeline.roles import Role

OpenPhoto: TypeAlias = Callable[[Image], Pixels]


@dataclass(frozen=True, slots=True)
class ShardImage:
    """An image as the backends see it, and the ids of the regions behind its imported boxes, in their order."""

    input: ImageInput
    imported_ids: tuple[int, ...]


@dataclass(slots=True)
class ShardRegions:
    """Regions of one image, parallel: ids, boxes `(n, 4)` px of the original, candidates of each alone."""

    ids: list[int] = field(default_factory=list)
    boxes: Floats = field(default_factory=no_boxes)
    own: list[list[Candidate]] = field(default_factory=list)


@dataclass(slots=True)
class ShardRankings:
    """Ranked candidates of the regions of one image, parallel."""

    ids: list[int] = field(default_factory=list)
    boxes: Floats = field(default_factory=no_boxes)
    rankings: list[tuple[Ranked, ...]] = field(default_factory=list)


@dataclass(slots=True)
class ShardTags:
    """Regions of one image with their first tag, best first, parallel."""

    ids: list[int] = field(default_factory=list)
    boxes: Floats = field(default_factory=no_boxes)
    concept_ids: list[int] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)


def load_images(image_ids: Sequence[int], open_photo: OpenPhoto) -> list[ShardImage]:
    """The images that were not taken down, in order of id, with captions and boxes that were imported for them.

    Pixels are read by `open_photo` when a backend asks for them.
    """
    captions: dict[int, list[str]] = defaultdict(list)
    for image_id, text in (
        ImportedCaption.objects.filter(image_id__in=image_ids).order_by("id").values_list("image_id", "text")
    ):
        captions[image_id].append(text)
    imported = _imported_boxes(image_ids)
    images = Image.objects.filter(pk__in=image_ids, removed_at=None).order_by("pk")
    return [_shard_image(image, captions[image.pk], imported.get(image.pk), open_photo) for image in images]


def _shard_image(
    image: Image, captions: list[str], imported: tuple[tuple[int, ...], Proposals] | None, open_photo: OpenPhoto
) -> ShardImage:
    ids, proposals = imported or ((), Proposals())
    return ShardImage(
        ImageInput(
            image_id=image.pk,
            width=image.width,
            height=image.height,
            loader=lambda: open_photo(image),
            captions=captions,
            imported=proposals,
        ),
        ids,
    )


_IMPORTED = """
SELECT region.image_id, region.id, region.x1, region.y1, region.x2, region.y2, region.score,
       region.external_id, region.tag_ids
FROM annotation_region region JOIN annotation_producer producer ON producer.id = region.producer_id
WHERE region.image_id = ANY(%s::bigint[]) AND (producer.backend = 'import' OR region.kind = 'imported')
ORDER BY region.image_id, region.id
"""


def _imported_boxes(image_ids: Sequence[int]) -> dict[int, tuple[tuple[int, ...], Proposals]]:
    with connection.cursor() as cursor:
        cursor.execute(_IMPORTED, [list(image_ids)])
        rows = cursor.fetchall()
    texts = display_texts(concept_id for row in rows for concept_id in row[8])
    found: dict[int, tuple[tuple[int, ...], Proposals]] = {}
    for image_id, group in _by_image(rows).items():
        proposals = Proposals(
            boxes=_boxes(row[2:6] for row in group),
            # A box that a person drew has no score; 1 puts it before all that a detector was less than sure of.
            scores=np.array([1.0 if row[6] is None else row[6] for row in group], dtype=np.float64),
            tags=[tuple(texts[concept_id] for concept_id in row[8] if concept_id in texts) for row in group],
            keys=[row[7] or None for row in group],
        )
        found[image_id] = (tuple(row[1] for row in group), proposals)
    return found


_IMAGE_TAGS = """
SELECT image_id, concept_ids, role_masks, ranks, parent_ids FROM annotation_imageannotation
WHERE loop_id = %s AND image_id = ANY(%s::bigint[])
"""


def load_image_tags(loop_id: int, image_ids: Sequence[int]) -> dict[int, list[Candidate]]:
    """Image-level candidates by image; an image that failed in the tag stage has no entry."""
    with connection.cursor() as cursor:
        cursor.execute(_IMAGE_TAGS, [loop_id, list(image_ids)])
        rows = cursor.fetchall()
    texts = display_texts(concept_id for row in rows for concept_id in (*row[1], *row[4]))
    return {row[0]: _candidates(texts, row[1], row[2], row[3], row[4]) for row in rows}


_REGIONS = """
SELECT region.image_id, region.id, region.x1, region.y1, region.x2, region.y2,
       candidates.concept_ids, candidates.role_masks, candidates.ranks
FROM annotation_regioncandidates candidates JOIN annotation_region region ON region.id = candidates.region_id
WHERE candidates.image_id = ANY(%s::bigint[])
ORDER BY region.image_id, region.id
"""


def load_regions(image_ids: Sequence[int]) -> dict[int, ShardRegions]:
    """Regions that take part in loops, with the candidates of each alone."""
    with connection.cursor() as cursor:
        cursor.execute(_REGIONS, [list(image_ids)])
        rows = cursor.fetchall()
    texts = display_texts(concept_id for row in rows for concept_id in row[6])
    return {
        image_id: ShardRegions(
            ids=[row[1] for row in group],
            boxes=_boxes(row[2:6] for row in group),
            own=[_candidates(texts, row[6], row[7], row[8], [0] * len(row[6])) for row in group],
        )
        for image_id, group in _by_image(rows).items()
    }


_MATCHES = """
SELECT region.image_id, region.id, region.x1, region.y1, region.x2, region.y2,
       matched.concept_ids, matched.scores, matched.role_masks
FROM annotation_regionmatch matched JOIN annotation_region region ON region.id = matched.region_id
WHERE matched.loop_id = %s AND matched.image_id = ANY(%s::bigint[])
ORDER BY region.image_id, region.id
"""


def load_matches(loop_id: int, image_ids: Sequence[int]) -> dict[int, ShardRankings]:
    """What the match stage ranked, by image."""
    with connection.cursor() as cursor:
        cursor.execute(_MATCHES, [loop_id, list(image_ids)])
        rows = cursor.fetchall()
    texts = display_texts(concept_id for row in rows for concept_id in row[6])
    return {
        image_id: ShardRankings(
            ids=[row[1] for row in group],
            boxes=_boxes(row[2:6] for row in group),
            rankings=[_ranking(texts, row[6], row[7], row[8]) for row in group],
        )
        for image_id, group in _by_image(rows).items()
    }


_TOP_TAGS = """
SELECT region.image_id, region.id, region.x1, region.y1, region.x2, region.y2, annotation.concept_ids[1]
FROM annotation_regionannotation annotation JOIN annotation_region region ON region.id = annotation.region_id
WHERE annotation.loop_id = %s AND annotation.image_id = ANY(%s::bigint[])
ORDER BY region.image_id, annotation.scores[1] DESC, region.id
"""


def load_top_tags(loop_id: int, image_ids: Sequence[int], limit: int) -> dict[int, ShardTags]:
    """The regions to be described: of each image at most `limit`, best scores first."""
    with connection.cursor() as cursor:
        cursor.execute(_TOP_TAGS, [loop_id, list(image_ids)])
        rows = cursor.fetchall()
    texts = display_texts(row[6] for row in rows)
    return {
        image_id: ShardTags(
            ids=[row[1] for row in group[:limit]],
            boxes=_boxes(row[2:6] for row in group[:limit]),
            concept_ids=[row[6] for row in group[:limit]],
            tags=[texts[row[6]] for row in group[:limit]],
        )
        for image_id, group in _by_image(rows).items()
    }


def display_texts(concept_ids: Iterable[int]) -> dict[int, str]:
    """Display text by concept id. Of the concepts themselves: aliases are for pages and exports."""
    return dict(Concept.objects.filter(pk__in=set(concept_ids) - {0}).values_list("pk", "display"))


def _by_image(rows: Sequence[tuple[Any, ...]]) -> dict[int, list[tuple[Any, ...]]]:
    groups: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows:
        groups[row[0]].append(row)
    return groups


def _boxes(rows: Iterable[Sequence[float]]) -> Floats:
    return np.array([list(row) for row in rows], dtype=np.float64).reshape(-1, 4)


def _candidates(
    texts: dict[int, str], concept_ids: list[int], masks: list[int], ranks: list[int], parent_ids: list[int]
) -> list[Candidate]:
    return [
        Candidate(texts[concept_id], Role(mask), rank, texts.get(parent_id))
        for concept_id, mask, rank, parent_id in zip(concept_ids, masks, ranks, parent_ids, strict=True)
        if concept_id in texts
    ]


def _ranking(
    texts: dict[int, str], concept_ids: list[int], scores: list[float], masks: list[int]
) -> tuple[Ranked, ...]:
    return tuple(
        Ranked(Candidate(texts[concept_id], Role(mask)), score, score)
        for concept_id, score, mask in zip(concept_ids, scores, masks, strict=True)
        if concept_id in texts
    )
