"""A finished loop whose regions carry the tags that a test asks for, written set-wise."""

from typing import Any

from django.db import connection

from annotation.models import Concept, Loop, LoopState, Producer
from annotation.services.partitions import create_partitions
from tests.factories import make_image


def annotated_loop(project: Any, frequencies: dict[str, int], *, images: int = 2, number: int = 0) -> Loop:
    """`frequencies`: how many regions have this word as their first tag; the second tag of each is "thing".

    Regions are dealt out to the images in turn.
    """
    loop = Loop.objects.create(project=project, number=number, config_digest="0" * 64, state=LoopState.FINISHED)
    create_partitions(loop.pk)
    words = [*frequencies, "thing"]
    Concept.objects.bulk_create([Concept(text=word, display=word) for word in words], ignore_conflicts=True)
    ids = {concept.text: concept.pk for concept in Concept.objects.filter(text__in=words)}
    producer, _ = Producer.objects.get_or_create(backend="test", model="annotated", version="1")
    pictures = [make_image(project, seed=project.pk * 1_000 + number * 100 + place) for place in range(images)]
    values = {
        "loop": loop.pk,
        "producer": producer.pk,
        "images": [picture.pk for picture in pictures],
        "concepts": [ids[word] for word in frequencies],
        "counts": list(frequencies.values()),
        "thing": ids["thing"],
    }
    with connection.cursor() as cursor:
        cursor.execute(_REGIONS, values)
        cursor.execute(_ANNOTATIONS, values)
    return loop


_REGIONS = """
INSERT INTO annotation_region (id, image_id, producer_id, kind, identity, external_id, x1, y1, x2, y2, tag_ids)
SELECT first.id + listed.n, (%(images)s::bigint[])[1 + listed.n %% cardinality(%(images)s::bigint[])],
       %(producer)s, 'class_agnostic', first.id + listed.n, '', 10, 10, 50, 40, ARRAY[listed.concept]
FROM (
    SELECT concept, row_number() OVER () AS n
    FROM unnest(%(concepts)s::bigint[], %(counts)s::int[]) AS wanted (concept, count)
    CROSS JOIN LATERAL generate_series(1, count)
) listed
CROSS JOIN (SELECT coalesce(max(id), 0) AS id FROM annotation_region) first
"""
_ANNOTATIONS = """
INSERT INTO annotation_regionannotation
    (loop_id, region_id, image_id, concept_ids, scores, role_masks, raw_score, size_class, producer_id)
SELECT %(loop)s, id, image_id, ARRAY[tag_ids[1], %(thing)s], ARRAY[0.75, 0.25], ARRAY[1, 8], 0.75, 1, %(producer)s
FROM annotation_region WHERE image_id = ANY(%(images)s::bigint[])
"""
