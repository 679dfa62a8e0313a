"""What the bar of every page shows about projects."""

from typing import cast

from django import template
from django.http import HttpRequest

from webapp.accounts.models import User
from webapp.projects.access import ProjectRequest
from webapp.projects.models import Project
from webapp.projects.navigation import Page, pages_of
from webapp.projects.selectors import projects_of

register = template.Library()

MOST_IN_SWITCH = 12


@register.simple_tag
def project_pages(request: HttpRequest) -> list[Page]:
    """The pages of the project that this person may open; none outside a project."""
    project: Project | None = getattr(request, "project", None)
    if project is None:
        return []
    entered = cast(ProjectRequest, request)
    return pages_of(project, permitted=entered.permitted, roles=entered.roles, path=request.path)


@register.simple_tag
def other_projects(user: User, project: Project) -> list[Project]:
    """Projects to switch to, by name, at most MOST_IN_SWITCH."""
    return list(projects_of(user).exclude(pk=project.pk).only("name", "slug")[:MOST_IN_SWITCH])


@register.filter
def initials(user: User) -> str:
    """One or two letters for the round mark in the bar."""
    words = user.display_name.split()
    return "".join(word[0] for word in words[:2]).upper()
