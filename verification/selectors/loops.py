"""Passes of the engine as the lead's pages show them. Figures are sums over shards and counts by index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from annotation.models import Image, Loop, LoopState, Stage, StageState
from annotation.pipeline.loop_stages import FIRST_LOOP, LATER_LOOPS, Work
from annotation.selectors.progress import StageProgress, loop_progress, photo_failures
from verification.forecast import seconds_left
from verification.models import Sample
from verification.selectors.packages import packages_of_loop
from verification.selectors.sample_progress import SampleProgress, progress_of_sample, tag_sample_of

FAILURES = 50
WORK = {stage.name: stage.work for stage in (*FIRST_LOOP, *LATER_LOOPS)}
# A message that nobody took for so long means that nobody is there to take it.
SILENCE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class LoopRow:
    """A line of the list. items: of its sample, None where it has none; regions: about how many it annotated."""

    loop: Loop
    items: int | None
    regions: int | None
    took: timedelta | None


@dataclass(frozen=True, slots=True)
class StageRow:
    """A stage on the rail. state: "waiting", "now", "done", "failed" or "cancelled".

    done and total: shards, or verdicts where people work; images and failed: photos seen, and those that failed;
    left: about how many seconds it still takes, None when that is not known.
    """

    name: str
    work: Work
    state: str
    done: int = 0
    total: int = 0
    images: int = 0
    failed: int = 0
    images_per_second: float | None = None
    left: float | None = None
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LoopStatus:
    """Everything the page of one loop shows. `missing`: names of stages that this version leaves out."""

    loop: Loop
    stages: list[StageRow]
    missing: list[str]
    sample: Sample | None
    people: SampleProgress | None
    failed: int
    waits_for_worker: bool

    @property
    def current(self) -> StageRow | None:
        return next((stage for stage in self.stages if stage.state == "now"), None)


@dataclass(frozen=True, slots=True)
class FailedImage:
    """A photo that failed alone in a stage; the name is "" when the photo is gone."""

    key: int
    image_id: int
    name: str
    stage: str
    role: str
    reason: str


def loop_rows(project_id: int) -> list[LoopRow]:
    """All loops of the project, newest first. Three queries."""
    loops = list(Loop.objects.filter(project_id=project_id).select_related("started_by").order_by("-number"))
    samples = Sample.objects.filter(project_id=project_id).values_list("loop_id", "config")
    items = {loop_id: (config.get("drawn") or {}).get("items") for loop_id, config in samples}
    regions = _about_regions([loop.pk for loop in loops])
    return [
        LoopRow(
            loop=loop,
            items=items.get(loop.pk),
            regions=regions.get(loop.pk),
            took=loop.finished_at - loop.started_at if loop.finished_at else None,
        )
        for loop in loops
    ]


def find_loop(*, project_id: int, number: int) -> Loop | None:
    return Loop.objects.filter(project_id=project_id, number=number).select_related("started_by", "parent").first()


def status_of_loop(loop: Loop) -> LoopStatus:
    """Ten queries at most."""
    sample = tag_sample_of(loop)
    people = progress_of_sample(sample) if sample is not None else None
    stages: list[StageRow] = []
    missing: list[str] = []
    for stage in loop_progress(loop):
        if not stage.is_installed:
            missing.append(stage.name)
        elif stage.is_for_people:
            row = _review_row(stage, loop) if stage.name == Stage.REVIEW else _people_row(stage, loop, sample, people)
            stages.append(row)
        else:
            before_is_done = not stages or stages[-1].state == "done"
            stages.append(_shards_row(stage, is_next=before_is_done and loop.state == LoopState.RUNNING))
    return LoopStatus(
        loop=loop,
        stages=stages,
        missing=missing,
        sample=sample,
        people=people,
        failed=sum(stage.failed for stage in stages),
        waits_for_worker=_waits_for_worker(loop),
    )


def failed_images(loop: Loop, *, after: int = 0) -> tuple[Sequence[FailedImage], int | None]:
    """A page of photos that failed in the loop, and the key of the next page. Two queries."""
    failures = photo_failures(loop.pk, after=after, limit=FAILURES + 1)
    names = dict(Image.objects.filter(pk__in=[one.image_id for one in failures]).values_list("pk", "name"))
    page = [
        FailedImage(one.pk, one.image_id, names.get(one.image_id, ""), one.stage_run.stage, one.role, one.reason)
        for one in failures
    ]
    return page[:FAILURES], page[FAILURES - 1].key if len(page) > FAILURES else None


# How a stage's state is shown; one whose turn has come is "now", even if nobody has begun.
_SHOWN = {
    StageState.PENDING: "waiting",
    StageState.RUNNING: "now",
    StageState.DONE: "done",
    StageState.FAILED: "failed",
    StageState.CANCELLED: "cancelled",
}


def _shards_row(stage: StageProgress, *, is_next: bool) -> StageRow:
    state = _SHOWN[StageState(stage.state)]
    if state == "waiting" and is_next:
        state = "now"
    seen = stage.counts.get("images", 0)
    elapsed = _elapsed(stage.started_at, stage.finished_at if state == "done" else None)
    return StageRow(
        name=stage.name,
        work=WORK[stage.name],
        state=state,
        done=stage.done,
        total=stage.all,
        images=seen,
        failed=stage.counts.get("failed", 0),
        images_per_second=seen / elapsed if seen and elapsed else None,
        left=seconds_left(stage.done, stage.all, elapsed) if state == "now" else None,
        counts=stage.counts,
    )


def _people_row(stage: StageProgress, loop: Loop, sample: Sample | None, people: SampleProgress | None) -> StageRow:
    if sample is None or people is None:
        return StageRow(stage.name, Work.PEOPLE, "waiting")
    state = "now" if sample.is_open and loop.state == LoopState.RUNNING else "done"
    if loop.state == LoopState.CANCELLED:
        state = "cancelled"
    return StageRow(stage.name, Work.PEOPLE, state, done=people.done, total=people.total)


def _review_row(stage: StageProgress, loop: Loop) -> StageRow:
    """Packages that experts are through with, of all; nothing to do where the project asks for no review."""
    settled, total = packages_of_loop(loop.pk)
    state = _SHOWN[StageState(stage.state)]
    if loop.state == LoopState.RUNNING and settled < total:
        state = "now"
    return StageRow(stage.name, Work.PEOPLE, state, done=settled, total=total)


def _elapsed(start: datetime | None, end: datetime | None) -> float:
    return ((end or timezone.now()) - start).total_seconds() if start else 0.0


def _waits_for_worker(loop: Loop) -> bool:
    """Whether a shard was sent long ago and nobody has taken it, while nobody works on another one either."""
    if loop.state != LoopState.RUNNING:
        return False
    values: dict[str, Any] = {
        "loop": loop.pk,
        "alive": timedelta(seconds=settings.ARGUS_HEARTBEAT_TIMEOUT_SECONDS),
        "silence": SILENCE,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SHARDS, values)
        is_any, is_one_alive, is_one_waiting = cursor.fetchone()
    if is_one_alive:
        return False
    if is_one_waiting:
        return True
    # Nobody has even planned the first stage: the task that does so is a worker's as well.
    is_fresh = loop.started_at > timezone.now() - SILENCE
    return not is_fresh and not is_any


# The states stand here as words, so that the index over open shards can be used; the order asks for one over all.
_SHARDS = """
SELECT EXISTS (SELECT 1 FROM (SELECT 1 FROM annotation_stagerun WHERE loop_id = %(loop)s
                              ORDER BY loop_id, stage, shard LIMIT 1) one),
       EXISTS (SELECT 1 FROM annotation_stagerun
               WHERE loop_id = %(loop)s AND state IN ('pending', 'running') AND state = 'running'
                 AND heartbeat_at >= now() - %(alive)s::interval),
       EXISTS (SELECT 1 FROM annotation_stagerun
               WHERE loop_id = %(loop)s AND state IN ('pending', 'running') AND state = 'pending'
                 AND enqueued_at < now() - %(silence)s::interval
                 AND (finished_at IS NULL OR finished_at < enqueued_at))
"""


def _about_regions(loop_ids: list[int]) -> dict[int, int]:
    """The database's own estimates of the loops' partitions; loops without statistics are left out."""
    names = {f"annotation_regionannotation_{loop_id}": loop_id for loop_id in loop_ids}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, reltuples::bigint FROM pg_class WHERE relname = ANY(%s) AND reltuples > 0", [list(names)]
        )
        return {names[name]: rows for name, rows in cursor.fetchall()}
