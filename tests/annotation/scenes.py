"""Annotated photos for tests of pages: a loop with its partitions, regions with ranked tags, questions, captions."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from annotation.models import (
    Concept,
    Image,
    Loop,
    LoopState,
    Producer,
    QuestionAnswer,
    Region,
    RegionAnnotation,
    RegionKind,
)
from annotation.pipeline.cleaning import size_classes
from annotation.pipeline.roles import Role
from annotation.services.partitions import create_partitions
from tests.factories import make_concepts, make_image
from webapp.core.ids import reserve_ids

Box = tuple[float, float, float, float]


def make_annotated_loop(project: Any, number: int = 0, state: LoopState = LoopState.FINISHED) -> Loop:
    """A loop with partitions for its annotations."""
    loop = Loop.objects.create(project=project, number=number, state=state, config_digest=str(number) * 64)
    create_partitions(loop.pk)
    return loop


def make_regions(image: Image, boxes: Sequence[Box]) -> list[Region]:
    producer, _ = Producer.objects.get_or_create(backend="builtin", model="felzenszwalb", version="1")
    ids = reserve_ids("region_id_block", len(boxes)).tolist()
    return Region.objects.bulk_create(
        Region(
            id=region_id,
            image=image,
            producer=producer,
            kind=RegionKind.CLASS_AGNOSTIC,
            identity=region_id,
            x1=box[0],
            y1=box[1],
            x2=box[2],
            y2=box[3],
            score=0.75,
        )
        for region_id, box in zip(ids, boxes, strict=True)
    )


def annotate(loop: Loop, region: Region, words: Sequence[str], **extra: Any) -> RegionAnnotation:
    """The loop's ranked tags of a region: scores 0.9, 0.8, …; the spotter proposed the first, the imaginator others."""
    producer, _ = Producer.objects.get_or_create(backend="builtin", model="prior", version="1")
    concepts = make_concepts(tuple(words))
    values: dict[str, Any] = {
        "scores": [round(0.9 - 0.1 * place, 2) for place in range(len(words))],
        "role_masks": [int(Role.SPOTTER)] + [int(Role.IMAGINATOR)] * (len(words) - 1),
        "raw_score": 0.9,
        "caption": "",
        **extra,
    }
    return RegionAnnotation.objects.create(
        loop_id=loop.pk,
        region_id=region.pk,
        image_id=region.image_id,
        concept_ids=[concept.pk for concept in concepts],
        size_class=int(size_classes(np.array([region.box]))[0]),
        producer_id=producer.pk,
        caption_producer_id=producer.pk,
        **values,
    )


def ask(loop: Loop, region: Region, word: str, question: str, answer: str, ordinal: int = 0) -> None:
    (concept,) = make_concepts((word,))
    producer, _ = Producer.objects.get_or_create(backend="builtin", model="templates", version="1")
    (next_id,) = reserve_ids("question_answer_id_block", 1).tolist()
    QuestionAnswer.objects.create(
        loop_id=loop.pk, id=next_id, image_id=region.image_id, region_id=region.pk, concept_id=concept.pk,
        ordinal=ordinal, question=question, answer=answer, producer_id=producer.pk,
    )  # fmt: skip


def make_scene(project: Any, *, photos: int = 1, regions: int = 3, loop: Loop | None = None) -> Loop:
    """`photos` photos with `regions` regions each, five tags per region, in a finished loop 0."""
    loop = loop or make_annotated_loop(project)
    words = ("milk jug", "metal cup", "coffee grinder", "saucepan", "pewter mug", "kettle", "bowl")
    before = Image.objects.filter(project=project).count()
    for number in range(photos):
        image = make_image(project, seed=before + number + 1)
        boxes = [
            (10.0 + x, 20.0 + y, 90.0 + x, 110.0 + y) for x, y in ((40 * n % 500, 30 * n % 300) for n in range(regions))
        ]
        for n, region in enumerate(make_regions(image, boxes)):
            annotate(loop, region, [words[(n + place) % len(words)] for place in range(5)], raw_score=0.9 - 0.01 * n)
    return loop


def rename(old: str, new: str) -> None:
    """`old` becomes an alias of `new`."""
    concept, target = make_concepts((old, new))
    Concept.objects.filter(pk=concept.pk).update(alias_of=target)
