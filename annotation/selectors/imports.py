"""Reads about imports: how far, what happened, what was refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from annotation.models import ImportProblem, ImportRun, ImportState

PAGE = 50


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """One run as a page shows it.

    percent: 0 to 100, None while the size of the whole is not known; counts: images (new photos), already_there
    (photos), regions, regions_already_there, captions, captions_already_there, left_out (annotations whose photo was
    refused), problems; each 0 where nothing of the kind happened.
    """

    run_id: int
    format: str
    state: ImportState
    done: int
    total: int | None
    percent: int | None
    counts: dict[str, int]
    error: str
    created_at: datetime
    finished_at: datetime | None

    @property
    def is_over(self) -> bool:
        return self.state not in (ImportState.PENDING, ImportState.RUNNING)


COUNTS = (
    "images",
    "already_there",
    "regions",
    "regions_already_there",
    "captions",
    "captions_already_there",
    "left_out",
    "problems",
)


def import_progress(run: ImportRun) -> ImportProgress:
    """The state of a run as of the row given."""
    state = ImportState(run.state)
    percent = None
    if state == ImportState.DONE:
        percent = 100
    elif run.total:
        percent = min(99, run.done * 100 // run.total)
    return ImportProgress(
        run_id=run.pk,
        format=run.format,
        state=state,
        done=run.done,
        total=run.total,
        percent=percent,
        counts={name: int(run.counts.get(name, 0)) for name in COUNTS},
        error=run.error,
        created_at=run.created_at,
        finished_at=run.finished_at,
    )


def find_import(*, project_id: int, run_id: int) -> ImportRun | None:
    """A run of this project; None when there is none."""
    return ImportRun.objects.filter(project_id=project_id, pk=run_id).first()


def latest_imports(*, project_id: int, limit: int = 10) -> list[ImportProgress]:
    """The project's newest runs, newest first."""
    runs = ImportRun.objects.filter(project_id=project_id).order_by("-pk")[:limit]
    return [import_progress(run) for run in runs]


def problems_page(*, run_id: int, after: int = 0, limit: int = PAGE) -> tuple[list[ImportProblem], int | None]:
    """Problems of a run behind the id `after`, in order, and the `after` of the next page (None: no more)."""
    rows = list(_problems(run_id).filter(pk__gt=after)[: limit + 1])
    return rows[:limit], rows[limit - 1].pk if len(rows) > limit else None


def all_problems(*, run_id: int) -> Iterator[ImportProblem]:
    """Every listed problem of a run, streamed in order."""
    return _problems(run_id).iterator(chunk_size=1_000)


def _problems(run_id: int) -> QuerySet[ImportProblem]:
    return ImportProblem.objects.filter(run_id=run_id).order_by("pk")
