"""Many people at once, from a list: those with an account get their roles, the others an invitation."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from webapp.accounts.models import User
from webapp.projects.models import Invitation, Membership, Project, Team, TeamMember
from webapp.projects.people_csv import Line
from webapp.projects.services.invitations import invite
from webapp.projects.services.teams import team_named

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Planned:
    """What would become of a line: `user` has an account already; without one there is an invitation, or a problem."""

    line: Line
    user: User | None
    problem: str


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of a line. `invitation` for those who have no account yet."""

    line: Line
    user: User | None
    invitation: Invitation | None


def plan_import(lines: Iterable[Line]) -> list[Planned]:
    """Which lines belong to accounts, and which cannot be used. One query."""
    lines = list(lines)
    wanted = [line.email.lower() for line in lines]
    accounts = User.objects.annotate(address=Lower("email")).filter(address__in=wanted)
    found = {user.address: user for user in accounts}
    planned = []
    for line in lines:
        user = found.get(line.email.lower())
        switched_off = user is not None and not user.is_active
        problem = line.problem or (_("This account is switched off. Ask a site admin.") if switched_off else "")
        planned.append(Planned(line, user, problem))
    return planned


@transaction.atomic
def import_people(*, project: Project, by: User, lines: Iterable[Line], days: int = 7) -> list[Brought]:
    """Bring the usable lines in, all or none. Roles and teams that people have already are kept; the same list again
    adds nothing and makes new links for those who have not come yet. Raises what `invite` and `create_team` raise."""
    usable = [planned for planned in plan_import(lines) if not planned.problem]
    teams = {name: team_named(project=project, by=by, name=name) for name in {one.line.team for one in usable} if name}
    brought = []
    for planned in usable:
        team = teams.get(planned.line.team)
        if planned.user is not None:
            _join(project, planned.user, planned.line, team)
            brought.append(Brought(planned.line, planned.user, None))
        else:
            line = planned.line
            invitation = invite(project=project, by=by, email=line.email, roles=line.roles, team=team, days=days)
            brought.append(Brought(line, None, invitation))
    log.info("project %s: user %s brought in %s people from a list", project.pk, by.pk, len(brought))
    return brought


def _join(project: Project, user: User, line: Line, team: Team | None) -> None:
    Membership.objects.bulk_create(
        [Membership(project=project, user=user, role=role) for role in line.roles], ignore_conflicts=True
    )
    if team is not None:
        TeamMember.objects.bulk_create([TeamMember(team=team, user=user)], ignore_conflicts=True)
