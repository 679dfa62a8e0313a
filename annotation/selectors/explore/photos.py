"""One photo with its regions: what the middle of Explore draws."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from annotation.marks import Box
from annotation.models import Image, Loop
from annotation.selectors.explore.concepts import ConceptName, concept_names
from annotation.selectors.judgements import Judgement, judgements

MOST_DRAWN = 100


@dataclass(frozen=True, slots=True)
class SeenRegion:
    """A region as the shown loop has it; without a loop, as it was imported (no scores, no caption).

    concept_ids, scores, role_masks: parallel, best first. `source_score` is on the source's own scale.
    """

    region_id: int
    box: Box
    kind: str
    producer_id: int
    external_id: str
    source_score: float | None
    concept_ids: Sequence[int]
    scores: Sequence[float | None]
    role_masks: Sequence[int]
    tag_producer_id: int | None
    caption: str
    caption_producer_id: int | None


@dataclass(frozen=True, slots=True)
class PhotoRegions:
    """regions: best first, at most MOST_DRAWN unless all were asked for; the asked-for one is always among them.

    total: how many the photo has. names: of every concept that the regions or the judgements mention.
    """

    regions: list[SeenRegion]
    total: int
    judged: dict[int, Judgement]
    names: dict[int, ConceptName]


_ANNOTATED = """
SELECT region.id, region.x1, region.y1, region.x2, region.y2,
       region.kind, region.producer_id, region.external_id, region.score,
       seen.concept_ids, seen.scores, seen.role_masks, seen.producer_id, seen.caption, seen.caption_producer_id,
       count(*) OVER ()
FROM annotation_regionannotation seen JOIN annotation_region region ON region.id = seen.region_id
WHERE seen.loop_id = %(loop)s AND seen.image_id = %(image)s
ORDER BY region.id = %(first)s DESC, seen.raw_score DESC, region.id
"""
_IMPORTED = """
SELECT region.id, region.x1, region.y1, region.x2, region.y2,
       region.kind, region.producer_id, region.external_id, region.score,
       region.tag_ids, NULL, NULL, NULL, '', NULL,
       count(*) OVER ()
FROM annotation_region region
WHERE region.image_id = %(image)s
ORDER BY region.id = %(first)s DESC, region.id
"""


def find_photo(*, project_id: int, image_id: int) -> Image | None:
    return Image.objects.filter(project_id=project_id, pk=image_id, removed_at=None).first()


def photo_regions(*, image: Image, loop: Loop | None, region_id: int | None, everything: bool) -> PhotoRegions:
    """Regions of a photo in `loop`, or the imported ones when there is no loop yet. Four queries."""
    statement = _ANNOTATED if loop is not None else _IMPORTED
    if not everything:
        statement += f"LIMIT {MOST_DRAWN}"
    values: dict[str, Any] = {"loop": loop.pk if loop else None, "image": image.pk, "first": region_id or 0}
    if loop is None:
        del values["loop"]
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows = cursor.fetchall()
    regions = [_seen(row) for row in rows]
    judged = judgements().of_regions(project_id=image.project_id, region_ids=[region.region_id for region in regions])
    mentioned = {concept_id for region in regions for concept_id in region.concept_ids}
    mentioned.update(decision.concept_id for one in judged.values() for decision in one.decisions)
    return PhotoRegions(regions, rows[0][-1] if rows else 0, dict(judged), concept_names(mentioned))


def _seen(row: tuple[Any, ...]) -> SeenRegion:
    region_id, x1, y1, x2, y2, kind, producer_id, external_id, source_score, concept_ids, scores, masks, *made, _ = row
    return SeenRegion(
        region_id,
        (x1, y1, x2, y2),
        kind,
        producer_id,
        external_id,
        source_score,
        concept_ids,
        scores or [None] * len(concept_ids),
        masks or [0] * len(concept_ids),
        *made,
    )
