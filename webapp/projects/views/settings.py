"""What a lead decides about a project, and the switch that stops handing out work."""

from copy import copy

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from webapp.projects.access import ProjectRequest, project_view
from webapp.projects.forms import SettingsForm
from webapp.projects.policies import Action
from webapp.projects.services.projects import change_settings, pause_project, resume_project


@project_view(Action.CHANGE_SETTINGS)
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: ProjectRequest) -> HttpResponse:
    # A ModelForm writes into its instance while it validates; the service must still see the old values.
    form = SettingsForm(request.POST or None, instance=copy(request.project))
    if request.method == "POST" and form.is_valid():
        change_settings(project=request.project, user=request.user, **form.cleaned_data)
        messages.success(request, _("The settings are saved."))
        return redirect("projects:settings", request.project.slug)
    status = 400 if form.is_bound else 200
    return render(request, "projects/settings.html", {"form": form}, status=status)


@project_view(Action.CHANGE_SETTINGS)
@require_POST
def pause(request: ProjectRequest) -> HttpResponse:
    if pause_project(project=request.project, user=request.user):
        messages.success(request, _("Paused. Nobody gets new items; what people were doing is saved."))
    return redirect("projects:settings", request.project.slug)


@project_view(Action.CHANGE_SETTINGS)
@require_POST
def resume(request: ProjectRequest) -> HttpResponse:
    if resume_project(project=request.project, user=request.user):
        messages.success(request, _("Resumed. People get items again."))
    return redirect("projects:settings", request.project.slug)
