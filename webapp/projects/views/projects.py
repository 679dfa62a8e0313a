"""The list of projects, and a new one."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from webapp.core.errors import NotAllowed
from webapp.projects.access import SignedInRequest, signed_in
from webapp.projects.forms import NewProjectForm
from webapp.projects.models import Role
from webapp.projects.selectors import may_create_projects, projects_of
from webapp.projects.services.projects import create_project


@signed_in
@require_safe
def project_list(request: SignedInRequest) -> HttpResponse:
    """Projects of this person with their roles, by name; the start page."""
    projects = [
        (project, [Role(role).label for role in sorted(project.my_roles)])  # type: ignore[attr-defined]  # annotated
        for project in projects_of(request.user).only("name", "slug", "description", "paused_at")
    ]
    context = {"projects": projects, "may_create": may_create_projects(request.user)}
    return render(request, "projects/list.html", context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def new_project(request: SignedInRequest) -> HttpResponse:
    """A form with two fields; its sender becomes the lead."""
    if not may_create_projects(request.user):
        raise NotAllowed(_("Site admins and leads make projects. Ask one of them."))
    form = NewProjectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        project = create_project(user=request.user, **form.cleaned_data)
        return redirect("verification:home", project.slug)
    return render(request, "projects/new.html", {"form": form})
