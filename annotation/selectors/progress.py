"""How far a loop is, for pages and commands: every stage of its table, begun or not, installed or not."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from annotation.models import Loop, LoopState, Stage, StageFailure, StageRun, StageState
from annotation.pipeline.loop_stages import LoopStage, Work, stages_of
from annotation.selectors.statistics import StageTotals, loop_counts, stage_totals


@dataclass(frozen=True, slots=True)
class StageProgress:
    """One row of the loop's page.

    state: a StageState value, "" for a stage that is not installed. done and all count shards. Of stages that people do
    only the place in the order is known here; their numbers are in verification/selectors/sample_progress.py.
    """

    name: str
    label: str
    is_installed: bool
    is_for_people: bool
    state: str
    done: int = 0
    all: int = 0
    failed: int = 0
    images: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    seconds: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def share(self) -> float:
        """Done of all shards, 0 to 1."""
        return self.done / self.all if self.all else float(self.state == StageState.DONE)


def loop_progress(loop: Loop) -> list[StageProgress]:
    """All stages of the loop, in order. Two queries at most, over its shards."""
    totals, counts = stage_totals(loop), loop_counts(loop)
    stages = stages_of(has_parent=loop.parent_id is not None)
    rows = []
    before_is_done = True
    for stage in stages:
        row = _progress(loop, stage, totals.get(stage.name), counts.get(stage.name, {}), before_is_done)
        rows.append(row)
        if stage.installed:
            before_is_done = row.state == StageState.DONE
    return rows


def _progress(
    loop: Loop, stage: LoopStage, totals: StageTotals | None, counts: dict[str, int], before_is_done: bool
) -> StageProgress:
    state = _state(loop, stage, totals, before_is_done) if stage.installed else ""
    row = StageProgress(
        name=stage.name,
        label=str(Stage(stage.name).label),
        is_installed=stage.installed,
        is_for_people=stage.work is Work.PEOPLE,
        state=state,
        counts=counts,
    )
    if totals is None:
        return row
    return StageProgress(
        name=row.name,
        label=row.label,
        is_installed=row.is_installed,
        is_for_people=row.is_for_people,
        state=state,
        done=totals.done,
        all=totals.shards,
        failed=totals.failed,
        images=totals.images,
        started_at=totals.started_at,
        finished_at=totals.finished_at,
        seconds=totals.seconds,
        counts=counts,
    )


def _state(loop: Loop, stage: LoopStage, totals: StageTotals | None, before_is_done: bool) -> str:
    if totals is not None and totals.done == totals.shards:
        return StageState.DONE
    if loop.state == LoopState.FINISHED:
        return StageState.DONE
    if loop.state == LoopState.CANCELLED:
        return StageState.CANCELLED
    if totals is not None and totals.failed and totals.done + totals.failed == totals.shards:
        return StageState.FAILED
    if loop.state == LoopState.FAILED:
        return StageState.PENDING
    if stage.work is Work.PEOPLE:
        return StageState.RUNNING if before_is_done else StageState.PENDING
    begun = totals is not None and (totals.running or totals.done)
    return StageState.RUNNING if begun else StageState.PENDING


def photo_failures(loop_id: int, *, after: int = 0, limit: int = 50) -> list[StageFailure]:
    """Photos that failed alone in the loop and why, in the order found, paged by key: `after` is the last id seen."""
    return list(
        StageFailure.objects.filter(stage_run__loop_id=loop_id, pk__gt=after)
        .select_related("stage_run")
        .order_by("pk")[:limit]
    )


def failed_shards(loop_id: int, *, limit: int = 50) -> list[StageRun]:
    """Shards that failed for good, with their errors."""
    failed = StageRun.objects.filter(loop_id=loop_id, state=StageState.FAILED)
    return list(failed.defer("image_ids").order_by("pk")[:limit])
