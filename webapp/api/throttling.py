"""How often one token, or one signed-in person, may ask. Counted in Redis; a flushed count starts over."""

import time

from django.conf import settings
from django.core.cache import cache
from django.utils.translation import gettext as _

from webapp.accounts.models import ApiToken, User
from webapp.core.errors import TooMany

WINDOW_SECONDS = 60


class TooManyRequests(TooMany):
    """Says when to come back."""

    def __init__(self, message: str, *, retry_after: float, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after


def count_request(*, user: User, token: ApiToken | None) -> None:
    """Raises TooManyRequests above ARGUS_API_PER_MINUTE. A Redis that does not answer lets everything pass."""
    now = time.time()
    window = int(now) // WINDOW_SECONDS
    who = f"t{token.pk}" if token is not None else f"u{user.pk}"
    key = f"api-requests:{who}:{window}"
    cache.add(key, 0, timeout=2 * WINDOW_SECONDS)
    try:
        count = cache.incr(key)
    except ValueError:  # it expired between the two calls
        return
    if count > settings.ARGUS_API_PER_MINUTE:
        message = _("More than %(most)s requests in a minute. Wait, then go on; leave a pause between requests.")
        raise TooManyRequests(
            message % {"most": settings.ARGUS_API_PER_MINUTE}, retry_after=WINDOW_SECONDS - now % WINDOW_SECONDS
        )
