"""The photos page: imports with their progress and problems, and what the project has."""

from collections.abc import Iterator

import orjson
from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotation.importers.registry import IMPORTERS
from annotation.models import ImportRun, ImportState
from annotation.selectors.import_runs import run_page
from annotation.selectors.imports import all_problems, find_import, problems_page
from annotation.selectors.photos import photo_page
from annotation.services.imports import cancel_import
from webapp.core.errors import BadInput, NotFound
from webapp.projects.access import ProjectRequest, project_view
from webapp.projects.policies import Action

MAX_KEY = 2**63 - 1
UNFINISHED = (ImportState.PENDING, ImportState.RUNNING)


@project_view(Action.ADD_PHOTOS)
@require_safe
def photos(request: ProjectRequest) -> HttpResponse:
    """Imports above, photos below; each list has a key of its own in the address."""
    before, imports_before = read_key(request, "before"), read_key(request, "imports_before")
    context = {
        "runs": run_page(project_id=request.project.pk, before=imports_before),
        "page": photo_page(project_id=request.project.pk, before=before),
        "is_first_page": before is None and imports_before is None,
        "titles": titles(),
    }
    return render(request, "annotation/photos/list.html", context)


@project_view(Action.ADD_PHOTOS)
@require_safe
def import_page(request: ProjectRequest, import_id: int) -> HttpResponse:
    """One import with what it refused; for htmx its card alone, which asks again until the import is over."""
    run = _run(request, import_id)
    context = {"run": run, "titles": titles(), "is_alone": "alone" in request.GET}
    if request.htmx:
        response = render(request, "annotation/photos/_run.html", context)
    else:
        context["problems"], context["after"] = problems_page(run_id=run.pk, after=read_key(request, "after") or 0)
        response = render(request, "annotation/photos/import.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@project_view(Action.ADD_PHOTOS)
@require_POST
def cancel(request: ProjectRequest, import_id: int) -> HttpResponse:
    """Stop an import that waits or runs. What it has written so far stays."""
    run = _run(request, import_id)
    if cancel_import(run_id=run.pk):
        messages.success(request, _("The import was cancelled. Photos that it had taken in stay."))
    else:
        messages.info(request, _("The import was over already."))
    return redirect("annotation:import", request.project.slug, run.pk)


@project_view(Action.ADD_PHOTOS)
@require_safe
def problems_file(request: ProjectRequest, import_id: int) -> StreamingHttpResponse:
    """Every refused file and item as JSONL: file, item, code, message."""
    run = _run(request, import_id)
    response = StreamingHttpResponse(_lines(run), content_type="application/x-ndjson")
    response["Content-Disposition"] = f'attachment; filename="import-{run.pk}-problems.jsonl"'
    return response


def _lines(run: ImportRun) -> Iterator[bytes]:
    for problem in all_problems(run_id=run.pk):
        values = {"file": problem.file, "item": problem.item, "code": problem.code, "message": problem.message}
        yield orjson.dumps(values, option=orjson.OPT_APPEND_NEWLINE)


def titles() -> dict[str, str]:
    """Names of the formats for people."""
    return {name: importer.title for name, importer in IMPORTERS.items()}


def read_key(request: ProjectRequest, name: str) -> int | None:
    """The key of a page from the address. Raises BadInput when it is none."""
    text = request.GET.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()) or len(text) > 19 or int(text) > MAX_KEY:
        raise BadInput(_("“%(name)s” in the address must be the number of a page.") % {"name": name})
    return int(text)


def _run(request: ProjectRequest, import_id: int) -> ImportRun:
    run = find_import(project_id=request.project.pk, run_id=import_id)
    if run is None:
        raise NotFound(_("This project has no such import."))
    return run
