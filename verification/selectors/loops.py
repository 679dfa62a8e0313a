"""Passes of the engine as the lead's pages show them. Figures are sums over shards and counts by index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from annotation.models import Image, Loop, LoopState, StageFailure, StageRun, StageState
from annotation.pipeline.loop_stages import LoopStage, Work, missing_stages, stages_of
from annotation.selectors.statistics import StageTotals, loop_counts, stage_totals
from verification.forecast import seconds_left
from verification.models import Sample
from verification.selectors.sample_progress import SampleProgress, progress_of_sample, tag_sample_of

FAILURES = 50
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
    has_parent = loop.parent_id is not None
    totals = stage_totals(loop.pk)
    counts = loop_counts(loop.pk)
    sample = tag_sample_of(loop)
    people = progress_of_sample(sample) if sample is not None else None
    installed = [stage for stage in stages_of(has_parent=has_parent) if stage.installed]
    stages: list[StageRow] = []
    for stage in installed:
        before_is_done = not stages or stages[-1].state == "done"
        if stage.work is Work.PEOPLE:
            row = _people_row(stage, loop, sample, people)
        else:
            row = _shards_row(stage, loop, totals.get(stage.name), counts.get(stage.name, {}), before_is_done)
        stages.append(row)
    return LoopStatus(
        loop=loop,
        stages=stages,
        missing=[stage.name for stage in missing_stages(has_parent=has_parent)],
        sample=sample,
        people=people,
        failed=sum(stage.failed for stage in stages),
        waits_for_worker=_waits_for_worker(loop),
    )


def failed_images(loop: Loop, *, after: int = 0) -> tuple[Sequence[FailedImage], int | None]:
    """A page of photos that failed in the loop, and the key of the next page. Two queries."""
    failures = StageFailure.objects.filter(stage_run__loop=loop, pk__gt=after).order_by("pk")
    rows = list(failures.values_list("pk", "image_id", "stage_run__stage", "role", "reason")[: FAILURES + 1])
    names = dict(Image.objects.filter(pk__in=[row[1] for row in rows]).values_list("pk", "name"))
    page = [FailedImage(pk, image, names.get(image, ""), stage, role, why) for pk, image, stage, role, why in rows]
    return page[:FAILURES], page[FAILURES - 1].key if len(page) > FAILURES else None


def _shards_row(
    stage: LoopStage, loop: Loop, totals: StageTotals | None, counts: dict[str, int], before_is_done: bool
) -> StageRow:
    if totals is None:
        is_now = before_is_done and loop.state == LoopState.RUNNING
        return StageRow(stage.name, stage.work, "now" if is_now else "waiting")
    state = "done" if totals.done == totals.shards else "now"
    if totals.failed:
        state = "failed"
    elif state == "now" and loop.state != LoopState.RUNNING:
        state = "cancelled"
    seen = counts.get("images", 0)
    elapsed = _elapsed(totals.started_at, totals.finished_at if state == "done" else None)
    return StageRow(
        name=stage.name,
        work=stage.work,
        state=state,
        done=totals.done,
        total=totals.shards,
        images=seen,
        failed=counts.get("failed", 0),
        images_per_second=seen / elapsed if seen and elapsed else None,
        left=seconds_left(totals.done, totals.shards, elapsed) if state == "now" else None,
        counts=counts,
    )


def _people_row(stage: LoopStage, loop: Loop, sample: Sample | None, people: SampleProgress | None) -> StageRow:
    if sample is None or people is None:
        return StageRow(stage.name, stage.work, "waiting")
    state = "now" if sample.is_open and loop.state == LoopState.RUNNING else "done"
    if loop.state == LoopState.CANCELLED:
        state = "cancelled"
    return StageRow(stage.name, stage.work, state, done=people.done, total=people.total)


def _elapsed(start: datetime | None, end: datetime | None) -> float:
    return ((end or timezone.now()) - start).total_seconds() if start else 0.0


def _waits_for_worker(loop: Loop) -> bool:
    """Whether a shard was sent long ago and nobody has taken it, while nobody works on another one either."""
    if loop.state != LoopState.RUNNING:
        return False
    alive = Now() - timedelta(seconds=settings.ARGUS_HEARTBEAT_TIMEOUT_SECONDS)
    runs = StageRun.objects.filter(loop=loop)
    if runs.filter(state=StageState.RUNNING, heartbeat_at__gte=alive).exists():
        return False
    sent = Q(enqueued_at__lt=Now() - SILENCE) & (Q(finished_at=None) | Q(finished_at__lt=F("enqueued_at")))
    if runs.filter(sent, state=StageState.PENDING).exists():
        return True
    # Nobody has even planned the first stage: the task that does so is a worker's as well.
    is_fresh = loop.started_at > timezone.now() - SILENCE
    return not is_fresh and not runs.exists()


def _about_regions(loop_ids: list[int]) -> dict[int, int]:
    """The database's own estimates of the loops' partitions; loops without statistics are left out."""
    names = {f"annotation_regionannotation_{loop_id}": loop_id for loop_id in loop_ids}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, reltuples::bigint FROM pg_class WHERE relname = ANY(%s) AND reltuples > 0", [list(names)]
        )
        return {names[name]: rows for name, rows in cursor.fetchall()}
