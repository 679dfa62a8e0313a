"""Photos, regions and samples for tests, written set-wise. Nothing here goes through the import or the pipeline."""

import hashlib
import io
from typing import Any

import numpy as np
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from PIL import Image as Picture

from annotation.models import Concept, Image, Loop, LoopState, Producer
from verification.models import Sample, TaskKind

WORDS = ("milk jug", "metal cup", "coffee grinder", "saucepan", "pewter mug", "kettle", "bowl", "wooden spoon")


def make_image(project: Any, *, seed: int = 0, width: int = 640, height: int = 427, luma: float | None = None) -> Image:
    """An image row with real files: a photo-like gradient with some blocks, as WebP."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width]
    pixels = np.stack([rows / height, columns / width, np.full((height, width), rng.random())], axis=-1) * 200
    for _ in range(12):
        x, y = rng.integers(0, width - 40), rng.integers(0, height - 40)
        pixels[y : y + rng.integers(20, 120), x : x + rng.integers(20, 120)] = rng.integers(0, 255, 3)
    buffer = io.BytesIO()
    Picture.fromarray(pixels.astype(np.uint8)).save(buffer, "WEBP", quality=80)
    sha256 = hashlib.sha256(buffer.getvalue()).hexdigest()
    key = default_storage.save(f"images/{sha256}.webp", ContentFile(buffer.getvalue()))
    return Image.objects.create(
        project=project,
        sha256=sha256,
        name=f"photo {seed}.webp",
        original=key,
        display=key,
        thumbnail=key,
        width=width,
        height=height,
        mean_luma=float(pixels.mean() / 255) if luma is None else luma,
        file_bytes=buffer.tell(),
    )


def make_concepts(words: tuple[str, ...] = WORDS) -> list[Concept]:
    """The concepts of these words, in their order, made where they are missing."""
    Concept.objects.bulk_create([Concept(text=word, display=word) for word in words], ignore_conflicts=True)
    by_text = {concept.text: concept for concept in Concept.objects.filter(text__in=words)}
    return [by_text[word] for word in words]


def make_loops(project: Any) -> tuple[Loop, Loop]:
    """Loop 0, finished, and loop 1, running."""
    zero, _ = Loop.objects.get_or_create(
        project=project, number=0, defaults={"config_digest": "0" * 64, "state": LoopState.FINISHED}
    )
    one, _ = Loop.objects.get_or_create(
        project=project, number=1, defaults={"config_digest": "1" * 64, "state": LoopState.RUNNING, "parent": zero}
    )
    return zero, one


def make_sample(
    project: Any, *, items: int = 5, overlap: int = 1, images: int = 1, tags: int = 5, luma: float | None = None
) -> Sample:
    """An open tag sample of loop 1: `items` regions spread over `images` photos, with `overlap` slots each."""
    zero, one = make_loops(project)
    concepts = make_concepts()[:tags]
    pictures = [make_image(project, seed=project.pk * 100 + number, luma=luma) for number in range(images)]
    sample = Sample.objects.create(
        project=project, loop=one, annotated_loop=zero, task_kind=TaskKind.TAG, seed=1, overlap=overlap
    )
    fill_sample(sample, pictures, concepts, items=items, overlap=overlap)
    return sample


def fill_sample(sample: Sample, pictures: list[Image], concepts: list[Concept], *, items: int, overlap: int) -> None:
    """Regions, items and slots by three set-wise statements; the rank of a slot is its place in the order of items."""
    producer, _ = Producer.objects.get_or_create(backend="test", model="factory", version="1")
    values = {
        "sample": sample.pk,
        "producer": producer.pk,
        "images": [picture.pk for picture in pictures],
        "ids": [concept.pk for concept in concepts],
        "texts": [concept.display for concept in concepts],
        "items": items,
        "overlap": overlap,
    }
    with connection.cursor() as cursor:
        for statement in (_REGIONS, _ITEMS, _SLOTS):
            cursor.execute(statement, values)


_REGIONS = """
INSERT INTO annotation_region
    (id, image_id, producer_id, kind, identity, external_id, x1, y1, x2, y2, tag_ids)
SELECT first.id + n, image.id, %(producer)s, 'imported', first.id + n, '',
       (n * 37) %% (image.width - 60), (n * 53) %% (image.height - 60),
       (n * 37) %% (image.width - 60) + 20 + (n * 7) %% 40, (n * 53) %% (image.height - 60) + 20 + (n * 11) %% 40,
       '{}'
FROM generate_series(1, %(items)s::int) n
CROSS JOIN (SELECT coalesce(max(id), 0) AS id FROM annotation_region) first
JOIN annotation_image image
  ON image.id = (%(images)s::bigint[])[1 + (n - 1) %% cardinality(%(images)s::bigint[])]
"""
_ITEMS = """
INSERT INTO verification_sampleitem (sample_id, image_id, region_ids, shown, inclusion_probability, reason, state)
SELECT %(sample)s, region.image_id, ARRAY[region.id], shown.tags, 0.5, 'concept', 'open'
FROM annotation_region region
CROSS JOIN (
    SELECT jsonb_build_object('tags', jsonb_agg(jsonb_build_object(
        'concept_id', concept.id, 'text', concept.text, 'score', 0.9 - 0.1 * concept.place, 'role_mask', 1
    ) ORDER BY concept.place)) AS tags
    FROM unnest(%(ids)s::bigint[], %(texts)s::text[]) WITH ORDINALITY concept(id, text, place)
) shown
WHERE region.image_id = ANY(%(images)s::bigint[])
ORDER BY region.id
"""
_SLOTS = """
INSERT INTO verification_assignment (sample_id, item_id, round, slot, rank, state)
SELECT %(sample)s, item.id, 0, slot, item.id * 1000 + slot, 'open'
FROM verification_sampleitem item CROSS JOIN generate_series(0, %(overlap)s::int - 1) slot
WHERE item.sample_id = %(sample)s
"""
