import threading
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections, transaction

from annotation.models import Loop, LoopState, RegionAnnotation, Stage, StageRun, StageState
from annotation.pipeline.loop_configs import LoopConfig, LoopConfigError, SamplingConfig, parse_loop_config, roster_of
from annotation.services.loops import cancel_loop, create_loop, drop_leftovers, fail_loop, finish_loop, retry_loop
from annotation.services.partitions import PARTITIONED_TABLES, create_partitions, has_partition
from annotation.services.stage_runs import ClaimLost, claim_shard, finish_shard
from webapp.core.errors import Conflict
from webapp.projects.models import Project

pytestmark = pytest.mark.django_db


def create(project: Any, *, parent: Loop | None = None, **config: Any) -> Loop:
    return create_loop(project=project, user=None, parent=parent, config=LoopConfig(**config))


def partitions(loop: Loop) -> list[bool]:
    return [has_partition(table, loop.pk) for table in PARTITIONED_TABLES]


def annotate(loop: Loop, region_id: int = 1) -> None:
    RegionAnnotation.objects.create(
        loop_id=loop.pk, region_id=region_id, image_id=1, concept_ids=[1], scores=[0.5], role_masks=[1],
        raw_score=0.5, size_class=0, producer_id=1,
    )  # fmt: skip


def test_the_first_loop_is_number_0_and_the_next_one_number_1(project: Any) -> None:
    zero = create(project)
    finish_loop(zero.pk)
    one = create(project, parent=zero)
    assert (zero.number, one.number, one.parent) == (0, 1, zero)


def test_projects_count_their_loops_each_for_itself(project: Any) -> None:
    create(project)
    assert create(Project.objects.create(name="Other", slug="other")).number == 0


def test_a_second_loop_cannot_run_beside_the_first(project: Any) -> None:
    create(project)
    with pytest.raises(Conflict, match="Loop 0 is still running"):
        create(project)
    with pytest.raises(IntegrityError), transaction.atomic():  # nor past the service
        Loop.objects.create(project=project, number=7, config_digest="0" * 64)


def test_the_configuration_is_kept_with_its_digest_and_can_be_read_back(project: Any) -> None:
    config = LoopConfig(sampling=SamplingConfig(budget=50), shard_images=3)
    loop = create_loop(project=project, user=None, parent=None, config=config)
    loop.refresh_from_db()
    assert parse_loop_config(loop.config) == config
    assert loop.config_digest == config.digest() != LoopConfig().digest()


def test_a_configuration_that_does_not_fit_names_the_field() -> None:
    with pytest.raises(LoopConfigError, match=r"sampling\.budget"):
        parse_loop_config({"sampling": {"budget": 0}})
    with pytest.raises(LoopConfigError, match="matcher"):
        roster_of({"name": "half a roster"})
    with pytest.raises(LoopConfigError, match="typo"):
        parse_loop_config({"typo": 1})
    assert roster_of({}).name == "offline"


def test_a_loop_has_its_partitions_and_making_them_again_changes_nothing(project: Any) -> None:
    loop = create(project)
    annotate(loop)
    create_partitions(loop.pk)
    assert all(partitions(loop))
    assert RegionAnnotation.objects.count() == 1


def test_partitions_have_the_checks_and_indexes_of_the_whole_table(project: Any) -> None:
    loop = create(project)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_index WHERE indrelid = %s::regclass", [f"annotation_regionannotation_{loop.pk}"]
        )
        assert cursor.fetchone()[0] == 3
    with pytest.raises(IntegrityError), transaction.atomic():
        RegionAnnotation.objects.create(
            loop_id=loop.pk, region_id=1, image_id=1, concept_ids=[1, 2], scores=[0.5], role_masks=[1],
            raw_score=0.5, size_class=0, producer_id=1,
        )  # fmt: skip


def test_a_finished_loop_keeps_its_annotations_and_drops_what_came_before_cleaning(project: Any) -> None:
    loop = create(project)
    annotate(loop)
    assert finish_loop(loop.pk)
    assert not finish_loop(loop.pk)
    assert drop_leftovers() == 1
    assert drop_leftovers() == 0
    assert RegionAnnotation.objects.count() == 1
    assert not has_partition("annotation_regionmatch", loop.pk)


def test_a_cancelled_loop_loses_shards_and_annotations_and_its_number_is_not_given_again(project: Any) -> None:
    loop = create(project)
    annotate(loop)
    StageRun.objects.create(loop=loop, stage=Stage.TAG, shard=0, state=StageState.DONE)
    StageRun.objects.create(loop=loop, stage=Stage.TAG, shard=1)
    assert cancel_loop(loop.pk)
    assert not cancel_loop(loop.pk)
    assert list(StageRun.objects.order_by("shard").values_list("state", flat=True)) == ["done", "cancelled"]
    assert drop_leftovers() == 1
    assert not any(partitions(loop))
    assert not RegionAnnotation.objects.exists()
    assert create(project).number == 1


def test_a_worker_that_finishes_after_the_cancel_writes_nothing(project: Any) -> None:
    loop = create(project)
    run = StageRun.objects.create(loop=loop, stage=Stage.TAG, shard=0)
    claimed = claim_shard(run.pk)
    assert claimed is not None
    cancel_loop(loop.pk)
    with pytest.raises(ClaimLost):
        finish_shard(claimed, write=lambda: pytest.fail("it wrote"))


def test_a_finished_loop_cannot_be_cancelled(project: Any) -> None:
    loop = create(project)
    finish_loop(loop.pk)
    assert not cancel_loop(loop.pk)
    loop.refresh_from_db()
    assert loop.state == LoopState.FINISHED


def test_a_failed_loop_goes_on_with_new_rows_for_the_failed_shards_only(project: Any) -> None:
    loop = create(project)
    done = StageRun.objects.create(loop=loop, stage=Stage.TAG, shard=0, state=StageState.DONE)
    failed = StageRun.objects.create(
        loop=loop, stage=Stage.TAG, shard=1, state=StageState.FAILED, attempt=3, image_ids=[4, 5], error="no"
    )
    with pytest.raises(Conflict):
        retry_loop(loop.pk)
    fail_loop(loop.pk, "no")
    assert retry_loop(loop.pk) == 1
    loop.refresh_from_db()
    assert (loop.state, loop.error) == (LoopState.RUNNING, "")
    kept, again = StageRun.objects.order_by("shard")
    assert kept == done
    assert (again.state, again.attempt, again.image_ids) == (StageState.PENDING, 0, [4, 5])
    assert again.pk != failed.pk


@pytest.mark.django_db(transaction=True)
def test_a_loop_begins_while_somebody_reads_another_ones_annotations(project: Any) -> None:
    zero = create(project)
    annotate(zero)
    finish_loop(zero.pk)
    assert drop_leftovers() == 1
    reading, done = threading.Event(), threading.Event()

    def read() -> None:
        with transaction.atomic():
            assert RegionAnnotation.objects.count() == 1
            reading.set()
            done.wait(20)
        connections.close_all()

    reader = threading.Thread(target=read)
    reader.start()
    try:
        assert reading.wait(10)
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '2s'")
        one = create(project, parent=zero)
        assert all(partitions(one))
        cancel_loop(one.pk)
        assert drop_leftovers() == 0  # in use: it stays, and the timer comes again
        assert RegionAnnotation.objects.count() == 1
    finally:
        done.set()
        reader.join()
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")
    assert drop_leftovers() == 1
    assert not any(partitions(one))
