"""The only writers of who works on a project, and as what."""

import logging
from collections.abc import Collection
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from webapp.accounts.models import User
from webapp.accounts.services import create_account
from webapp.core.errors import BadInput, Conflict
from webapp.projects.models import Membership, Project, Role, TeamMember
from webapp.projects.selectors import find_person

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Added:
    """Somebody who is in a project now. `password` is set for a new account only, and kept nowhere else."""

    user: User
    password: str = ""


@transaction.atomic
def add_person(*, project: Project, by: User, name_or_email: str, roles: Collection[Role]) -> Added:
    """Give roles to somebody with an account, or make an account when an unknown email address is given.

    Roles they hold already are kept. Raises BadInput without roles, for an unknown username, or for an account
    that is switched off.
    """
    _refuse_no_roles(roles)
    wanted = name_or_email.strip()
    user, password = find_person(wanted), ""
    if user is None:
        try:
            validate_email(wanted)
        except ValidationError:
            message = _("Nobody here is called “%(name)s”. To make a new account, give an email address.")
            raise BadInput(message % {"name": wanted}) from None
        user, password = create_account(email=wanted)
    elif not user.is_active:
        raise BadInput(_("This account is switched off. Ask a site admin."))
    Membership.objects.bulk_create(
        [Membership(project=project, user=user, role=role) for role in roles], ignore_conflicts=True
    )
    log.info("project %s: user %s gave user %s the roles %s", project.pk, by.pk, user.pk, ", ".join(sorted(roles)))
    return Added(user, password)


@transaction.atomic
def set_roles(*, project: Project, by: User, user: User, roles: Collection[Role]) -> bool:
    """Make `roles` the roles of a member; False when they were already. Raises Conflict for the last lead."""
    _refuse_no_roles(roles)
    held = _roles_under_lock(project, user)
    if held == set(roles):
        return False
    if Role.LEAD in held - set(roles):
        _refuse_last_lead(project, user)
    _rows(project, user).exclude(role__in=roles).delete()
    Membership.objects.bulk_create(
        [Membership(project=project, user=user, role=role) for role in set(roles) - held], ignore_conflicts=True
    )
    log.info("project %s: user %s made user %s %s", project.pk, by.pk, user.pk, ", ".join(sorted(roles)))
    return True


@transaction.atomic
def remove_person(*, project: Project, by: User, user: User) -> None:
    """Take all roles away; what the person did stays. Raises Conflict for the last lead."""
    held = _roles_under_lock(project, user)
    if Role.LEAD in held:
        _refuse_last_lead(project, user)
    _rows(project, user).delete()
    TeamMember.objects.filter(team__project=project, user=user).delete()
    log.info("project %s: user %s removed user %s", project.pk, by.pk, user.pk)


def _roles_under_lock(project: Project, user: User) -> set[Role]:
    """The person's roles. The project's row is locked, so that two leads cannot remove each other at once."""
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    held = {Role(role) for role in _rows(project, user).values_list("role", flat=True)}
    if not held:
        raise BadInput(_("This person is not in the project any more."))
    return held


def _rows(project: Project, user: User) -> QuerySet[Membership]:
    return Membership.objects.filter(project=project, user=user)


def _refuse_no_roles(roles: Collection[Role]) -> None:
    if not roles:
        raise BadInput(_("Choose at least one role."))


def _refuse_last_lead(project: Project, user: User) -> None:
    others = Membership.objects.filter(project=project, role=Role.LEAD, user__is_active=True).exclude(user=user)
    if not others.exists():
        raise Conflict(_("A project needs a lead. Make somebody else lead first."))
