from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now

from annotation.models import Loop, LoopState, Stage, StageFailure, StageRun, StageState
from annotation.pipeline.batches import Failure
from annotation.services.stage_runs import (
    MAX_ATTEMPTS,
    Claim,
    ClaimLost,
    beat,
    claim_shard,
    due_shards,
    fail_shard,
    finish_shard,
    give_up_lapsed,
    plan_like,
    plan_once,
    plan_shards,
)
from tests.factories import make_image

pytestmark = pytest.mark.django_db


@pytest.fixture
def loop(project: Any) -> Loop:
    return Loop.objects.create(project=project, number=0, config_digest="0" * 64)


@pytest.fixture
def run(loop: Loop) -> StageRun:
    return StageRun.objects.create(loop=loop, stage=Stage.TAG, shard=0, image_ids=[1, 2])


def claim(run: StageRun) -> Claim:
    claimed = claim_shard(run.pk)
    assert claimed is not None
    return claimed


def let_lapse(run: StageRun) -> None:
    StageRun.objects.filter(pk=run.pk).update(heartbeat_at=Now() - timedelta(hours=1))


def written(**counts: int) -> Any:
    return lambda: counts


def failure(image_id: int, reason: str = "cannot be read") -> Failure:
    return Failure(image_id, "tag", "spotter", "builtin:spotter", reason)


def plan(loop: Loop, size: int = 2, **options: Any) -> int:
    return plan_shards(loop_id=loop.pk, stage=Stage.TAG, project_id=loop.project_id, size=size, **options)


def test_every_photo_of_the_project_is_in_exactly_one_shard_in_order(project: Any, loop: Loop) -> None:
    from webapp.projects.models import Project

    make_image(Project.objects.create(name="Other", slug="other"), seed=99)
    ids = [make_image(project, seed=seed).pk for seed in range(5)]
    assert plan(loop) == 3
    shards = list(StageRun.objects.order_by("shard").values_list("shard", "image_ids"))
    assert shards == [(0, ids[:2]), (1, ids[2:4]), (2, ids[4:])]


def test_planning_takes_two_statements_however_many_photos(
    project: Any, loop: Loop, django_assert_num_queries: Any
) -> None:
    for seed in range(6):
        make_image(project, seed=seed)
    with django_assert_num_queries(2):
        assert plan(loop, size=1) == 6


def test_a_later_stage_has_the_same_photos_even_if_more_were_added_since(project: Any, loop: Loop) -> None:
    make_image(project, seed=1)
    plan(loop)
    make_image(project, seed=2)
    plan_like(loop_id=loop.pk, stage=Stage.MATCH, like=Stage.TAG)
    tag, match = StageRun.objects.order_by("pk")
    assert match.image_ids == tag.image_ids
    assert len(match.image_ids) == 1


def test_a_project_without_photos_has_no_shards(loop: Loop) -> None:
    assert plan(loop) == 0


def test_a_stage_that_is_done_once_is_planned_once(loop: Loop) -> None:
    plan_once(loop_id=loop.pk, stage=Stage.SAMPLE)
    plan_once(loop_id=loop.pk, stage=Stage.SAMPLE)
    assert StageRun.objects.get().image_ids == []


def test_only_one_of_two_claims_the_shard(run: StageRun) -> None:
    claimed = claim(run)
    assert (claimed.attempt, claimed.image_ids, claimed.stage) == (1, (1, 2), "tag")
    assert claim_shard(run.pk) is None


def test_a_shard_whose_owner_is_silent_is_claimed_again(run: StageRun) -> None:
    claim(run)
    let_lapse(run)
    assert claim(run).attempt == 2


def test_a_heartbeat_keeps_the_claim(run: StageRun) -> None:
    claimed = claim(run)
    let_lapse(run)
    assert beat(claimed)
    assert claim_shard(run.pk) is None


def test_a_former_owner_cannot_beat_write_or_fail(run: StageRun) -> None:
    former = claim(run)
    let_lapse(run)
    claim(run)
    wrote = []
    assert not beat(former)
    with pytest.raises(ClaimLost):
        finish_shard(former, write=lambda: wrote.append(1) or {})  # type: ignore[func-returns-value]
    assert not fail_shard(former, "too late")
    assert wrote == []
    run.refresh_from_db()
    assert (run.state, run.attempt, run.error) == (StageState.RUNNING, 2, "")


def test_a_finished_shard_says_what_it_did_and_is_never_claimed_again(run: StageRun) -> None:
    counts = finish_shard(claim(run), write=written(tags=7), failures=[failure(2)], timings={"work_s": 1.5})
    run.refresh_from_db()
    assert counts == run.counts == {"images": 2, "failed": 1, "tags": 7}
    assert (run.state, run.timings) == (StageState.DONE, {"work_s": 1.5})
    assert run.finished_at is not None
    assert claim_shard(run.pk) is None


def test_rows_and_done_state_are_written_together_or_not_at_all(run: StageRun) -> None:
    def write() -> dict[str, int]:
        StageFailure.objects.create(stage_run=run, image_id=1, reason="half a row")
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError):
        finish_shard(claim(run), write=write)
    run.refresh_from_db()
    assert run.state == StageState.RUNNING
    assert not StageFailure.objects.exists()


def test_failures_of_photos_are_replaced_when_the_shard_runs_again(run: StageRun) -> None:
    fail_shard(claim(run), "the endpoint was silent", failures=[failure(1), failure(2)])
    assert StageFailure.objects.count() == 2
    finish_shard(claim(run), write=written(), failures=[failure(2, "too dark")])
    assert list(StageFailure.objects.values_list("image_id", "reason")) == [(2, "too dark")]


def test_a_shard_that_fails_three_times_has_failed_and_says_why(run: StageRun) -> None:
    for attempt in range(1, MAX_ATTEMPTS + 1):
        assert claim(run).attempt == attempt
        fail_shard(Claim(run.pk, run.loop_id, run.stage, 0, (1, 2), attempt), f"try {attempt}")
    run.refresh_from_db()
    assert (run.state, run.error) == (StageState.FAILED, "try 3")
    assert claim_shard(run.pk) is None


def test_a_permanent_error_is_not_tried_again(run: StageRun) -> None:
    fail_shard(claim(run), "there is no such backend", permanent=True)
    run.refresh_from_db()
    assert run.state == StageState.FAILED


def test_a_worker_that_died_three_times_over_a_shard_is_not_sent_a_fourth(run: StageRun, loop: Loop) -> None:
    for _ in range(MAX_ATTEMPTS):
        claim(run)
        let_lapse(run)
    assert claim_shard(run.pk) is None
    assert give_up_lapsed(loop_id=loop.pk, stage=Stage.TAG) == 1
    assert give_up_lapsed(loop_id=loop.pk, stage=Stage.TAG) == 0
    run.refresh_from_db()
    assert run.state == StageState.FAILED
    assert "3 times" in run.error


def test_nothing_of_a_loop_that_is_over_is_claimed(run: StageRun, loop: Loop) -> None:
    for state in (LoopState.CANCELLED, LoopState.FAILED, LoopState.FINISHED):
        Loop.objects.filter(pk=loop.pk).update(state=state)
        assert claim_shard(run.pk) is None


def test_a_shard_is_sent_once_and_again_when_its_message_seems_lost(run: StageRun, loop: Loop, settings: Any) -> None:
    def due(**options: Any) -> list[int]:
        return due_shards(loop_id=loop.pk, stage=Stage.TAG, **options)

    assert due() == [run.pk]
    assert due() == []
    StageRun.objects.update(enqueued_at=Now() - timedelta(seconds=settings.ARGUS_RESEND_SECONDS + 1))
    assert due(resend=False) == []  # the queue is full of messages, this one among them
    assert due() == [run.pk]


def test_a_shard_whose_owner_is_silent_is_sent_again_and_one_at_work_is_not(run: StageRun, loop: Loop) -> None:
    due_shards(loop_id=loop.pk, stage=Stage.TAG)
    StageRun.objects.update(enqueued_at=Now() - timedelta(hours=1))
    claim(run)
    assert due_shards(loop_id=loop.pk, stage=Stage.TAG) == []
    let_lapse(run)
    assert due_shards(loop_id=loop.pk, stage=Stage.TAG) == [run.pk]


def test_only_so_many_shards_wait_in_the_queue(loop: Loop, settings: Any) -> None:
    settings.ARGUS_SHARDS_AHEAD = 3
    runs = StageRun.objects.bulk_create(StageRun(loop=loop, stage=Stage.TAG, shard=shard) for shard in range(10))
    assert due_shards(loop_id=loop.pk, stage=Stage.TAG) == [run.pk for run in runs[:3]]
    assert due_shards(loop_id=loop.pk, stage=Stage.TAG) == []
    finish_shard(claim(runs[0]), write=written())
    assert due_shards(loop_id=loop.pk, stage=Stage.TAG) == [runs[3].pk]


@pytest.mark.django_db(transaction=True)
def test_whoever_finishes_holds_off_a_claim_until_the_commit(loop: Loop) -> None:
    from tests.verification.services.crowds import in_threads

    run = StageRun.objects.create(loop=loop, stage=Stage.TAG, shard=0)
    former = claim(run)
    let_lapse(run)
    seen: list[Claim | None] = []

    def write() -> dict[str, int]:
        import threading

        other = threading.Thread(target=lambda: in_threads([lambda: seen.append(claim_shard(run.pk))]))
        other.start()
        other.join(timeout=0.5)
        assert other.is_alive()  # it waits for the row
        return {}

    finish_shard(former, write=write)
    for _ in range(100):
        if seen:
            break
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.05)")
    assert seen == [None]
