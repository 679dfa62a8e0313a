"""What an annotator's pages show: their own numbers, and only those."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Max
from django.utils import timezone

from verification.models import Sample, TaskKind
from verification.services.queue import (
    AHEAD_SQL,
    BEHIND_SQL,
    COLUMNS_SQL,
    PRIORITIES,
    SEEN_SQL,
    LeasedItem,
    at_priority,
    eligible_sql,
    leased_item,
)
from verification.services.verdicts import UNDO_DEPTH

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
    """An item the person judged: what they saw, what they decided and wrote, and the key that undoes it."""

    item: LeasedItem
    rejected_ids: tuple[int, ...]
    key: UUID
    choice: str = ""
    text: str = ""
    is_bad_box: bool = False


def today_of(*, project_id: int, user_id: int, kind: TaskKind | None = None) -> Today:
    """The person's day so far, in the server's time zone: of one kind of task, or of all. Pay is that of all."""
    row = _row(_TODAY, project_id, user_id, midnight=_midnight(), kind=kind and kind.value)
    return Today(items=row[0], seconds=row[1], since=row[2], earned=row[3])


def items_per_day(*, project_id: int, user_id: int) -> list[tuple[date, int]]:
    """How many items the person did on each of the last 14 days, today last, days without work included."""
    first = _midnight() - timedelta(days=DAYS_SHOWN - 1)
    with connection.cursor() as cursor:
        cursor.execute(_PER_DAY, _parameters(project_id, user_id, midnight=first, zone=_zone(), kind=None))
        counts = dict(cursor.fetchall())
    days = [first.date() + timedelta(days=number) for number in range(DAYS_SHOWN)]
    return [(day, counts.get(day, 0)) for day in days]


def count_open_items(*, project_id: int, user_id: int, at_most: int, kind: TaskKind = TaskKind.TAG) -> int:
    """How many items of the kind the person could work on now, theirs included, counted up to `at_most`."""
    for where in (AHEAD_SQL, BEHIND_SQL):
        open_to_all = " + ".join(at_priority(_OPEN_TO_ALL.replace("__where__", where), one) for one in PRIORITIES)
        statement = (
            _OPEN.replace("__open_to_all__", open_to_all)
            .replace("__eligible__", eligible_sql(kind))
            .replace("__kind__", kind.value)
        )
        count = int(_row(statement, project_id, user_id, at_most=at_most)[0])
        if count:
            return min(count, at_most)
    return 0


def kinds_by_priority(project_id: int) -> dict[str, int]:
    """Kind of task -> the highest priority among its open samples."""
    samples = Sample.objects.filter(project_id=project_id, is_open=True).values_list("task_kind")
    return dict(samples.annotate(highest=Max("priority")).order_by())


def stint_of(*, project_id: int, user_id: int, done_today: int, kind: TaskKind = TaskKind.TAG) -> Stint:
    """Where the person is in the present run of 50 items; shorter when fewer are left."""
    done = done_today % STINT
    left = count_open_items(project_id=project_id, user_id=user_id, at_most=STINT - done, kind=kind)
    if left == 0 and done == 0 and done_today:
        return Stint(STINT, STINT)
    return Stint(done, done + left)


def last_verdicts_of(*, project_id: int, user_id: int, count: int, kind: TaskKind = TaskKind.TAG) -> list[PastItem]:
    """The person's last verdicts of the kind that can still be undone, the latest first."""
    with connection.cursor() as cursor:
        cursor.execute(_LAST, _parameters(project_id, user_id, count=count, kind=kind.value))
        return [_past(row) for row in cursor.fetchall()]


# From the person's verdicts to their slots, one by one: by statistics from before the work began PostgreSQL would go
# through all slots of the sample instead (docs/queue.md).
_MINE = """
    FROM (
        SELECT id, assignment_id, seconds, created_at FROM verification_verdict
        WHERE annotator_id = %(user)s AND created_at >= %(midnight)s AND NOT is_withdrawal
        OFFSET 0
    ) v
    CROSS JOIN LATERAL (
        SELECT slot.sample_id FROM verification_assignment slot
        WHERE slot.id = v.assignment_id AND slot.verdict_id = v.id
        OFFSET 0
    ) a
    JOIN verification_sample s ON s.id = a.sample_id AND s.project_id = %(project)s
     AND (%(kind)s::text IS NULL OR s.task_kind = %(kind)s::text)
"""

_TODAY = f"""
SELECT count(*), coalesce(sum(v.seconds), 0), min(v.created_at),
       (SELECT coalesce(sum(pay.amount), 0) FROM verification_ledgerentry pay
        WHERE pay.annotator_id = %(user)s AND pay.project_id = %(project)s AND pay.created_at >= %(midnight)s)
{_MINE}
"""  # noqa: S608  # the parts are constants of this module

_PER_DAY = f"""
SELECT (v.created_at AT TIME ZONE %(zone)s)::date AS day, count(*)
{_MINE} GROUP BY day
"""

_OPEN = """
SELECT (SELECT count(*) FROM verification_assignment h
        JOIN verification_sample s ON s.id = h.sample_id AND s.task_kind = '__kind__'
        WHERE h.annotator_id = %(user)s AND h.state = 'leased' AND s.project_id = %(project)s
          AND (s.is_open OR h.held_for_id IS NOT NULL))
     + (SELECT count(*) FROM (
            SELECT 1
            FROM verification_sample s
            JOIN verification_assignment a ON a.sample_id = s.id AND a.state = 'open' AND a.held_for_id = %(user)s
            JOIN verification_sampleitem i ON i.id = a.item_id AND i.state = 'open'
            WHERE s.project_id = %(project)s AND s.task_kind = '__kind__' AND (s.is_open OR NOT i.is_gold)
              AND __eligible__
            LIMIT %(at_most)s::int) theirs)
     + __open_to_all__
"""
_OPEN_TO_ALL = """
    (SELECT count(*) FROM (
        SELECT 1
        FROM verification_sample s
        JOIN verification_assignment a ON a.sample_id = s.id AND a.state = 'open' AND a.held_for_id IS NULL
        JOIN verification_sampleitem i ON i.id = a.item_id AND i.state = 'open'
        WHERE s.project_id = %(project)s AND s.is_open AND s.task_kind = '__kind__' AND __where__
          AND __eligible__
          AND NOT EXISTS (SELECT 1 FROM verification_assignment lower
                          WHERE lower.item_id = a.item_id AND lower.round = a.round
                            AND lower.state = 'open' AND lower.slot < a.slot)
        LIMIT %(at_most)s::int) few)
"""

# Among those that undo reaches: of people who did thousands, the planner would sort all.
_LAST = f"""
SELECT v.key, v.rejected_ids, v.choice, v.is_bad_box, written.text, {COLUMNS_SQL}
FROM (SELECT * FROM verification_verdict v
      WHERE v.annotator_id = %(user)s AND NOT v.is_withdrawal
      ORDER BY v.created_at DESC LIMIT {UNDO_DEPTH}) v
JOIN verification_assignment slot ON slot.id = v.assignment_id AND slot.verdict_id = v.id
JOIN verification_sample s ON s.id = slot.sample_id AND s.project_id = %(project)s AND s.is_open
 AND s.task_kind = %(kind)s
{SEEN_SQL}
LEFT JOIN verification_wording written ON written.verdict_id = v.id
ORDER BY v.created_at DESC LIMIT %(count)s::int
"""  # noqa: S608


def _past(row: tuple[Any, ...]) -> PastItem:
    key, rejected, choice, is_bad_box, text, *columns = row
    return PastItem(leased_item(tuple(columns)), tuple(rejected), key, choice, text or "", is_bad_box)


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
