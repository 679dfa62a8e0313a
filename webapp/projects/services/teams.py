"""Teams: named groups of members, to give work to."""

import logging
from collections.abc import Collection

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from webapp.accounts.models import User
from webapp.core.errors import BadInput, Conflict, NotFound
from webapp.projects.models import Project, Team, TeamMember

log = logging.getLogger(__name__)

MOST_TEAMS = 100


def create_team(*, project: Project, by: User, name: str) -> Team:
    """An empty team. Raises BadInput, or Conflict when there is one of this name."""
    wanted = " ".join(name.split())
    if not wanted or len(wanted) > 60:
        raise BadInput(_("Give the team a name of at most 60 characters."))
    if Team.objects.filter(project=project).count() >= MOST_TEAMS:
        raise Conflict(_("There are %(most)s teams. Remove one first.") % {"most": MOST_TEAMS})
    try:
        with transaction.atomic():
            team = Team.objects.create(project=project, name=wanted)
    except IntegrityError as error:
        raise Conflict(_("There is a team called “%(name)s” already.") % {"name": wanted}) from error
    log.info("project %s: user %s made team %s", project.pk, by.pk, team.pk)
    return team


def team_named(*, project: Project, by: User, name: str) -> Team:
    """The team of this name in any capitals, made when there is none. Raises BadInput, Conflict."""
    found = Team.objects.filter(project=project, name__iexact=" ".join(name.split())).first()
    return found or create_team(project=project, by=by, name=name)


def team_of(*, project: Project, team_id: int) -> Team:
    """Raises NotFound, also for a team of another project."""
    team = Team.objects.filter(project=project, pk=team_id).first()
    if team is None:
        raise NotFound(_("There is no such team in this project."))
    return team


@transaction.atomic
def set_members(*, team: Team, by: User, user_ids: Collection[int]) -> None:
    """Make these people the team. Raises BadInput when one of them is not in the project."""
    wanted = set(user_ids)
    members = set(User.objects.filter(pk__in=wanted, memberships__project=team.project_id).values_list("pk", flat=True))
    if members != wanted:
        raise BadInput(_("Only people of the project can be in its teams. Load the page again."))
    TeamMember.objects.filter(team=team).exclude(user__in=wanted).delete()
    TeamMember.objects.bulk_create([TeamMember(team=team, user_id=one) for one in wanted], ignore_conflicts=True)
    log.info("team %s: user %s made it %s people", team.pk, by.pk, len(wanted))


def remove_team(*, team: Team, by: User) -> None:
    """Its people stay in the project, and work that was given to them stays theirs."""
    log.info("project %s: user %s removed team %s", team.project_id, by.pk, team.pk)
    team.delete()
