"""The exports page: what was exported, a form for more, progress, cancelling."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from verification.exports.schemas import SCHEMA_OF
from verification.selectors.export_previews import Preview, preview_of
from verification.selectors.exports import export_of, exports_page
from verification.services.exports import cancel_export, request_export
from verification.views.consumer.export_forms import ExportForm
from webapp.projects.access import ProjectRequest, project_view
from webapp.projects.policies import Action


@project_view(Action.EXPORT)
@require_http_methods(["GET", "HEAD", "POST"])
def exports(request: ProjectRequest) -> HttpResponse:
    """The list with the form; POST asks for an export. A GET with choices counts what they would give."""
    if request.method == "POST":
        form = ExportForm(request.POST, project=request.project)
        if form.is_valid():
            request_export(project=request.project, user=request.user, **form.choices())
            return redirect("verification:exports", request.project.slug)
        return _listing(request, form, status=400)
    if "kind" not in request.GET:
        return _listing(request, ExportForm(project=request.project))
    form = ExportForm(request.GET, project=request.project)
    preview = preview_of(form.wanted) if form.is_valid() else None
    if request.htmx:
        return render(request, "verification/exports/_preview.html", {"form": form, "preview": preview})
    return _listing(request, form, preview=preview)


def _listing(
    request: ProjectRequest, form: ExportForm, *, preview: Preview | None = None, status: int = 200
) -> HttpResponse:
    before = request.GET.get("before", "")
    page = exports_page(project=request.project, before=int(before) if before.isdecimal() else None)
    context = {
        "form": form,
        "preview": preview,
        "page": page,
        "is_first_page": not before,
        "schemas": SCHEMA_OF.values(),
        "may_take_down": Action.TAKE_DOWN in request.permitted,
    }
    return render(request, "verification/exports/list.html", context, status=status)


@project_view(Action.EXPORT)
@require_safe
def export(request: ProjectRequest, export_id: int) -> HttpResponse:
    """One export: a page, or for htmx its card alone, which asks again while the export is not finished."""
    template = "_card" if request.htmx else "detail"
    found = export_of(project=request.project, export_id=export_id)
    return render(request, f"verification/exports/{template}.html", {"export": found})


@project_view(Action.EXPORT)
@require_POST
def cancel(request: ProjectRequest, export_id: int) -> HttpResponse:
    """Stop an export that waits or runs."""
    found = export_of(project=request.project, export_id=export_id)
    cancel_export(export=found)
    if request.htmx:
        return render(request, "verification/exports/_card.html", {"export": found})
    messages.success(request, _("Export %(number)s is cancelled. Nothing of it is kept.") % {"number": found.pk})
    return redirect("verification:exports", request.project.slug)
