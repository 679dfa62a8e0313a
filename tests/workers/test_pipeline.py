"""The pipeline by real Celery workers: to its end, whatever happens to worker and queue on the way."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from annotation.models import Loop, LoopState, Stage, StageRun, StageState
from tests.embedded.runs import eventually
from tests.workers.pipelines import add_photos, kill, worker, written_by
from verification.models import Assignment, Sample
from verification.services.loops import advance, cancel_loop, close_verification, start_loop
from webapp.projects.models import Project
from workers.foreground import run_loop
from workers.tasks.housekeeping import reconcile

pytestmark = pytest.mark.django_db(transaction=True)

PHOTOS = 4


@pytest.fixture(autouse=True)
def queue(settings: Any) -> Iterator[redis.Redis]:
    settings.ARGUS_SHARD_IMAGES = 2
    settings.ARGUS_HEARTBEAT_TIMEOUT_SECONDS = 2
    settings.ARGUS_RESEND_SECONDS = 1
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.flushdb()
        yield client
        client.flushdb()


@pytest.fixture
def undisturbed(db: None) -> dict[str, list[Any]]:
    """What a run in the foreground writes for the same photos in another project."""
    other = Project.objects.create(name="Undisturbed", slug="undisturbed")
    add_photos(other, PHOTOS)
    return written_by(run_loop(start_loop(project=other, user=None).pk))


def reached(loop: Loop, state: LoopState = LoopState.FINISHED) -> bool:
    loop.refresh_from_db()
    assert loop.state in {state, LoopState.RUNNING}, loop.error
    return loop.state == state


def running(stage: Stage) -> bool:
    return StageRun.objects.filter(stage=stage, state=StageState.RUNNING).exists()


def by_the_timer(loop: Loop) -> bool:
    reconcile()
    return reached(loop)


def test_workers_carry_a_loop_to_its_end_and_the_next_one_to_people(
    project: Any, lea: Any, tmp_path: Path, undisturbed: dict[str, list[Any]]
) -> None:
    add_photos(project, PHOTOS)
    with worker(tmp_path / "log", slots=2):
        zero = start_loop(project=project, user=lea)
        assert eventually(lambda: reached(zero), seconds=40), (tmp_path / "log").read_text()
        one = start_loop(project=project, user=lea)
        assert eventually(Sample.objects.filter(loop=one).exists, seconds=20), (tmp_path / "log").read_text()
        assert written_by(zero) == undisturbed
        assert Assignment.objects.filter(sample__loop=one, sample__task_kind="tag").count() == len(
            undisturbed["regions"]
        )
        close_verification(loop=one, user=lea)
        assert eventually(lambda: reached(one), seconds=20), (tmp_path / "log").read_text()
    assert set(StageRun.objects.filter(loop=zero).values_list("attempt", flat=True)) == {1}


@pytest.mark.parametrize("stage", [Stage.LOCALIZE, Stage.DESCRIBE])
def test_a_shard_whose_worker_was_killed_is_done_by_another_one_and_nothing_is_there_twice(
    project: Any, lea: Any, tmp_path: Path, undisturbed: dict[str, list[Any]], stage: Stage
) -> None:
    add_photos(project, PHOTOS)
    with worker(tmp_path / "first", held_stage=stage) as first:
        loop = start_loop(project=project, user=lea)
        assert eventually(lambda: running(stage), seconds=40), (tmp_path / "first").read_text()
        kill(first)
    with worker(tmp_path / "second"):
        assert eventually(lambda: by_the_timer(loop), seconds=40), (tmp_path / "second").read_text()
    assert written_by(loop) == undisturbed
    assert set(StageRun.objects.filter(loop=loop, stage=stage).values_list("attempt", flat=True)) == {1, 2}


def test_a_flushed_redis_costs_a_moment_and_no_work(
    project: Any, lea: Any, tmp_path: Path, queue: redis.Redis, undisturbed: dict[str, list[Any]]
) -> None:
    add_photos(project, PHOTOS)
    loop = start_loop(project=project, user=lea)
    queue.flushdb()  # the message that the loop has begun
    advance(loop.pk)
    assert queue.llen("cpu") == 2
    queue.flushdb()  # the shards of its first stage
    with worker(tmp_path / "log"):
        assert eventually(lambda: by_the_timer(loop), seconds=40), (tmp_path / "log").read_text()
    assert written_by(loop) == undisturbed


def test_a_cancelled_loop_stops_in_the_middle_of_a_shard(project: Any, lea: Any, tmp_path: Path) -> None:
    add_photos(project, PHOTOS)
    with worker(tmp_path / "log", held_stage=Stage.MATCH):
        loop = start_loop(project=project, user=lea)
        assert eventually(lambda: running(Stage.MATCH), seconds=40), (tmp_path / "log").read_text()
        assert cancel_loop(loop=loop, user=lea)
    assert not StageRun.objects.filter(state__in=(StageState.PENDING, StageState.RUNNING)).exists()
    reconcile()
    assert set(map(len, written_by(loop).values())) - {0}  # boxes stay: a box is not an annotation
    assert written_by(loop)["photos"] == []
    again = run_loop(start_loop(project=project, user=lea).pk)
    assert (again.number, again.state) == (1, LoopState.FINISHED)
    assert written_by(again)["candidates"]
