"""API tokens: the only writers, and the one place that tells whose a token is (docs/api.md)."""

import logging
import secrets
from collections.abc import Collection
from datetime import timedelta
from hashlib import sha256

from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from webapp.accounts.models import ApiToken, TokenScope, User
from webapp.core.errors import BadInput, Conflict, NotFound

log = logging.getLogger(__name__)

PREFIX = "argus_"  # so that scanners for leaked secrets know one when they see it
HINT_LENGTH = 12
MOST_TOKENS = 20
LIFETIMES = (7, 30, 90, 365)  # days
_SEEN_EVERY = timedelta(minutes=1)


def issue_token(*, user: User, name: str, scopes: Collection[str], days: int) -> tuple[ApiToken, str]:
    """A new token and its secret, which is kept nowhere and shown once.

    Raises BadInput (no name, no or unknown scopes, another lifetime than the offered ones), Conflict (too many).
    """
    wanted = sorted(set(scopes))
    if not name.strip():
        raise BadInput(_("Give the token a name, so that you know later what uses it."))
    if not wanted or not set(wanted) <= set(TokenScope.values):
        raise BadInput(_("Choose what the token may be used for."))
    if days not in LIFETIMES:
        raise BadInput(_("Choose one of the offered lifetimes."))
    if usable_tokens(user).count() >= MOST_TOKENS:
        raise Conflict(_("You have %(most)s tokens. Revoke one that is no longer used.") % {"most": MOST_TOKENS})
    secret = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user=user,
        name=name.strip(),
        digest=digest_of(secret),
        hint=secret[:HINT_LENGTH],
        scopes=wanted,
        expires_at=Now() + timedelta(days=days),
    )
    token.refresh_from_db()
    log.info("user %s made token %s (%s)", user.pk, token.pk, ", ".join(wanted))
    return token, secret


def revoke_token(*, user: User, token_id: int) -> ApiToken:
    """Let a token of this person open nothing any more. A second call changes nothing. Raises NotFound."""
    token = ApiToken.objects.filter(pk=token_id, user=user).first()
    if token is None:
        raise NotFound(_("You have no such token."))
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=Now()):
        log.info("user %s revoked token %s", user.pk, token.pk)
    token.refresh_from_db()
    return token


def token_of(secret: str) -> ApiToken | None:
    """The token with this secret, its person loaded; None when it is unknown, revoked or expired, or its person may not
    sign in. The digest is looked up, not compared: there is nothing for a clock to measure.
    """
    if not secret.startswith(PREFIX) or len(secret) > 100:
        return None
    token = (
        ApiToken.objects.filter(digest=digest_of(secret), revoked_at=None, expires_at__gt=Now(), user__is_active=True)
        .select_related("user")
        .first()
    )
    if token is not None:
        _seen(token)
    return token


def usable_tokens(user: User) -> QuerySet[ApiToken]:
    """Tokens that still open something, the newest first."""
    return ApiToken.objects.filter(user=user, revoked_at=None, expires_at__gt=Now()).order_by("-pk")


def digest_of(secret: str) -> str:
    """256 random bits need no slow hash."""
    return sha256(secret.encode()).hexdigest()


def _seen(token: ApiToken) -> None:
    """Remember the use, at most once a minute: not every request should write."""
    stale = Q(last_used_at=None) | Q(last_used_at__lt=Now() - _SEEN_EVERY)
    ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=Now())
