"""Teams of a project."""

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from webapp.accounts.models import User
from webapp.core.errors import ArgusError, BadInput
from webapp.projects.access import ProjectRequest, project_view
from webapp.projects.models import Team
from webapp.projects.people_forms import TeamForm
from webapp.projects.policies import Action
from webapp.projects.selectors import people_of
from webapp.projects.services.teams import create_team, remove_team, set_members, team_of


@project_view(Action.MANAGE_PEOPLE)
@require_http_methods(["GET", "HEAD", "POST"])
def teams(request: ProjectRequest) -> HttpResponse:
    """All teams with their people, and the form for a new one."""
    form = TeamForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            create_team(project=request.project, by=request.user, name=form.cleaned_data["name"])
        except ArgusError as error:
            form.add_error("name", error.message)
        else:
            return redirect("projects:teams", request.project.slug)
    found: QuerySet[Team] = Team.objects.filter(project=request.project).prefetch_related("members")
    rows = [(team, {member.user_id for member in team.members.all()}) for team in found]
    people: list[User] = list(people_of(request.project))
    context = {"form": form, "rows": rows, "people": people}
    return render(request, "projects/teams.html", context, status=400 if form.errors else 200)


@project_view(Action.MANAGE_PEOPLE)
@require_POST
def members(request: ProjectRequest, team_id: int) -> HttpResponse:
    """`people`: ids of who is in the team from now on."""
    team = team_of(project=request.project, team_id=team_id)
    sent = request.POST.getlist("people")
    if not all(one.isascii() and one.isdecimal() and len(one) < 19 for one in sent):
        raise BadInput(_("Choose people from the list."))
    set_members(team=team, by=request.user, user_ids=[int(one) for one in sent])
    messages.success(request, _("“%(name)s” is saved.") % {"name": team.name})
    return redirect("projects:teams", request.project.slug)


@project_view(Action.MANAGE_PEOPLE)
@require_POST
def remove(request: ProjectRequest, team_id: int) -> HttpResponse:
    team = team_of(project=request.project, team_id=team_id)
    remove_team(team=team, by=request.user)
    messages.success(request, _("The team is removed. Its people stay in the project."))
    return redirect("projects:teams", request.project.slug)
