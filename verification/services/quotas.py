"""How many items somebody may take without judging them: leasing is for work, not for copying a corpus."""

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.utils.translation import gettext as _

from verification.models import TaskKind
from verification.services.queue import LeasedItem, held_items, lease_next
from webapp.core.errors import TooMany

_TAKEN = """
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


def lease_within_quota(*, project_id: int, user_id: int, count: int, kind: TaskKind) -> list[LeasedItem]:
    """`queue.lease_items`, unless the person took many more items than they judged. Raises LeaseQuota."""
    hour = _checked(user_id)
    held = held_items(project_id=project_id, user_id=user_id, kind=kind)
    new = lease_next(project_id=project_id, user_id=user_id, count=count - len(held), kind=kind)
    _charge(user_id, hour, len(new))
    return held + new


def next_within_quota(*, project_id: int, user_id: int, count: int, kind: TaskKind) -> list[LeasedItem]:
    """`lease_next` likewise: for what does not come with a verdict."""
    if count < 1:
        return []
    hour = _checked(user_id)
    items = lease_next(project_id=project_id, user_id=user_id, count=count, kind=kind)
    _charge(user_id, hour, len(items))
    return items


def _checked(user_id: int) -> int:
    """The database's hour. Raises LeaseQuota.

    Items taken in this hour, less verdicts given in it, may not exceed ARGUS_UNJUDGED_PER_HOUR. What comes with a
    verdict is paid for by it and not counted. Counted in Redis; a flushed count starts over.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TAKEN, {"user": user_id})
        hour, judged, left = cursor.fetchone()
    if cache.get(_key(user_id, hour), 0) - judged >= settings.ARGUS_UNJUDGED_PER_HOUR:
        raise LeaseQuota(
            _(
                "You took many more items than you judged in this hour, so no new ones are given for now. "
                "Judge those you hold; new ones come again in %(minutes)s minutes."
            )
            % {"minutes": max(1, round(left / 60))},
            retry_after=left,
        )
    return int(hour)


def _charge(user_id: int, hour: int, count: int) -> None:
    if count < 1:
        return
    key = _key(user_id, hour)
    if not cache.add(key, count, timeout=7200):
        try:
            cache.incr(key, count)
        except ValueError:  # it expired between the two calls
            return


def _key(user_id: int, hour: int) -> str:
    return f"items-taken:{user_id}:{hour}"
