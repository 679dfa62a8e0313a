"""How many items somebody may take without judging them: leasing is for work, not for copying a corpus."""

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.utils.translation import gettext as _

from webapp.core.errors import TooMany

_JUDGED = """
SELECT extract(epoch FROM date_trunc('hour', now()))::bigint,
       (SELECT count(*) FROM verification_verdict v
        WHERE v.annotator_id = %(user)s AND NOT v.is_withdrawal AND v.created_at >= date_trunc('hour', now())),
       extract(epoch FROM date_trunc('hour', now()) + interval '1 hour' - now())::int
"""


class LeaseQuota(TooMany):
    """Too many items were taken and not judged."""

    code = "lease_quota"

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


def charge_items(*, user_id: int, count: int) -> None:
    """Call before `count` items are handed out by request (those that come with a verdict are paid for by it).

    Items handed out this hour, less verdicts given this hour, may not exceed ARGUS_UNJUDGED_PER_HOUR. Counted in Redis
    by the database's hour; a flushed count starts over. Raises LeaseQuota.
    """
    with connection.cursor() as cursor:
        cursor.execute(_JUDGED, {"user": user_id})
        hour, judged, left = cursor.fetchone()
    key = f"items-taken:{user_id}:{hour}"
    cache.add(key, 0, timeout=7200)
    try:
        taken = cache.incr(key, count) if count else 0
    except ValueError:  # it expired between the two calls
        return
    if taken - judged > settings.ARGUS_UNJUDGED_PER_HOUR:
        raise LeaseQuota(
            _(
                "You took many more items than you judged in this hour, so no new ones are given for now. "
                "Judge those you hold; new ones come again in %(minutes)s minutes."
            )
            % {"minutes": max(1, round(left / 60))},
            retry_after=left,
        )
