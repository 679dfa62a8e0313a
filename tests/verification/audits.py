"""Audits for tests: judged by statements, so that figures can be told beforehand."""

from typing import Any

from django.db import connection

from verification.models import Audit


def judge_audit(audit: Audit, expert: Any, *, right: str = "true", slot: int = 0) -> None:
    """Every slot of this number is judged by `expert`; `right`: a condition on `tag` (its 1-based place, "place") and
    `item` under which a tag is right, for QA on `item` alone."""
    statement = _TAGS if audit.task_kind == "tag" else _QA
    with connection.cursor() as cursor:
        cursor.execute(statement.format(right=right), {"audit": audit.pk, "expert": expert.pk, "slot": slot})


_TAGS = """
UPDATE verification_auditslot slot
SET state = 'done', expert_id = %(expert)s, key = gen_random_uuid(), decided_at = now(), seconds = 4,
    choice = 'judged', right_ids = ARRAY(
        SELECT (tag ->> 'concept_id')::bigint
        FROM jsonb_array_elements(item.shown -> 'tags') WITH ORDINALITY AS shown (tag, place) WHERE {right})
FROM verification_audititem item
WHERE slot.audit_id = %(audit)s AND slot.slot = %(slot)s AND item.id = slot.item_id
"""
_QA = """
UPDATE verification_auditslot slot
SET state = 'done', expert_id = %(expert)s, key = gen_random_uuid(), decided_at = now(), seconds = 4,
    choice = CASE WHEN {right} THEN 'correct' ELSE 'incorrect' END
FROM verification_audititem item
WHERE slot.audit_id = %(audit)s AND slot.slot = %(slot)s AND item.id = slot.item_id
"""
