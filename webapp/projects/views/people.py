"""Who works on a project. Every change is a POST and goes through services/memberships.py."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from webapp.accounts.models import User
from webapp.core.errors import ArgusError, NotFound
from webapp.projects.access import ProjectRequest, project_view
from webapp.projects.forms import AddPersonForm, RolesForm
from webapp.projects.models import Role
from webapp.projects.policies import Action
from webapp.projects.selectors import people_of
from webapp.projects.services.memberships import Added, add_person, remove_person, set_roles


@dataclass(frozen=True)
class Row:
    """One person of the list."""

    person: User
    roles: list[str]
    labels: list[str]


@project_view(Action.MANAGE_PEOPLE)
@require_safe
def people(request: ProjectRequest) -> HttpResponse:
    return _people_page(request, AddPersonForm())


@project_view(Action.MANAGE_PEOPLE)
@require_POST
@never_cache
def add(request: ProjectRequest) -> HttpResponse:
    """Answers with the page itself rather than a redirect: a one-time password must not be stored to survive one."""
    form = AddPersonForm(request.POST)
    if not form.is_valid():
        return _people_page(request, form, status=400)
    try:
        added = add_person(
            project=request.project, by=request.user, name_or_email=form.cleaned_data["who"], roles=form.chosen()
        )
    except ArgusError as error:
        form.add_error("who", error.message)
        return _people_page(request, form, status=error.status)
    return _people_page(request, AddPersonForm(), added=added)


@project_view(Action.MANAGE_PEOPLE)
@require_POST
def change_roles(request: ProjectRequest, user_id: int) -> HttpResponse:
    person = _member(request, user_id)
    form = RolesForm(request.POST)
    if not form.is_valid():
        messages.error(request, str(form.errors["roles"][0]))
        return redirect("projects:people", request.project.slug)
    try:
        if set_roles(project=request.project, by=request.user, user=person, roles=form.chosen()):
            messages.success(request, _("The roles of %(name)s are saved.") % {"name": person.display_name})
    except ArgusError as error:
        messages.error(request, error.message)
    return redirect("projects:people", request.project.slug)


@project_view(Action.MANAGE_PEOPLE)
@require_POST
def remove(request: ProjectRequest, user_id: int) -> HttpResponse:
    person = _member(request, user_id)
    try:
        remove_person(project=request.project, by=request.user, user=person)
    except ArgusError as error:
        messages.error(request, error.message)
        return redirect("projects:people", request.project.slug)
    left = person == request.user and not request.user.is_superuser
    messages.success(request, _("%(name)s left the project. Their work stays.") % {"name": person.display_name})
    return redirect("projects:list") if left else redirect("projects:people", request.project.slug)


def _member(request: ProjectRequest, user_id: int) -> User:
    """Only members can be named: other accounts look as if they did not exist."""
    person = User.objects.filter(pk=user_id, memberships__project=request.project).first()
    if person is None:
        raise NotFound(_("This person is not in the project any more."))
    return person


def _people_page(
    request: ProjectRequest, form: AddPersonForm, *, added: Added | None = None, status: int = 200
) -> HttpResponse:
    rows = [
        Row(person, person.roles, [str(Role(role).label) for role in person.roles])  # type: ignore[attr-defined]  # annotated
        for person in people_of(request.project)
    ]
    context = {"rows": rows, "form": form, "added": added, "role_choices": Role.choices}
    return render(request, "projects/people.html", context, status=status)
