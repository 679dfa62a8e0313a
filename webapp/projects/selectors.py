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
            roles=ArrayAgg(F("memberships__role"), filter=Q(memberships__project=project), order_by="memberships__role")
        )
        .order_by("username")
    )


def find_person(name_or_email: str) -> User | None:
    """The account with this username or email address, in any capitals. A username wins over an address."""
    exact = User.objects.filter(username__iexact=name_or_email).order_by("pk").first()
    return exact or User.objects.filter(email__iexact=name_or_email).exclude(email="").first()


def may_create_projects(user: User) -> bool:
    """Site admins, and whoever leads a project already."""
    return user.is_superuser or user.memberships.filter(role=Role.LEAD).exists()
