"""The start page of a project: each role finds its work here."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from webapp.projects.access import ProjectRequest, project_view
from webapp.projects.navigation import HOME, landing_of
from webapp.projects.policies import Action


@project_view(Action.OPEN_PROJECT)
@require_safe
def home(request: ProjectRequest) -> HttpResponse:
    """Leads see where the project stands; people with one kind of work go straight to it."""
    landing = landing_of(request.permitted, request.roles)
    if landing != HOME:
        return redirect(landing, request.project.slug)
    return render(request, "verification/home.html", {})
