"""What an annotator's pages show: their own numbers, and only those."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.utils import timezone

from verification.services.queue import AHEAD_SQL, BEHIND_SQL, NOT_THEIRS_SQL, LeasedItem, ShownTag

STINT = 50  # items between two breaths: what the progress bar of the work screen counts to
DAYS_SHOWN = 14


@dataclass(frozen=True, slots=True)
class Today:
    """What a person did in a project since midnight, withdrawn verdicts left out."""

    items: int
    seconds: float
    earned: Decimal
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Stint:
    """`done` of `size` items. A person who comes back in the same day goes on where they stopped."""

    done: int
    size: int


@dataclass(frozen=True, slots=True)
class PastItem:
    """An item the person judged: what they saw, what they marked, and the key that undoes it."""

    item: LeasedItem
    rejected_ids: tuple[int, ...]
    key: UUID


def today_of(*, project_id: int, user_id: int) -> Today:
    """The person's day so far, in the server's time zone."""
    row = _row(_TODAY, project_id, user_id, midnight=_midnight())
    return Today(items=row[0], seconds=row[1], since=row[2], earned=row[3])


def items_per_day(*, project_id: int, user_id: int) -> list[tuple[date, int]]:
    """How many items the person did on each of the last 14 days, today last, days without work included."""
    first = _midnight() - timedelta(days=DAYS_SHOWN - 1)
    with connection.cursor() as cursor:
        cursor.execute(_PER_DAY, _parameters(project_id, user_id, midnight=first, zone=_zone()))
        counts = dict(cursor.fetchall())
    days = [first.date() + timedelta(days=number) for number in range(DAYS_SHOWN)]
    return [(day, counts.get(day, 0)) for day in days]


def count_open_items(*, project_id: int, user_id: int, at_most: int) -> int:
    """How many items the person could work on now, theirs included, counted up to `at_most`."""
    for where in (AHEAD_SQL, BEHIND_SQL):
        count = int(_row(_OPEN.replace("__where__", where), project_id, user_id, at_most=at_most)[0])
        if count:
            return min(count, at_most)
    return 0


def stint_of(*, project_id: int, user_id: int, done_today: int) -> Stint:
    """Where the person is in the present run of 50 items; shorter when fewer are left."""
    done = done_today % STINT
    left = count_open_items(project_id=project_id, user_id=user_id, at_most=STINT - done)
    if left == 0 and done == 0 and done_today:
        return Stint(STINT, STINT)
    return Stint(done, done + left)


def last_verdicts_of(*, project_id: int, user_id: int, count: int) -> list[PastItem]:
    """The person's last verdicts that can still be undone, the latest first."""
    with connection.cursor() as cursor:
        cursor.execute(_LAST, _parameters(project_id, user_id, count=count))
        return [_past(row) for row in cursor.fetchall()]


_MINE = """
    FROM verification_verdict v
    JOIN verification_assignment a ON a.id = v.assignment_id AND a.verdict_id = v.id
    JOIN verification_sample s ON s.id = a.sample_id AND s.project_id = %(project)s
    WHERE v.annotator_id = %(user)s AND NOT v.is_withdrawal
"""

_TODAY = f"""
SELECT count(*), coalesce(sum(v.seconds), 0), min(v.created_at),
       (SELECT coalesce(sum(pay.amount), 0) FROM verification_ledgerentry pay
        WHERE pay.annotator_id = %(user)s AND pay.project_id = %(project)s AND pay.created_at >= %(midnight)s)
{_MINE} AND v.created_at >= %(midnight)s
"""  # noqa: S608  # the parts are constants of this module

_PER_DAY = f"""
SELECT (v.created_at AT TIME ZONE %(zone)s)::date AS day, count(*)
{_MINE} AND v.created_at >= %(midnight)s GROUP BY day
"""

_OPEN = f"""
SELECT (SELECT count(*) FROM verification_assignment h
        JOIN verification_sample s ON s.id = h.sample_id AND s.is_open AND s.task_kind = 'tag'
        WHERE h.annotator_id = %(user)s AND h.state = 'leased' AND s.project_id = %(project)s)
     + (SELECT count(*) FROM (
            SELECT 1
            FROM verification_sample s
            JOIN verification_assignment a ON a.sample_id = s.id AND a.state = 'open'
            JOIN verification_sampleitem i ON i.id = a.item_id AND i.state = 'open'
            WHERE s.project_id = %(project)s AND s.is_open AND s.task_kind = 'tag' AND __where__
              AND {NOT_THEIRS_SQL}
              AND NOT EXISTS (SELECT 1 FROM verification_assignment lower
                              WHERE lower.item_id = a.item_id AND lower.round = a.round
                                AND lower.state = 'open' AND lower.slot < a.slot)
            LIMIT %(at_most)s::int) few)
"""  # noqa: S608

_LAST = """
SELECT v.key, v.rejected_ids, a.id, i.id, image.id, image.width, image.height, image.mean_luma,
       r.x1, r.y1, r.x2, r.y2, i.shown->'tags'
FROM verification_verdict v
JOIN verification_assignment a ON a.id = v.assignment_id AND a.verdict_id = v.id
JOIN verification_sample s ON s.id = a.sample_id AND s.project_id = %(project)s AND s.is_open AND s.task_kind = 'tag'
JOIN verification_sampleitem i ON i.id = a.item_id
JOIN annotation_image image ON image.id = i.image_id
JOIN annotation_region r ON r.id = i.region_ids[1]
WHERE v.annotator_id = %(user)s AND NOT v.is_withdrawal
ORDER BY v.created_at DESC LIMIT %(count)s::int
"""


def _past(row: tuple[Any, ...]) -> PastItem:
    key, rejected, assignment, item, image, width, height, luma, x1, y1, x2, y2, tags = row
    shown = tuple(ShownTag(tag["concept_id"], tag["text"]) for tag in orjson.loads(tags))
    seen = LeasedItem(assignment, item, image, width, height, luma, (x1, y1, x2, y2), shown)
    return PastItem(seen, tuple(rejected), key)


def _row(statement: str, project_id: int, user_id: int, **more: Any) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(statement, _parameters(project_id, user_id, **more))
        row: tuple[Any, ...] = cursor.fetchone()
    return row


def _parameters(project_id: int, user_id: int, **more: Any) -> dict[str, Any]:
    return {"project": project_id, "user": user_id, **more}


def _midnight() -> datetime:
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)


def _zone() -> str:
    return timezone.get_current_timezone_name()
