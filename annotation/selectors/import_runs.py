"""Imports of a project for the photos page, paged by key. One import in detail: annotation/selectors/imports.py."""

from collections.abc import Sequence
from dataclasses import dataclass

from annotation.models import ImportRun

PAGE = 5


@dataclass(frozen=True, slots=True)
class RunPage:
    """Imports, newest first; `older` is the key of the next page."""

    runs: Sequence[ImportRun]
    older: int | None


def run_page(*, project_id: int, before: int | None = None) -> RunPage:
    """Imports with ids below `before` (None: the newest), one query by index."""
    runs = ImportRun.objects.filter(project_id=project_id).select_related("created_by").order_by("-pk")
    if before is not None:
        runs = runs.filter(pk__lt=before)
    page = list(runs[: PAGE + 1])
    return RunPage(page[:PAGE], page[PAGE - 1].pk if len(page) > PAGE else None)
