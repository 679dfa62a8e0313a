"""What people earned and how long it took them: sums of the days that are over, and of the entries since."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from verification.models import LedgerEntry, PayDaysClosed
from verification.services.ledger import midnight_of
from webapp.core.errors import BadInput
from webapp.projects.models import Membership

BATCH = 2000
MOST_SUMMED = 50_000
"""More verdicts of a project are not summed up anew for each look at what its loops cost."""
KEPT_SECONDS = 60
LONGEST_PERIOD = timedelta(days=3660)


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days in the server's time zone, both included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Earned:
    """verdicts: given less withdrawn; seconds: without idle time; amount: in `currency`."""

    verdicts: int
    seconds: float
    amount: Decimal
    currency: str

    @property
    def hours(self) -> float:
        return self.seconds / 3600


@dataclass(frozen=True, slots=True)
class PersonTotal:
    user_id: int
    name: str
    earned: Earned


@dataclass(frozen=True, slots=True)
class LoopTotal:
    """What one kind of task of a loop has cost so far."""

    loop_number: int
    task_kind: str
    people: int
    earned: Earned


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One entry of the ledger. `event`: "verdict", or "withdrawn" for one that takes pay back."""

    entry: int
    at: datetime
    loop_number: int
    task_kind: str
    event: str
    seconds: float
    amount: Decimal
    currency: str


def this_month() -> Period:
    today = timezone.localdate()
    return Period(today.replace(day=1), today)


def last_month() -> Period:
    last = timezone.localdate().replace(day=1) - timedelta(days=1)
    return Period(last.replace(day=1), last)


def earned_by(*, project_id: int, user_id: int, period: Period) -> list[Earned]:
    """What one person earned in the period, by currency: one as a rule, none without entries."""
    (found,) = earned_in(project_id=project_id, user_id=user_id, periods=[period])
    return found


def earned_in(*, project_id: int, user_id: int, periods: Sequence[Period]) -> list[list[Earned]]:
    """`earned_by` of each of the periods."""
    closed = _closed_until(project_id)
    found = [_rows(_BY_PERSON, project_id, period, user_id, closed=closed) for period in periods]
    return [[Earned(*row) for row in rows if row[0] or row[2]] for rows in found]


def person_totals(*, project_id: int, period: Period) -> list[PersonTotal]:
    """What everybody earned in the period, those with most first."""
    rows = _rows(_EVERYBODY, project_id, period, None, closed=_closed_until(project_id))
    return [PersonTotal(row[0], row[1], Earned(*row[2:])) for row in rows]


def loop_totals(project_id: int) -> list[LoopTotal]:
    """What each loop has cost so far, the latest first; over many verdicts a minute old at most."""
    key = f"pay-by-loop:{project_id}"
    rows = cache.get(key)
    if rows is None:
        ever = Period(date(1970, 1, 1), timezone.localdate() + timedelta(days=1))
        rows = _rows(_LOOPS, project_id, ever, None, closed=_closed_until(project_id))
        if sum(row[3] for row in rows) > MOST_SUMMED:
            cache.set(key, rows, KEPT_SECONDS)
    return [LoopTotal(row[0], row[1], row[2], Earned(*row[3:])) for row in rows]


def statement_rows(*, project_id: int, user_id: int, period: Period) -> Iterator[StatementRow]:
    """A person's entries of the period, the oldest first; read in batches by key."""
    values = _statement_values(project_id, user_id, period) | {"batch": BATCH}
    while True:
        batch = _statement(values)
        yield from batch
        if len(batch) < BATCH:
            return
        values |= {"at": batch[-1].at, "entry": batch[-1].entry}


def statement_page(
    *, project_id: int, user_id: int, period: Period, after: int | None, limit: int
) -> tuple[list[StatementRow], int | None]:
    """(entries of the period after the entry `after`, the oldest first; the `after` of the next page or None)."""
    values = _statement_values(project_id, user_id, period) | {"batch": limit + 1}
    if after is not None:
        last = LedgerEntry.objects.filter(pk=after, project_id=project_id, annotator_id=user_id).first()
        if last is None:
            raise BadInput(_("“after” names no entry of this statement. Begin with its first page."))
        if last.created_at >= values["at"]:
            values |= {"at": last.created_at, "entry": last.pk}
    rows = _statement(values)
    return rows[:limit], rows[limit - 1].entry if len(rows) > limit else None


def worked_here(*, project_id: int, user_id: int) -> bool:
    """Whether somebody is, or ever earned something, in the project."""
    return (
        Membership.objects.filter(project_id=project_id, user_id=user_id).exists()
        or LedgerEntry.objects.filter(project_id=project_id, annotator_id=user_id).exists()
    )


def _statement_values(project_id: int, user_id: int, period: Period) -> dict[str, Any]:
    start, end = midnight_of(period.first), midnight_of(period.last + timedelta(days=1))
    return {"project": project_id, "user": user_id, "end": end, "at": start, "entry": 0}


def _statement(values: dict[str, Any]) -> list[StatementRow]:
    with connection.cursor() as cursor:
        cursor.execute(_STATEMENT, values)
        return [StatementRow(*row) for row in cursor.fetchall()]


def _closed_until(project_id: int) -> date | None:
    """The first day that is not summed up."""
    return PayDaysClosed.objects.filter(project_id=project_id).values_list("until", flat=True).first()


def _rows(
    statement: str, project_id: int, period: Period, user_id: int | None, *, closed: date | None
) -> list[tuple[Any, ...]]:
    since = max(closed or period.first, period.first)
    values = {
        "project": project_id,
        "user": user_id,
        "first": period.first,
        "last": period.last,
        "closed": since,
        "since": midnight_of(since),
        "end": midnight_of(period.last + timedelta(days=1)),
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


# Days that are summed up, then the entries of the days since. Both parts find their rows by index.
_ENTRIES = """
SELECT day.annotator_id, day.sample_id, day.verdicts, day.seconds, day.amount, day.currency
FROM verification_payday day
WHERE day.project_id = %(project)s AND day.day >= %(first)s AND day.day <= %(last)s AND day.day < %(closed)s
  AND (%(user)s::bigint IS NULL OR day.annotator_id = %(user)s::bigint)
UNION ALL
SELECT pay.annotator_id, item.sample_id, CASE WHEN verdict.is_withdrawal THEN -1 ELSE 1 END, verdict.seconds,
       pay.amount, pay.currency
FROM accounts_user person
JOIN verification_ledgerentry pay ON pay.annotator_id = person.id
 AND pay.created_at >= %(since)s AND pay.created_at < %(end)s
JOIN verification_verdict verdict ON verdict.id = pay.verdict_id
JOIN verification_sampleitem item ON item.id = verdict.item_id
WHERE pay.project_id = %(project)s AND (%(user)s::bigint IS NULL OR person.id = %(user)s::bigint)
"""
_SUMS = "coalesce(sum(verdicts), 0)::bigint, coalesce(sum(seconds), 0), coalesce(sum(amount), 0), currency"
# First by person and sample, so that names and loops are joined to hundreds of sums, not to tens of thousands of rows.
_SUMMED = f"""
SELECT annotator_id, sample_id, currency, sum(verdicts)::bigint AS verdicts, sum(seconds) AS seconds,
       sum(amount) AS amount
FROM ({_ENTRIES}) single GROUP BY annotator_id, sample_id, currency
"""  # noqa: S608  # made of constants
_BY_PERSON = f"SELECT {_SUMS} FROM ({_ENTRIES}) entry GROUP BY currency ORDER BY currency"  # noqa: S608  # made of constants
_EVERYBODY = f"""
SELECT person.id, coalesce(nullif(trim(person.first_name || ' ' || person.last_name), ''), person.username), {_SUMS}
FROM ({_SUMMED}) entry JOIN accounts_user person ON person.id = entry.annotator_id
GROUP BY person.id, currency ORDER BY sum(amount) DESC, person.id
"""  # noqa: S608
_LOOPS = f"""
SELECT loop.number, sample.task_kind, count(DISTINCT entry.annotator_id), {_SUMS}
FROM ({_SUMMED}) entry
JOIN verification_sample sample ON sample.id = entry.sample_id
JOIN annotation_loop loop ON loop.id = sample.loop_id
GROUP BY loop.number, sample.task_kind, currency
ORDER BY loop.number DESC, array_position(ARRAY['tag', 'qa', 'answer'], sample.task_kind::text), currency
"""  # noqa: S608
_STATEMENT = """
SELECT pay.id, pay.created_at, loop.number, sample.task_kind,
       CASE WHEN verdict.is_withdrawal THEN 'withdrawn' ELSE 'verdict' END, verdict.seconds, pay.amount, pay.currency
FROM verification_ledgerentry pay
JOIN verification_verdict verdict ON verdict.id = pay.verdict_id
JOIN verification_sampleitem item ON item.id = verdict.item_id
JOIN verification_sample sample ON sample.id = item.sample_id
JOIN annotation_loop loop ON loop.id = sample.loop_id
WHERE pay.annotator_id = %(user)s AND pay.project_id = %(project)s
  AND pay.created_at >= %(at)s::timestamptz AND pay.created_at < %(end)s
  AND (pay.created_at, pay.id) > (%(at)s::timestamptz, %(entry)s::bigint)
ORDER BY pay.created_at, pay.id LIMIT %(batch)s::int
"""
