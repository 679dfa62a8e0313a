"""What a tag means, shown: in words, by its other names, and by regions that people verified."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from annotation.models import Concept
from annotation.selectors.concepts import Meaning, concept_that_counts, meaning_of
from annotation.selectors.explore.loops import annotated_loops
from verification.selectors.verified import verified_regions

EXAMPLES = 6
LOOKED_AT = 120
MOST_NAMES = 20


@dataclass(frozen=True, slots=True)
class Example:
    """A region that people say shows the concept. box: (x1, y1, x2, y2) in pixels of the photo."""

    image_id: int
    width: int
    height: int
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class ConceptCard:
    """concept_id: of the concept that counts, which may be another than was asked for."""

    concept_id: int
    name: str
    other_names: list[str]
    meaning: Meaning | None
    examples: list[Example]


def concept_card(*, project_id: int, concept_id: int, reader_id: int) -> ConceptCard | None:
    """None when there is no such concept. Seven queries as a rule, over LOOKED_AT regions.

    No example is a region that the reader may be asked about or was asked about: an example says what is right there.
    """
    concept = concept_that_counts(concept_id)
    if concept is None:
        return None
    names = list(Concept.objects.filter(alias_of=concept).order_by("display")[:MOST_NAMES])
    ids = [concept.pk, *(name.pk for name in names)]
    return ConceptCard(
        concept.pk,
        concept.display,
        [name.display for name in names],
        meaning_of(concept.pk),
        _examples(project_id, ids, reader_id),
    )


def _examples(project_id: int, ids: list[int], reader_id: int) -> list[Example]:
    loops = [loop.pk for loop in annotated_loops(project_id)][-2:]
    with connection.cursor() as cursor:
        cursor.execute(
            _CANDIDATES, {"loops": loops, "ids": ids, "limit": LOOKED_AT, "project": project_id, "reader": reader_id}
        )
        boxes = {row[0]: Example(row[1], row[2], row[3], tuple(row[4:])) for row in cursor.fetchall()}
    verified = verified_regions(project_id=project_id, region_ids=boxes)
    return [
        boxes[region_id]
        for region_id, region in verified.items()
        if region.effective is not None and region.effective.concept_id in ids
    ][:EXAMPLES]


# Regions whose first tag it is, found by the index over (concept_ids[1]); none that an open sample asks about, and none
# that the reader has had.
_CANDIDATES = """
SELECT region.id, image.id, image.width, image.height, region.x1, region.y1, region.x2, region.y2
FROM (SELECT DISTINCT region_id FROM (
          SELECT annotation.region_id FROM annotation_regionannotation annotation
          WHERE annotation.loop_id = ANY(%(loops)s::bigint[])
            AND (annotation.concept_ids[1]) = ANY(%(ids)s::bigint[])
          LIMIT %(limit)s::int * 20) first_ones LIMIT %(limit)s::int * 10) found
JOIN annotation_region region ON region.id = found.region_id
JOIN annotation_image image ON image.id = region.image_id AND image.display <> ''
WHERE EXISTS (SELECT 1 FROM verification_sample sample
              JOIN verification_sampleitem item ON item.sample_id = sample.id AND item.region_ids = ARRAY[region.id]
              WHERE sample.project_id = %(project)s AND sample.task_kind = 'tag')
  AND NOT EXISTS (
    SELECT 1 FROM verification_sample sample
    JOIN verification_sampleitem item ON item.sample_id = sample.id AND item.region_ids = ARRAY[region.id]
    JOIN verification_assignment slot ON slot.item_id = item.id
    WHERE sample.project_id = %(project)s
      AND (slot.annotator_id = %(reader)s OR (sample.is_open AND slot.state <> 'done') OR item.is_gold))
LIMIT %(limit)s::int
"""
