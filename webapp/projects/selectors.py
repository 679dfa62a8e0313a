"""Reads of projects and people."""

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connection
from django.db.models import F, Q, QuerySet

from webapp.accounts.models import User
from webapp.projects.models import Project, Role


def projects_of(user: User) -> QuerySet[Project]:
    """The projects `user` sees, with `my_roles` (list of role names), by name."""
    mine = Q(memberships__user=user)
    projects = Project.objects.annotate(my_roles=ArrayAgg("memberships__role", filter=mine, default=[]))
    return projects if user.is_superuser else projects.exclude(my_roles=[])


# Written out, because every request of a project page runs it: composing it anew each time costs more than the answer.
# The roster, which few pages need, is loaded when it is asked for.
_LOADED = [field for field in Project._meta.concrete_fields if field.attname != "roster"]  # noqa: SLF001
_FIELDS = [field.attname for field in _LOADED]
_WITH_ROLES = f"""
SELECT {", ".join(f"p.{field.column}" for field in _LOADED)},
       ARRAY(SELECT m.role FROM projects_membership m WHERE m.project_id = p.id AND m.user_id = %s)
FROM projects_project p WHERE p.slug = %s
"""  # noqa: S608  # names of the model's own columns


def project_with_roles(*, slug: str, user: User) -> tuple[Project, frozenset[Role]] | None:
    """The project and the roles `user` holds in it, in one query; None when they are an outsider."""
    with connection.cursor() as cursor:
        cursor.execute(_WITH_ROLES, [user.pk, slug])
        row = cursor.fetchone()
    if row is None or not (row[-1] or user.is_superuser):
        return None
    return Project.from_db(connection.alias, _FIELDS, row[:-1]), frozenset(Role(role) for role in row[-1])


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
