"""What is handed out first: priorities of items and of whole samples.

An item's own priority comes before its sample's: an urgent item of a sample for later is handed out before the normal
items of any sample. Leasing reads the slots' copies (verification/services/queue.py).
"""

import logging
from collections.abc import Collection
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from verification.models import ItemChangeKind, Priority, Sample
from verification.services.bulk_items import Plan, checked_ids, lock_items, read_plan
from verification.services.item_changes import note_changes
from verification.services.queue import AHEAD_OF_EVERYBODY_SQL
from webapp.core.errors import NotFound

log = logging.getLogger(__name__)


def plan_priority(*, project_id: int, item_ids: Collection[int], priority: Priority) -> Plan:
    """What `set_priority` would change now, and why it would leave out the others. Raises BadInput."""
    ids = checked_ids(item_ids)
    return read_plan(_REASON_OF, {"project": project_id, "ids": ids, "priority": int(priority)})


def set_priority(*, project_id: int, user_id: int, item_ids: Collection[int], priority: Priority) -> Plan:
    """Hand these items out before or after the others. The plan tells which it was done to. Idempotent.

    Whoever works on the sample meets them, wherever they are in it; what people hold already stays with them. Among
    themselves they keep the order in which the sample was drawn. Locks the items by id, then their slots. Raises
    BadInput.
    """
    ids = checked_ids(item_ids)
    with transaction.atomic(), connection.cursor() as cursor:
        lock_items(project_id=project_id, item_ids=ids)
        plan = plan_priority(project_id=project_id, item_ids=ids, priority=priority)
        values: dict[str, Any] = {"ids": list(plan.ids), "priority": int(priority)}
        for statement in (_LOCK_SLOTS, _ITEMS, _SLOTS, _RANKS):
            cursor.execute(statement, values)
        note_changes(item_ids=plan.ids, kind=ItemChangeKind.PRIORITY, by_id=user_id, priority=priority)
    log.info("project %s: user %s made %s of %s items %s", project_id, user_id, len(plan.ids), len(ids), priority.name)
    return plan


def set_sample_priority(*, project_id: int, user_id: int, sample_id: int, priority: Priority) -> bool:
    """Hand a whole sample out before or after the others; False when it had that priority. Raises NotFound.

    Between kinds of task it decides which one people are offered first.
    """
    samples = Sample.objects.filter(pk=sample_id, project_id=project_id)
    if not samples.exists():
        raise NotFound(_("There is no such sample in this project."))
    changed = bool(samples.exclude(priority=priority).update(priority=priority))
    if changed:
        log.info("project %s: user %s made sample %s %s", project_id, user_id, sample_id, priority.name)
    return changed


# Why an item is left out, '' when it is not.
_REASON_OF = """
SELECT i.id, CASE
    WHEN i.state = 'removed' THEN 'removed'
    WHEN NOT s.is_open THEN 'closed'
    WHEN NOT EXISTS (SELECT 1 FROM verification_assignment a WHERE a.item_id = i.id AND a.state <> 'done') THEN 'judged'
    WHEN i.priority = %(priority)s::smallint THEN 'same'
    ELSE '' END
FROM verification_sampleitem i
JOIN verification_sample s ON s.id = i.sample_id
WHERE s.project_id = %(project)s AND i.id = ANY(%(ids)s::bigint[]) AND NOT i.is_gold
ORDER BY i.id
"""
_LOCK_SLOTS = """
SELECT a.id FROM verification_assignment a WHERE a.item_id = ANY(%(ids)s::bigint[]) AND a.state <> 'done'
ORDER BY a.id FOR UPDATE
"""
_ITEMS = """
UPDATE verification_sampleitem SET priority = %(priority)s::smallint WHERE id = ANY(%(ids)s::bigint[])
"""
_SLOTS = """
UPDATE verification_assignment SET priority = %(priority)s::smallint
WHERE item_id = ANY(%(ids)s::bigint[]) AND state <> 'done'
"""
# Where the draw put them, or just ahead of those who have come further among the items of this priority.
_RANKS = f"""
WITH front AS (
    SELECT a.sample_id, {AHEAD_OF_EVERYBODY_SQL} AS rank
    FROM (SELECT DISTINCT i.sample_id, %(priority)s::smallint AS priority, 0::bigint AS rank
          FROM verification_sampleitem i WHERE i.id = ANY(%(ids)s::bigint[])) a
)
UPDATE verification_assignment slot SET rank = greatest(slot.item_id * 16 + slot.slot, front.rank)
FROM front
WHERE slot.item_id = ANY(%(ids)s::bigint[]) AND slot.state <> 'done' AND front.sample_id = slot.sample_id
"""  # noqa: S608  # the part is a constant of this package
