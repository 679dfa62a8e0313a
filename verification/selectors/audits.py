"""Audits: which regions they hold, how far they are, and what an expert may still judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from annotation.models import Loop
from verification.models import Audit

# Regions that measure the models: they enter no later sample, and so no training either (design §7). Regions of the
# verified set that experts looked at again stay what they are. Parameter: project_id.
AUDITED_REGIONS_SQL = """
SELECT audited.region_id
FROM verification_audit audit JOIN verification_audititem audited ON audited.audit_id = audit.id
WHERE audit.project_id = %(project_id)s AND audit.population = 'model'
"""

_PROGRESS = """
SELECT audit.id,
       count(*) FILTER (WHERE NOT item.is_removed),
       count(*) FILTER (WHERE NOT item.is_removed AND slots.done > 0),
       coalesce(sum(slots.slots) FILTER (WHERE NOT item.is_removed), 0),
       coalesce(sum(slots.done) FILTER (WHERE NOT item.is_removed), 0)
FROM unnest(%(audits)s::bigint[]) audit (id)
JOIN verification_audititem item ON item.audit_id = audit.id
CROSS JOIN LATERAL (
    SELECT count(*) AS slots, count(*) FILTER (WHERE slot.state = 'done') AS done
    FROM verification_auditslot slot WHERE slot.item_id = item.id
) slots
GROUP BY audit.id
"""
_OPEN = """
SELECT count(*) FROM (
    SELECT 1
    FROM verification_audit audit
    JOIN verification_auditslot slot ON slot.audit_id = audit.id AND slot.state = 'open'
    JOIN verification_audititem item ON item.id = slot.item_id
    WHERE audit.project_id = %(project)s AND audit.is_open AND NOT item.is_removed
      AND NOT %(user)s::bigint = ANY (item.barred_ids)
      AND NOT EXISTS (SELECT 1 FROM verification_auditslot own
                      WHERE own.item_id = item.id AND own.expert_id = %(user)s::bigint)
    LIMIT %(most)s
) open
"""
_DONE_BY = """
SELECT count(*)
FROM verification_audit audit
JOIN verification_auditslot slot ON slot.audit_id = audit.id AND slot.expert_id = %(user)s AND slot.state = 'done'
WHERE audit.project_id = %(project)s AND audit.is_open
"""


@dataclass(frozen=True, slots=True)
class AuditProgress:
    """items: how many there are; judged: with at least one judgement; slots and done: judgements wanted and made."""

    audit: Audit
    items: int
    judged: int
    slots: int
    done: int

    @property
    def is_finished(self) -> bool:
        return self.done >= self.slots


def audits_of_loop(loop: Loop) -> list[AuditProgress]:
    """The loop's audits that are drawn, the models' first. Two queries over at most their own items."""
    return progress_of(
        list(Audit.objects.filter(loop=loop).exclude(drawn_at=None).order_by("population", "-task_kind"))
    )


def audits_to_draw(loop: Loop) -> list[Audit]:
    """Those that a worker is about to draw, or could not: `error` tells."""
    return list(Audit.objects.filter(loop=loop, drawn_at=None).order_by("population", "-task_kind"))


def progress_of(audits: Sequence[Audit]) -> list[AuditProgress]:
    """How far each is. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_PROGRESS, {"audits": [audit.pk for audit in audits]})
        counted = {row[0]: [int(count) for count in row[1:]] for row in cursor.fetchall()}
    return [AuditProgress(audit, *counted.get(audit.pk, [0, 0, 0, 0])) for audit in audits]


def open_for(*, project_id: int, user_id: int, at_most: int) -> int:
    """How many items wait that this expert may judge, counted no further than `at_most`."""
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, {"project": project_id, "user": user_id, "most": at_most})
        return int(cursor.fetchone()[0])


def done_by(*, project_id: int, user_id: int) -> int:
    """How many items this expert judged in the project's open audits."""
    with connection.cursor() as cursor:
        cursor.execute(_DONE_BY, {"project": project_id, "user": user_id})
        return int(cursor.fetchone()[0])
