"""Imports of a project and what they refused, for the photos page. Paged by key."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from annotation.models import ImportProblem, ImportRun

PAGE = 5
PROBLEMS = 50


@dataclass(frozen=True, slots=True)
class RunPage:
    """Imports, newest first; `older` is the key of the next page."""

    runs: Sequence[ImportRun]
    older: int | None


@dataclass(frozen=True, slots=True)
class ProblemPage:
    """Refused files and items in the order in which they were met; `after` is the key of the next page."""

    problems: Sequence[ImportProblem]
    after: int | None


def run_page(*, project_id: int, before: int | None = None) -> RunPage:
    runs = ImportRun.objects.filter(project_id=project_id).select_related("created_by").order_by("-pk")
    if before is not None:
        runs = runs.filter(pk__lt=before)
    page = list(runs[: PAGE + 1])
    return RunPage(page[:PAGE], page[PAGE - 1].pk if len(page) > PAGE else None)


def find_run(*, project_id: int, import_id: int) -> ImportRun | None:
    return ImportRun.objects.filter(project_id=project_id, pk=import_id).select_related("created_by").first()


def problem_page(run: ImportRun, *, after: int | None = None) -> ProblemPage:
    problems = ImportProblem.objects.filter(run=run, pk__gt=after or 0).order_by("pk")
    page = list(problems[: PROBLEMS + 1])
    return ProblemPage(page[:PROBLEMS], page[PROBLEMS - 1].pk if len(page) > PROBLEMS else None)


def every_problem(run: ImportRun) -> Iterator[ImportProblem]:
    """All of them, read in pages so that memory stays flat and no transaction stays open."""
    page = problem_page(run)
    while page.problems:
        yield from page.problems
        if page.after is None:
            return
        page = problem_page(run, after=page.after)
