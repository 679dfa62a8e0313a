"""Pay. An entry is written in the same statement as the verdict that it pays for (verdicts.py); days are summed up once
they are over, so that no page adds up millions of entries."""

import logging
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from verification.models import PayDaysClosed
from webapp.projects.models import Project

log = logging.getLogger(__name__)

# The project's rate for the task kind of sample `s` of project `p`, as SQL.
RATE_SQL = "CASE s.task_kind WHEN 'tag' THEN p.tag_rate WHEN 'qa' THEN p.qa_rate ELSE p.answer_rate END"

SETTLED_AFTER = timedelta(hours=1)
"""An entry carries the time at which its transaction began, and may be committed a little later."""


def sum_up_days(*, project_id: int | None = None) -> int:
    """Sum up the days that are over, in one project or in all; returns how many days of projects. For the timer.

    A day is summed up once, an hour after its end in the server's time zone, by the database's clock. Locks the
    project's mark of how far it is summed up.
    """
    today = _today()
    projects = Project.objects.all() if project_id is None else Project.objects.filter(pk=project_id)
    behind = projects.exclude(pk__in=PayDaysClosed.objects.filter(until__gte=today).values("project"))
    return sum(_sum_up(project, today) for project in behind.only("pk", "created_at"))


def _sum_up(project: Project, today: date) -> int:
    start = timezone.localtime(project.created_at).date()
    with transaction.atomic(), connection.cursor() as cursor:
        PayDaysClosed.objects.bulk_create([PayDaysClosed(project=project, until=start)], ignore_conflicts=True)
        closed = PayDaysClosed.objects.select_for_update().get(project=project)
        days = (today - closed.until).days
        if days < 1:
            return 0
        values: dict[str, Any] = {"project": project.pk, "from": midnight_of(closed.until), "to": midnight_of(today)}
        cursor.execute(_DAYS, {**values, "zone": timezone.get_current_timezone_name()})
        PayDaysClosed.objects.filter(pk=closed.pk).update(until=today)
    if cursor.rowcount:
        log.info("project %s: pay summed up before %s", project.pk, today)
    return days


def midnight_of(day: date) -> datetime:
    """When the day begins in the server's time zone."""
    return timezone.make_aware(datetime.combine(day, datetime.min.time()))


def _today() -> date:
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        now: datetime = cursor.fetchone()[0]
    return timezone.localtime(now - SETTLED_AFTER).date()


# Person by person, because the ledger is indexed by person and time.
_DAYS = """
INSERT INTO verification_payday (project_id, annotator_id, sample_id, day, verdicts, seconds, amount, currency)
SELECT %(project)s, pay.annotator_id, item.sample_id, (pay.created_at AT TIME ZONE %(zone)s)::date,
       sum(CASE WHEN verdict.is_withdrawal THEN -1 ELSE 1 END), sum(verdict.seconds), sum(pay.amount), pay.currency
FROM accounts_user person
JOIN verification_ledgerentry pay ON pay.annotator_id = person.id
 AND pay.created_at >= %(from)s AND pay.created_at < %(to)s
JOIN verification_verdict verdict ON verdict.id = pay.verdict_id
JOIN verification_sampleitem item ON item.id = verdict.item_id
WHERE pay.project_id = %(project)s
GROUP BY pay.annotator_id, item.sample_id, 4, pay.currency
ON CONFLICT (project_id, day, annotator_id, sample_id, currency) DO NOTHING
"""
