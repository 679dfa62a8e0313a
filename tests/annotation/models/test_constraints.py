"""What the database itself refuses, whatever the code hopes."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from annotation.models import Concept, Image, Loop, Producer, Region
from annotation.services.partitions import create_partitions, drop_partitions
from webapp.core.ids import reserve_ids


@pytest.fixture
def image(project: Any) -> Image:
    return Image.objects.create(project=project, sha256="a" * 64, name="a.jpg", width=640, height=480)


@pytest.fixture
def producer(db: None) -> Producer:
    return Producer.objects.create(backend="import", model="coco")


def region(image: Image, producer: Producer, **box: float) -> Region:
    sides = {"x1": 1.0, "y1": 2.0, "x2": 30.0, "y2": 40.0, **box}
    number = int(reserve_ids("region_id_block", 1)[0])
    return Region.objects.create(
        id=number, image=image, producer=producer, kind="imported", identity=number, external_id="", **sides
    )


@pytest.mark.parametrize(
    "box",
    [
        {"x2": 1.0},
        {"x2": 0.5},
        {"y2": 1.0},
        {"x1": -0.01},
        {"x1": float("nan")},
        {"x2": float("nan")},
        {"y1": float("nan")},
        {"y2": float("inf")},
        {"x1": float("-inf")},
    ],
)
def test_a_box_that_is_none_is_refused(image: Image, producer: Producer, box: dict[str, float]) -> None:
    with pytest.raises(IntegrityError, match="region_box_is_a_box"), transaction.atomic():
        region(image, producer, **box)
    assert region(image, producer).box == (1.0, 2.0, 30.0, 40.0)


def test_an_image_is_in_a_project_once(image: Image) -> None:
    with pytest.raises(IntegrityError, match="image_once_per_project"), transaction.atomic():
        Image.objects.create(project=image.project, sha256=image.sha256, name="b.jpg", width=1, height=1)


def test_a_digest_that_is_not_hex_is_refused(project: Any) -> None:
    with pytest.raises(IntegrityError, match="image_sha256_is_hex"), transaction.atomic():
        Image.objects.create(project=project, sha256="z" * 64, name="b.jpg", width=1, height=1)


def test_a_concept_exists_once_by_kind_and_text(db: None) -> None:
    Concept.objects.create(kind="tag", text="the sphinxes", display="The Sphinxes")
    Concept.objects.create(kind="predicate", text="the sphinxes", display="The Sphinxes")
    with pytest.raises(IntegrityError, match="concept_once"), transaction.atomic():
        Concept.objects.create(kind="tag", text="the sphinxes", display="THE SPHINXES")


def test_a_project_runs_one_loop_at_a_time_and_never_reuses_a_number(project: Any) -> None:
    first = Loop.objects.create(project=project, number=0, config_digest="x")
    with pytest.raises(IntegrityError, match="one_running_loop_per_project"), transaction.atomic():
        Loop.objects.create(project=project, number=1, config_digest="x")
    Loop.objects.filter(pk=first.pk).update(state="cancelled")
    with pytest.raises(IntegrityError, match="loop_number_once"), transaction.atomic():
        Loop.objects.create(project=project, number=0, config_digest="x")


INSERT_ANNOTATION = """
    INSERT INTO annotation_regionannotation
        (loop_id, region_id, image_id, concept_ids, scores, role_masks, raw_score, size_class, producer_id)
    VALUES (%s, 1, 1, %s::bigint[], %s::real[], %s::int[], 0.5, 0, 1)
"""


@pytest.mark.parametrize(
    ("concepts", "scores", "masks"),
    [([], [], []), ([1, 2], [0.5], [1, 1]), ([1], [0.5], [1, 1]), ([1] * 6, [0.5] * 6, [1] * 6)],
)
def test_a_top_5_has_one_to_five_parallel_entries(
    project: Any, concepts: list[int], scores: list[float], masks: list[int]
) -> None:
    loop = Loop.objects.create(project=project, number=0, config_digest="x")
    create_partitions(loop.pk)
    with (
        pytest.raises(IntegrityError, match="region_annotation_parallel"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(INSERT_ANNOTATION, [loop.pk, concepts, scores, masks])


def test_dropping_a_loops_partitions_leaves_other_loops_alone(project: Any) -> None:
    loops = [Loop.objects.create(project=project, number=n, config_digest="x", state="finished") for n in (0, 1)]
    with connection.cursor() as cursor:
        for loop in loops:
            create_partitions(loop.pk)
            create_partitions(loop.pk)  # twice is once
            cursor.execute(INSERT_ANNOTATION, [loop.pk, [1], [0.5], [1]])
        drop_partitions(loops[0].pk)
        drop_partitions(loops[0].pk)
        cursor.execute("SELECT loop_id FROM annotation_regionannotation")
        assert cursor.fetchall() == [(loops[1].pk,)]


def test_reserved_ids_are_never_handed_out_twice(db: None) -> None:
    seen: set[int] = set()
    for count in (0, 1, 64, 65, 1000):
        ids = reserve_ids("region_id_block", count)
        assert len(ids) == count
        assert seen.isdisjoint(ids.tolist())
        seen.update(ids.tolist())
    assert len(seen) == 1130
