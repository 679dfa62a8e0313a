"""Reads of projects and people."""

from collections.abc import Sequence
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connection
from django.db.models import F, Q, QuerySet

from webapp.accounts.backends import USER_COLUMNS, USER_WIDTH, user_from
from webapp.accounts.models import User
from webapp.projects.models import Project, Role


def projects_of(user: User) -> QuerySet[Project]:
    """The projects `user` sees, with `my_roles` (list of role names), by name."""
    mine = Q(memberships__user=user)
    projects = Project.objects.annotate(my_roles=ArrayAgg("memberships__role", filter=mine, default=[]))
    return projects if user.is_superuser else projects.exclude(my_roles=[])


# Written out, because every request of a project page runs one of them: composing it anew each time costs more than the
# answer. What few pages need (long texts, and times, which cost more to read than all the rest) is loaded when it is
# asked for.
_SELDOM = frozenset({"roster", "guide", "description", "created_at"})
_LOADED = [field for field in Project._meta.concrete_fields if field.attname not in _SELDOM]  # noqa: SLF001
_FIELDS = frozenset(field.attname for field in _LOADED)
_COLUMNS = ", ".join(f"p.{field.column}" for field in _LOADED)
_WITH_ROLES = f"""
SELECT {_COLUMNS}, ARRAY(SELECT m.role FROM projects_membership m WHERE m.project_id = p.id AND m.user_id = %s)
FROM projects_project p WHERE p.slug = %s
"""  # noqa: S608  # names of the model's own columns
_WITH_PERSON = f"""
SELECT s.session_data, {USER_COLUMNS},
       {_COLUMNS}, ARRAY(SELECT m.role FROM projects_membership m WHERE m.project_id = p.id AND m.user_id = u.id)
FROM accounts_session s JOIN accounts_user u ON u.id = s.user_id LEFT JOIN projects_project p ON p.slug = %s
WHERE s.session_key = %s AND s.expire_date > now()
"""  # noqa: S608

Entry = tuple[Project, frozenset[Role]]
"""A project, and the roles that somebody holds in it."""


def project_with_roles(*, slug: str, user: User) -> Entry | None:
    """The project and the roles `user` holds in it, in one query; None when they are an outsider."""
    with connection.cursor() as cursor:
        cursor.execute(_WITH_ROLES, [user.pk, slug])
        row = cursor.fetchone()
    return None if row is None else _entry(row, user)


def session_with_person(*, session_key: str, slug: str) -> tuple[str, User, Entry | None] | None:
    """The session's data as they are stored, the account its row names, and what `project_with_roles` says of that, all
    in one query. None when there is no such session, or it is over.

    Says nothing about whether somebody has signed in as this person: that the data are genuine is yet to be checked."""
    with connection.cursor() as cursor:
        cursor.execute(_WITH_PERSON, [slug, session_key])
        row = cursor.fetchone()
    if row is None:
        return None
    data, *columns = row
    user = user_from(columns[:USER_WIDTH])
    return data, user, _entry(columns[USER_WIDTH:], user)


def _entry(row: Sequence[Any], user: User) -> Entry | None:
    *fields, roles = row
    if fields[0] is None or not (roles or user.is_superuser):
        return None
    return Project.from_db(connection.alias, _FIELDS, fields), frozenset(map(Role, roles))


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
