"""Reads of projects and people."""

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import F, Q, QuerySet

from webapp.accounts.models import User
from webapp.projects.models import Project, Role


def projects_of(user: User) -> QuerySet[Project]:
    """The projects `user` sees, with `my_roles` (list of role names), by name."""
    mine = Q(memberships__user=user)
    projects = Project.objects.annotate(my_roles=ArrayAgg("memberships__role", filter=mine, default=[]))
    return projects if user.is_superuser else projects.exclude(my_roles=[])


def project_with_roles(*, slug: str, user: User) -> tuple[Project, frozenset[Role]] | None:
    """The project and the roles `user` holds in it, in one query; None when they are an outsider."""
    project = projects_of(user).filter(slug=slug).first()
    if project is None:
        return None
    roles: list[str] = project.my_roles  # type: ignore[attr-defined]  # annotated
    return project, frozenset(Role(role) for role in roles)


def people_of(project: Project) -> QuerySet[User]:
    """Members with `roles` (list of role names), by name."""
    return (
        User.objects.filter(memberships__project=project)
        .annotate(
            roles=ArrayAgg(F("memberships__role"), filter=Q(memberships__project=project), ordering="memberships__role")
        )
        .order_by("username")
    )
