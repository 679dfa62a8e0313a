"""Many people from a CSV: looked at first, then brought in. Nothing is kept between the two steps but the form."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from webapp.core.errors import ArgusError
from webapp.projects.access import ProjectRequest, project_view
from webapp.projects.people_csv import read_people, write_rows
from webapp.projects.people_forms import PeopleListForm
from webapp.projects.policies import Action
from webapp.projects.services.people_import import Brought, import_people, plan_import
from webapp.projects.views.invitations import link_of


@project_view(Action.MANAGE_PEOPLE)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def bring_people(request: ProjectRequest) -> HttpResponse:
    """Step 1: the list with what is wrong with each line. Step 2 (`bring`): done, with the links to pass on."""
    form = PeopleListForm(request.POST or None, request.FILES or None)
    if request.method != "POST" or not form.is_valid():
        return _page(request, form, status=400 if form.errors else 200)
    try:
        lines = read_people(form.cleaned_data["list"])
        if "bring" in request.POST:
            brought = import_people(project=request.project, by=request.user, lines=lines)
            if request.POST["bring"] == "csv":
                return _links(request, brought)
            rows = [(one, link_of(request, one.invitation) if one.invitation else "") for one in brought]
            return render(request, "projects/people_brought.html", {"rows": rows})
    except ArgusError as error:
        form.add_error("list", error.message)
        return _page(request, form, status=error.status)
    planned = plan_import(lines)
    usable = sum(not one.problem for one in planned)
    context = {
        "planned": planned,
        "usable": usable,
        "unusable": len(planned) - usable,
        "text": form.cleaned_data["list"],
    }
    return render(request, "projects/people_preview.html", context)


def _links(request: ProjectRequest, brought: list[Brought]) -> HttpResponse:
    rows = [[_("email"), _("invitation")]]
    rows += [[one.line.email, link_of(request, one.invitation) if one.invitation else ""] for one in brought]
    return HttpResponse(
        write_rows(rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="argus-{request.project.slug}-invitations.csv"'},
    )


def _page(request: ProjectRequest, form: PeopleListForm, *, status: int) -> HttpResponse:
    return render(request, "projects/people_import.html", {"form": form}, status=status)
