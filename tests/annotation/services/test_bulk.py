import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.db import OperationalError, connection, transaction

from annotation.models import Concept, Image, Loop, Region, RegionAnnotation
from annotation.services import bulk
from annotation.services.bulk import AnnotationRows, BulkResult, RegionRows, insert_region_annotations, insert_regions
from annotation.services.concepts import concept_ids_for
from annotation.services.partitions import create_partitions
from annotation.services.producers import get_producer

pytestmark = pytest.mark.django_db


@pytest.fixture
def images(project: Any) -> list[Image]:
    """Two photos of 100 × 80 px."""
    return [
        Image.objects.create(project=project, sha256=f"{number:064x}", name=f"{number}.jpg", width=100, height=80)
        for number in (1, 2)
    ]


def region_rows(images: list[Image], boxes: list[tuple[float, ...]], **columns: Any) -> RegionRows:
    """Boxes on the first image."""
    return RegionRows(
        producer_id=get_producer("import", "test").pk,
        kind="imported",
        image_ids=columns.pop("image_ids", np.full(len(boxes), images[0].pk)),
        boxes=np.array(boxes, dtype=float).reshape(-1, 4),
        **columns,
    )


def test_regions_are_written_as_they_are(images: list[Image]) -> None:
    ids = concept_ids_for(["cat", "dog"])
    result = insert_regions(
        region_rows(
            images,
            [(10, 20, 30.126, 40), (0, 0, 100, 80), (1, 1, 2, 2)],
            scores=np.array([0.5, np.nan, -3]),
            external_ids=["a", "", "größe"],
            mask_rles=[None, "abc", ""],
            tag_ids=np.array([[ids["cat"], ids["dog"]], [ids["dog"], 0], [0, 0]]),
            tag_counts=np.array([2, 1, 0]),
        )
    )
    assert (result.inserted, result.existing, result.refused) == (3, 0, [])
    first, second, third = (Region.objects.get(pk=pk) for pk in result.ids.tolist())
    assert first.box == (10, 20, 30.13, 40)
    assert (first.score, second.score, third.score) == (0.5, None, -3)
    assert (first.external_id, second.external_id, third.external_id) == ("a", "", "größe")
    assert (first.mask_rle, second.mask_rle, third.mask_rle) == (None, "abc", "")
    assert [region.tag_ids for region in (first, second, third)] == [[ids["cat"], ids["dog"]], [ids["dog"]], []]
    assert (first.image_id, first.kind) == (images[0].pk, "imported")


def test_writing_again_adds_nothing_and_names_the_same_ids(images: list[Image]) -> None:
    rows = region_rows(images, [(10, 20, 30, 40), (0, 0, 5, 5)])
    first, again = insert_regions(rows), insert_regions(rows)
    assert (again.inserted, again.existing) == (0, 2)
    assert again.ids.tolist() == first.ids.tolist()
    assert Region.objects.count() == 2


def test_a_changed_box_is_a_new_region_and_the_last_hundredth_decides(images: list[Image]) -> None:
    insert_regions(region_rows(images, [(10, 20, 30, 40)], external_ids=["a"]))
    same = insert_regions(region_rows(images, [(10.004, 20, 30, 40)], external_ids=["a"]))
    moved = insert_regions(region_rows(images, [(10.01, 20, 30, 40)], external_ids=["a"]))
    named = insert_regions(region_rows(images, [(10, 20, 30, 40)], external_ids=["b"]))
    assert [result.inserted for result in (same, moved, named)] == [0, 1, 1]


def test_the_same_region_twice_in_a_batch_is_one(images: list[Image]) -> None:
    result = insert_regions(region_rows(images, [(1, 1, 5, 5), (2, 2, 5, 5), (1, 1, 5, 5)]))
    assert (result.inserted, result.existing) == (2, 1)
    assert result.ids[0] == result.ids[2] != result.ids[1]


def test_bad_rows_are_refused_and_the_others_written(images: list[Image]) -> None:
    boxes = [
        (-1, 0, 101, 80.5),
        (-1.5, 0, 10, 10),
        (np.nan, 0, 10, 10),
        (5, 5, 5, 9),
        (9, 5, 5, 9),
        (0, 0, 9, 9),
        (0, 0, np.inf, 9),
    ]
    image_ids = np.array([images[0].pk] * 5 + [999_999, images[1].pk])
    result = insert_regions(region_rows(images, boxes, image_ids=image_ids))
    assert [(refused.row, refused.code) for refused in result.refused] == [
        (1, "outside"), (2, "not_finite"), (3, "empty_box"), (4, "inverted_box"),
        (5, "unknown_image"), (6, "not_finite"),
    ]  # fmt: skip
    assert result.ids.tolist()[1:] == [0] * 6
    assert [region.box for region in Region.objects.all()] == [(0, 0, 100, 80)]


def test_a_batch_of_nothing_or_only_bad_rows_writes_nothing(images: list[Image]) -> None:
    assert insert_regions(region_rows(images, [])).inserted == 0
    assert insert_regions(region_rows(images, [(5, 5, 1, 1)])).inserted == 0
    assert not Region.objects.exists()


def test_a_failed_transaction_leaves_nothing_and_the_next_works(images: list[Image]) -> None:
    rows = region_rows(images, [(1, 1, 5, 5)])
    with transaction.atomic():
        assert insert_regions(rows).inserted == 1
        transaction.set_rollback(True)
    assert not Region.objects.exists()
    assert insert_regions(rows).inserted == 1


def test_several_batches_in_one_transaction_do_not_see_each_others_stage(images: list[Image]) -> None:
    first = insert_regions(region_rows(images, [(1, 1, 5, 5)]))
    second = insert_regions(region_rows(images, [(2, 2, 5, 5)]))
    assert (first.inserted, second.inserted, Region.objects.count()) == (1, 1, 2)


def test_the_database_refuses_bad_boxes_by_itself(images: list[Image]) -> None:
    from django.db.utils import IntegrityError

    producer = get_producer("import", "test")
    for box in ((5, 5, 5, 9), (np.nan, 0, 1, 1), (0, 0, np.nan, 1), (0, 0, np.inf, 1), (-1, 0, 1, 1)):
        with pytest.raises(IntegrityError), transaction.atomic():
            Region.objects.create(
                id=1, image=images[0], producer=producer, kind="imported", identity=1,
                **dict(zip(("x1", "y1", "x2", "y2"), box, strict=True)),
            )  # fmt: skip


@pytest.fixture
def loop_id(project: Any) -> int:
    loop = Loop.objects.create(project=project, number=0)
    create_partitions(loop.pk)
    return int(loop.pk)


def annotation_rows(loop_id: int, images: list[Image], regions: BulkResult, **changed: Any) -> AnnotationRows:
    """Two annotations, of 3 and 1 tags, on two regions."""
    ids = concept_ids_for(["a", "b", "c"])
    columns: dict[str, Any] = {
        "image_ids": np.full(2, images[0].pk),
        "region_ids": regions.ids,
        "concept_ids": np.array([[ids["a"], ids["b"], ids["c"]], [ids["b"], 0, 0]]),
        "scores": np.array([[0.9, 0.5, 0.25], [0.75, 0, 0]]),
        "role_masks": np.array([[1, 2, 256], [3, 0, 0]]),
        "counts": np.array([3, 1]),
        "raw_scores": np.array([0.5, 0.25]),
        "size_classes": np.array([0, 5]),
        **changed,
    }
    return AnnotationRows(loop_id=loop_id, producer_id=get_producer("builtin", "matcher").pk, **columns)


@pytest.fixture
def regions(images: list[Image]) -> BulkResult:
    return insert_regions(region_rows(images, [(1, 1, 5, 5), (2, 2, 6, 6)]))


def test_annotations_are_written_once(loop_id: int, images: list[Image], regions: BulkResult) -> None:
    rows = annotation_rows(loop_id, images, regions, captions=['A cat: \\t "q"', ""])
    first, again = insert_region_annotations(rows), insert_region_annotations(rows)
    assert (first.inserted, first.existing, first.refused) == (2, 0, [])
    assert (again.inserted, again.existing) == (0, 2)
    ids = concept_ids_for(["a", "b", "c"])
    best, other = RegionAnnotation.objects.filter(loop_id=loop_id).order_by("region_id")
    assert best.concept_ids == [ids["a"], ids["b"], ids["c"]]
    assert best.scores == [pytest.approx(0.9), 0.5, 0.25]
    assert (best.role_masks, best.size_class, best.caption) == ([1, 2, 256], 0, 'A cat: \\t "q"')
    assert (other.concept_ids, other.role_masks, other.raw_score) == ([ids["b"]], [3], 0.25)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"counts": np.array([0, 1])}, "bad_count"),
        ({"counts": np.array([4, 1])}, "bad_count"),
        ({"scores": np.array([[np.nan, 0.5, 0.2], [0.7, 0, 0]])}, "not_finite"),
        ({"raw_scores": np.array([np.inf, 0.2])}, "not_finite"),
        ({"scores": np.array([[0.5, 0.9, 0.2], [0.7, 0, 0]])}, "not_ranked"),
        ({"concept_ids": np.array([[10**9, 10**9 + 1, 10**9 + 2], [1, 0, 0]])}, "unknown_concept"),
        ({"size_classes": np.array([6, 0])}, "bad_size_class"),
        ({"region_ids": np.array([10**12, 1])}, "unknown_region"),
        ({"image_ids": np.array([10**12, 1])}, "unknown_region"),
    ],
)
def test_bad_annotations_are_refused_and_the_others_written(
    loop_id: int, images: list[Image], regions: BulkResult, changed: dict[str, Any], code: str
) -> None:
    good = annotation_rows(loop_id, images, regions)
    for name, values in changed.items():  # the second row stays as it was
        fixed = values.copy()
        fixed[1] = getattr(good, name)[1]
        changed[name] = fixed
    result = insert_region_annotations(annotation_rows(loop_id, images, regions, **changed))
    assert [(refused.row, refused.code) for refused in result.refused] == [(0, code)]
    assert (result.inserted, result.existing) == (1, 0)
    assert RegionAnnotation.objects.filter(loop_id=loop_id).count() == 1


def test_a_tag_twice_is_refused(loop_id: int, images: list[Image], regions: BulkResult) -> None:
    tag = Concept.objects.get(pk=concept_ids_for(["a"])["a"]).pk
    result = insert_region_annotations(
        annotation_rows(
            loop_id, images, regions, concept_ids=np.array([[tag, tag, 0], [tag, 0, 0]]), counts=np.array([2, 1])
        )
    )
    assert [(refused.row, refused.code) for refused in result.refused] == [(0, "duplicate_tag")]


def test_a_batch_takes_a_handful_of_statements(
    loop_id: int, images: list[Image], django_assert_max_num_queries: Any
) -> None:
    rows = region_rows(images, [(0, 0, 1 + number / 100, 1) for number in range(2_000)])
    connection.ensure_connection()
    with django_assert_max_num_queries(7):
        assert insert_regions(rows).inserted == 2_000


def at_the_same_time(monkeypatch: pytest.MonkeyPatch, after: str, work: Callable[[], BulkResult]) -> list[BulkResult]:
    """Run `work` in two threads that wait for each other once, on entering `bulk.<after>`: both have looked by then."""
    barrier = threading.Barrier(2)
    original = getattr(bulk, after)
    waited = threading.local()

    def waiting(*arguments: Any) -> Any:
        if not getattr(waited, "once", False):
            waited.once = True
            barrier.wait(10)
        return original(*arguments)

    monkeypatch.setattr(bulk, after, waiting)
    results: list[BulkResult] = []

    def run() -> None:
        try:
            results.append(work())
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return sorted(results, key=lambda result: result.inserted)


@pytest.mark.django_db(transaction=True)
def test_two_writers_of_the_same_rows_agree(loop_id: int, images: list[Image], monkeypatch: pytest.MonkeyPatch) -> None:
    boxes = [(0, 0, 1 + number, 5) for number in range(50)]
    rows = region_rows(images, boxes)
    second, first = at_the_same_time(monkeypatch, "_copy", lambda: insert_regions(rows))
    assert (first.inserted, second.inserted, second.existing) == (50, 0, 50)
    assert first.ids.tolist() == second.ids.tolist()
    assert Region.objects.count() == 50
    two = BulkResult(2, 0, [], first.ids[:2])
    annotations = annotation_rows(loop_id, images, two)
    second, first = at_the_same_time(monkeypatch, "_copy", lambda: insert_region_annotations(annotations))
    assert (first.inserted, second.inserted, second.existing) == (2, 0, 2)


@pytest.mark.django_db(transaction=True)
def test_writers_in_opposite_order_come_to_an_end(images: list[Image], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each holds what the other wants: PostgreSQL ends one of them, which then looks again."""
    boxes = [(0, 0, 1 + number / 100, 5) for number in range(4_000)]
    orders = iter([boxes, boxes[::-1]])
    lock = threading.Lock()

    def work() -> BulkResult:
        with lock:
            mine = next(orders)
        return insert_regions(region_rows(images, mine))

    results = at_the_same_time(monkeypatch, "_copy", work)
    assert sum(result.inserted for result in results) == 4_000
    assert Region.objects.count() == 4_000


@pytest.mark.django_db(transaction=True)
def test_images_cannot_be_deleted_while_their_regions_are_written(images: list[Image]) -> None:
    with transaction.atomic():
        insert_regions(region_rows(images, [(1, 1, 5, 5)]))
        refused: list[Exception] = []

        def delete() -> None:
            try:
                with connection.cursor() as cursor:
                    cursor.execute("SET lock_timeout = '200ms'")
                    cursor.execute("DELETE FROM annotation_image WHERE id = %s", [images[0].pk])
            except OperationalError as error:
                refused.append(error)
            finally:
                connection.close()

        thread = threading.Thread(target=delete)
        thread.start()
        thread.join(10)
    assert len(refused) == 1
