"""Audits: which regions they hold, how far they are, and what an expert may still judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache
from django.db import connection

from annotation.models import Loop
from verification.models import Audit

# A project has more and more closed audits, and nobody judges in them any more: they are counted anew when a photo was
# removed on request, and after so long.
KEPT_SECONDS = 3_600

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
       coalesce(sum(slots.done) FILTER (WHERE NOT item.is_removed), 0),
       max(slots.last_at)
FROM unnest(%(audits)s::bigint[]) audit (id)
JOIN verification_audititem item ON item.audit_id = audit.id
CROSS JOIN LATERAL (
    SELECT count(*) AS slots, count(*) FILTER (WHERE slot.state = 'done') AS done, max(slot.decided_at) AS last_at
    FROM verification_auditslot slot WHERE slot.item_id = item.id
) slots
GROUP BY audit.id
"""
# While a removal is not finished, nothing is remembered.
_LAST_REMOVAL = """
SELECT (SELECT max(id) FROM verification_takedown WHERE project_id = %(project)s),
       EXISTS (SELECT 1 FROM verification_takedown WHERE completed_at IS NULL AND project_id = %(project)s)
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
    """items: how many there are; judged: with at least one judgement; slots and done: judgements wanted and made;
    last_at: when the latest was made."""

    audit: Audit
    items: int
    judged: int
    slots: int
    done: int
    last_at: datetime | None

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
    """How far each is. Two queries, over the items of those that are open; closed ones are remembered."""
    keys = _keys_of_closed(audits)
    kept = cache.get_many(keys.values())
    counts = {audit_id: kept[key] for audit_id, key in keys.items() if key in kept}
    missing = [audit.pk for audit in audits if audit.pk not in counts]
    if missing:
        with connection.cursor() as cursor:
            cursor.execute(_PROGRESS, {"audits": missing})
            counted = {row[0]: (*map(int, row[1:5]), row[5]) for row in cursor.fetchall()}
        counts |= {audit_id: counted.get(audit_id, (0, 0, 0, 0, None)) for audit_id in missing}
        cache.set_many({keys[audit_id]: counts[audit_id] for audit_id in missing if audit_id in keys}, KEPT_SECONDS)
    return [AuditProgress(audit, *counts[audit.pk]) for audit in audits]


def key_of(progress: AuditProgress, what: str) -> str:
    """Under which `what` can be remembered of an audit: another key after each judgement and each removal."""
    audit = progress.audit
    last_at = progress.last_at.timestamp() if progress.last_at else 0
    counts = f"{progress.items}-{progress.judged}-{progress.slots}-{progress.done}-{last_at}"
    return f"audit-{what}:{audit.pk}:{audit.created_at.timestamp()}:{counts}"


def _keys_of_closed(audits: Sequence[Audit]) -> dict[int, str]:
    closed = [audit for audit in audits if not audit.is_open]
    if not closed:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_LAST_REMOVAL, {"project": closed[0].project_id})
        last, is_going_on = cursor.fetchone()
    if is_going_on:
        return {}
    return {audit.pk: f"audit-progress:{audit.pk}:{audit.created_at.timestamp()}:{last}" for audit in closed}


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
