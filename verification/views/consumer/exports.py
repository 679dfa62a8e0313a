"""The exports page: what was exported, a form for more, progress, cancelling."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotation.models import Loop
from verification.exports.schemas import SCHEMA_OF
from verification.models import ExportKind
from verification.selectors.exports import export_of, exports_page
from verification.services.exports import cancel_export, request_export
from webapp.projects.access import ProjectRequest, project_view
from webapp.projects.models import Project
from webapp.projects.policies import Action


class ExportForm(forms.Form):
    """What to export. The loops offered are the project's own."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Lines"), choices=ExportKind.choices, initial=ExportKind.TAGS, widget=forms.RadioSelect
    )
    loop = forms.TypedChoiceField(label=gettext_lazy("Regions"), coerce=int, empty_value=None, required=False)

    def __init__(self, *args: object, project: Project, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        # Loop 0 asks nobody.
        numbers = Loop.objects.filter(project=project, number__gt=0).order_by("number").values_list("number", flat=True)
        self.fields["loop"].choices = [  # type: ignore[attr-defined]
            ("", _("All that are verified")),
            *((number, _("Only those last judged in loop %(number)s") % {"number": number}) for number in numbers),
        ]
        self.fields["loop"].widget.attrs["class"] = "input"


@project_view(Action.EXPORT)
@require_http_methods(["GET", "HEAD", "POST"])
def exports(request: ProjectRequest) -> HttpResponse:
    """The list with the form; POST asks for an export."""
    form = ExportForm(request.POST if request.method == "POST" else None, project=request.project)
    if request.method == "POST" and form.is_valid():
        request_export(project=request.project, user=request.user, **form.cleaned_data)
        return redirect("verification:exports", request.project.slug)
    before = request.GET.get("before", "")
    page = exports_page(project=request.project, before=int(before) if before.isdecimal() else None)
    context = {"form": form, "page": page, "is_first_page": not before, "schemas": SCHEMA_OF.values()}
    return render(request, "verification/exports/list.html", context, status=400 if form.errors else 200)


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
