from typing import Any

import pytest

from annotation.models import Loop, LoopState, Stage, StageFailure, StageRun, StageState
from annotation.selectors.progress import failed_shards, loop_progress, photo_failures

pytestmark = pytest.mark.django_db


@pytest.fixture
def loop(project: Any) -> Loop:
    return Loop.objects.create(project=project, number=0, config_digest="0" * 64)


def run(loop: Loop, stage: Stage, shard: int, state: StageState, **counts: int) -> StageRun:
    return StageRun.objects.create(loop=loop, stage=stage, shard=shard, state=state, image_ids=[1, 2], counts=counts)


def states(loop: Loop) -> dict[str, str]:
    return {row.name: row.state for row in loop_progress(loop)}


def test_a_stage_adds_up_what_its_finished_shards_counted(loop: Loop) -> None:
    run(loop, Stage.TAG, 0, StageState.DONE, tags=5, failed=1)
    run(loop, Stage.TAG, 1, StageState.DONE, tags=7, failed=0)
    run(loop, Stage.TAG, 2, StageState.RUNNING, tags=100)
    row = loop_progress(loop)[0]
    assert (row.name, row.label, row.state) == ("tag", "Tag", StageState.RUNNING)
    assert (row.done, row.all, row.images) == (2, 3, 6)
    assert row.share == pytest.approx(2 / 3)
    assert row.counts == {"tags": 12, "failed": 1}


def test_stages_that_have_not_begun_wait_and_those_not_installed_are_told_apart(loop: Loop) -> None:
    run(loop, Stage.TAG, 0, StageState.DONE)
    run(loop, Stage.LOCALIZE, 0, StageState.PENDING)
    rows = {row.name: row for row in loop_progress(loop)}
    assert list(rows) == ["tag", "localize", "match", "clean", "describe", "train", "audit", "report"]
    assert states(loop) == {
        "tag": "done", "localize": "pending", "match": "pending", "clean": "pending", "describe": "pending",
        "train": "", "audit": "", "report": "",
    }  # fmt: skip
    assert [name for name, row in rows.items() if not row.is_installed] == ["train", "audit", "report"]


def test_people_are_at_work_once_the_sample_is_drawn(loop: Loop, project: Any) -> None:
    Loop.objects.update(state=LoopState.FINISHED)
    one = Loop.objects.create(project=project, number=1, parent=loop, config_digest="1" * 64)
    assert (states(one)["sample"], states(one)["verify"]) == ("pending", "pending")
    run(one, Stage.SAMPLE, 0, StageState.DONE, items=40)
    assert (states(one)["sample"], states(one)["verify"]) == ("done", "running")
    Loop.objects.filter(pk=one.pk).update(state=LoopState.FINISHED)
    one.refresh_from_db()
    assert states(one)["verify"] == "done"


def test_a_failed_stage_is_shown_as_failed_and_its_shards_say_why(loop: Loop) -> None:
    run(loop, Stage.TAG, 0, StageState.DONE)
    failed = run(loop, Stage.TAG, 1, StageState.FAILED)
    StageRun.objects.filter(pk=failed.pk).update(error="no memory")
    Loop.objects.update(state=LoopState.FAILED)
    loop.refresh_from_db()
    assert (states(loop)["tag"], states(loop)["localize"]) == ("failed", "pending")
    assert [shard.error for shard in failed_shards(loop.pk)] == ["no memory"]


def test_photos_that_failed_are_listed_page_by_page(loop: Loop) -> None:
    shard = run(loop, Stage.TAG, 0, StageState.DONE)
    for image in range(5):
        StageFailure.objects.create(stage_run=shard, image_id=image, reason=f"reason {image}")
    first = photo_failures(loop.pk, limit=3)
    rest = photo_failures(loop.pk, after=first[-1].pk, limit=3)
    assert [failure.image_id for failure in first + rest] == [0, 1, 2, 3, 4]


def test_the_page_of_a_large_loop_costs_two_queries(loop: Loop, django_assert_num_queries: Any) -> None:
    StageRun.objects.bulk_create(
        StageRun(loop=loop, stage=Stage.TAG, shard=shard, state=StageState.DONE, counts={"tags": 1})
        for shard in range(300)
    )
    with django_assert_num_queries(2):
        assert loop_progress(loop)[0].counts == {"tags": 300}
