"""Invitations by link: made, accepted once, revoked. No mail server is needed: the lead passes the link on."""

import logging
from collections.abc import Collection
from datetime import timedelta

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.signing import BadSignature, Signer
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from webapp.accounts.models import User
from webapp.accounts.services import open_account
from webapp.core.errors import BadInput, Conflict, NotFound
from webapp.projects.models import Invitation, Membership, Project, Role, Team, TeamMember

log = logging.getLogger(__name__)

DAYS = (1, 7, 30)
MOST_OPEN = 1000  # invitations of one project


@transaction.atomic
def invite(
    *, project: Project, by: User, email: str, roles: Collection[Role], team: Team | None = None, days: int = 7
) -> Invitation:
    """An invitation for this address; an earlier one for it that is still open opens nothing any more.

    Raises BadInput (no address, no roles, another lifetime than the offered ones), Conflict (too many are open).
    """
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError:
        raise BadInput(_("“%(text)s” is no email address.") % {"text": address}) from None
    if not roles:
        raise BadInput(_("Choose at least one role."))
    if days not in DAYS:
        raise BadInput(_("Choose one of the offered lifetimes."))
    if team is not None and team.project_id != project.pk:
        raise BadInput(_("There is no such team in this project."))
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    still_open = open_invitations(project)
    still_open.filter(email=address).update(revoked_at=Now())
    if still_open.count() >= MOST_OPEN:
        raise Conflict(_("There are %(most)s open invitations. Revoke some first.") % {"most": MOST_OPEN})
    invitation = Invitation.objects.create(
        project=project,
        email=address,
        roles=sorted(roles),
        team=team,
        created_by=by,
        expires_at=Now() + timedelta(days=days),
    )
    invitation.refresh_from_db()
    log.info("project %s: user %s made invitation %s (%s)", project.pk, by.pk, invitation.pk, ", ".join(sorted(roles)))
    return invitation


def open_invitations(project: Project) -> QuerySet[Invitation]:
    """Those that can still be accepted, the newest first."""
    return Invitation.objects.filter(project=project, used_at=None, revoked_at=None, expires_at__gt=Now()).order_by(
        "-pk"
    )


def token_of_invitation(invitation: Invitation) -> str:
    """What its link ends with: "12:SIGNATURE", which only this server can make."""
    return _signer(invitation.email).sign(str(invitation.pk))


def invitation_of(token: str) -> Invitation:
    """The open invitation behind a link. Raises NotFound with the same words for everything else."""
    number = token.partition(":")[0]
    if number.isascii() and number.isdecimal() and len(number) < 19:
        found = (
            Invitation.objects.filter(pk=int(number), used_at=None, revoked_at=None, expires_at__gt=Now())
            .select_related("project", "team")
            .first()
        )
        if found is not None and _is_signed(token, found):
            return found
    raise _not_valid()


@transaction.atomic
def accept_invitation(*, token: str, user: User) -> Project:
    """Give `user` what the invitation offers; it is used up. Raises NotFound, also when somebody was first."""
    invitation = invitation_of(token)
    used = Invitation.objects.filter(pk=invitation.pk, used_at=None, revoked_at=None, expires_at__gt=Now()).update(
        used_at=Now(), used_by=user
    )
    if not used:
        raise _not_valid()
    project = invitation.project
    Membership.objects.bulk_create(
        [Membership(project=project, user=user, role=role) for role in invitation.roles], ignore_conflicts=True
    )
    if invitation.team is not None:
        TeamMember.objects.bulk_create([TeamMember(team=invitation.team, user=user)], ignore_conflicts=True)
    log.info("invitation %s accepted by user %s", invitation.pk, user.pk)
    return project


@transaction.atomic
def accept_with_new_account(*, token: str, name: str, username: str, password: str) -> tuple[Project, User]:
    """Open an account for the invitation's address, then accept it.

    The address is the one the lead gave: roles are given by address, so nobody may claim another one.
    Raises NotFound, BadInput (password too weak, a bad username), Conflict (name or address taken).
    """
    invitation = invitation_of(token)
    candidate = User(username=username, email=invitation.email, first_name=name)
    try:
        User.username_validator(username)
        validate_password(password, candidate)
    except ValidationError as error:
        raise BadInput(" ".join(error.messages)) from None
    user = open_account(email=invitation.email, username=username, name=name, password=password)
    return accept_invitation(token=token, user=user), user


def revoke_invitation(*, project: Project, by: User, invitation_id: int) -> Invitation:
    """Let a link open nothing any more. A second call changes nothing. Raises NotFound."""
    invitation = Invitation.objects.filter(pk=invitation_id, project=project).first()
    if invitation is None:
        raise NotFound(_("There is no such invitation in this project."))
    if Invitation.objects.filter(pk=invitation.pk, used_at=None, revoked_at=None).update(revoked_at=Now()):
        log.info("project %s: user %s revoked invitation %s", project.pk, by.pk, invitation.pk)
    return invitation


def _signer(email: str) -> Signer:
    return Signer(salt=f"argus.invitation.{email}")


def _is_signed(token: str, invitation: Invitation) -> bool:
    try:
        return _signer(invitation.email).unsign(token) == str(invitation.pk)
    except BadSignature:
        return False


def _not_valid() -> NotFound:
    return NotFound(_("This invitation is no longer valid. Ask the person who sent it for a new one."))
