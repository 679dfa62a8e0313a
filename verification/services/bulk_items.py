"""What a lead does to many items at once: ask again, remove, bring back. Counted before, undone where it can be.

Gold items are never touched, and items of other projects do not exist here.
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from verification.models import ItemChangeKind
from verification.selectors.items import MOST_CHOSEN
from verification.services.item_changes import note_changes
from verification.services.queue import AHEAD_OF_EVERYBODY_SQL
from webapp.core.errors import BadInput

log = logging.getLogger(__name__)


class BulkAction(StrEnum):
    REQUEUE = "requeue"
    REMOVE = "remove"
    RESTORE = "restore"


@dataclass(frozen=True, slots=True)
class Plan:
    """`ids` would change; `left_out`: how many would not, by reason."""

    ids: tuple[int, ...]
    left_out: dict[str, int] = field(default_factory=dict)


REASONS = {
    "removed": gettext_lazy("removed: bring them back first"),
    "not_removed": gettext_lazy("not removed"),
    "packed": gettext_lazy("in a review package, which decides about them"),
    "accepted": gettext_lazy("in an accepted package"),
    "asked": gettext_lazy("being asked about anyway"),
    "closed": gettext_lazy("in a sample that is closed"),
    "judged": gettext_lazy("judged: nobody is asked about them now"),
    "same": gettext_lazy("of this priority already"),
    "gone": gettext_lazy("not in this project"),
}


def plan_action(*, project_id: int, action: BulkAction, item_ids: Collection[int]) -> Plan:
    """What the action would do now. Raises BadInput for more than MOST_CHOSEN items."""
    ids = checked_ids(item_ids)
    return read_plan(_REASON_OF, {"project": project_id, "ids": ids, "action": action.value})


def read_plan(statement: str, values: dict[str, Any]) -> Plan:
    """The plan from a statement that answers (item, '' or why it is left out) for those of `ids` that are there."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows = cursor.fetchall()
    will = tuple(number for number, reason in rows if reason == "")
    left_out: dict[str, int] = {}
    for _number, reason in rows:
        if reason:
            left_out[reason] = left_out.get(reason, 0) + 1
    if len(rows) < len(values["ids"]):
        left_out["gone"] = len(values["ids"]) - len(rows)
    return Plan(will, left_out)


def act_on_items(*, project_id: int, user_id: int, action: BulkAction, item_ids: Collection[int]) -> Plan:
    """Do it to those of the items to which it can be done now; the plan tells which. Idempotent.

    requeue: items that are with the lead go back to people; judged ones get a new round with as many people as the
    sample asks, none of whom had them before, and are unverified meanwhile. remove: nobody is asked any more, what was
    said stays but does not count (who holds one may still hand it in, and is paid). restore: the reverse of remove.
    Locks the items by id, then their slots. Raises BadInput.
    """
    ids = checked_ids(item_ids)
    with transaction.atomic(), connection.cursor() as cursor:
        lock_items(project_id=project_id, item_ids=ids)
        plan = plan_action(project_id=project_id, action=action, item_ids=ids)
        values: dict[str, Any] = {"ids": list(plan.ids)}
        for statement in _STATEMENTS[action]:
            cursor.execute(statement, values)
        note_changes(item_ids=plan.ids, kind=_NOTED[action], by_id=user_id)
    log.info("project %s: user %s: %s of %s items", project_id, user_id, action.value, len(plan.ids))
    return plan


def lock_items(*, project_id: int, item_ids: list[int]) -> None:
    """Lock those of the items that are the project's, by id."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, {"project": project_id, "ids": item_ids})


def checked_ids(item_ids: Collection[int]) -> list[int]:
    """Each once, in the order in which they are locked. Raises BadInput for none, and for more than MOST_CHOSEN."""
    ids = sorted(set(item_ids))
    if not ids:
        raise BadInput(_("Choose at least one item."))
    if len(ids) > MOST_CHOSEN:
        raise BadInput(_("Choose at most %(most)s items at a time.") % {"most": MOST_CHOSEN})
    return ids


_LOCK = """
SELECT i.id FROM verification_sampleitem i JOIN verification_sample s ON s.id = i.sample_id
WHERE s.project_id = %(project)s AND i.id = ANY(%(ids)s::bigint[]) ORDER BY i.id FOR NO KEY UPDATE OF i
"""
# Why an item is left out, '' when it is not.
_REASON_OF = """
SELECT i.id, CASE %(action)s::text
    WHEN 'restore' THEN CASE WHEN i.state <> 'removed' THEN 'not_removed' ELSE '' END
    WHEN 'remove' THEN CASE WHEN i.state = 'removed' THEN 'removed'
                            WHEN pack.state = 'accepted' THEN 'accepted' ELSE '' END
    ELSE CASE WHEN i.state = 'removed' THEN 'removed'
              WHEN pack.state IS NOT NULL THEN 'packed'
              WHEN NOT s.is_open THEN 'closed'
              WHEN i.state = 'open' AND EXISTS (
                  SELECT 1 FROM verification_assignment a
                  WHERE a.item_id = i.id AND a.state <> 'done'
                    AND a.round = (SELECT max(l.round) FROM verification_assignment l WHERE l.item_id = i.id))
                  THEN 'asked'
              ELSE '' END
    END
FROM verification_sampleitem i
JOIN verification_sample s ON s.id = i.sample_id
LEFT JOIN LATERAL (
    SELECT package.state FROM verification_packageitem p
    JOIN verification_reviewpackage package ON package.id = p.package_id
    WHERE p.item_id = i.id AND p.is_live
) pack ON true
WHERE s.project_id = %(project)s AND i.id = ANY(%(ids)s::bigint[]) AND NOT i.is_gold
ORDER BY i.id
"""
_OPEN = "UPDATE verification_sampleitem SET state = 'open' WHERE id = ANY(%(ids)s::bigint[])"
_REMOVED = "UPDATE verification_sampleitem SET state = 'removed' WHERE id = ANY(%(ids)s::bigint[])"
_GIVE_BACK = """
UPDATE verification_assignment SET state = 'open', annotator_id = NULL, leased_until = NULL
WHERE item_id = ANY(%(ids)s::bigint[]) AND state = 'leased'
"""
# Where everybody has answered; open slots of an item that was with the lead are handed out again as they are.
_NEW_ROUND = """
INSERT INTO verification_assignment (sample_id, item_id, round, slot, rank, priority, state)
SELECT i.sample_id, i.id, latest.round + 1, slot, i.id * 16 + slot, i.priority, 'open'
FROM verification_sampleitem i
JOIN verification_sample s ON s.id = i.sample_id
CROSS JOIN LATERAL (SELECT max(a.round) AS round FROM verification_assignment a WHERE a.item_id = i.id) latest
CROSS JOIN generate_series(0, s.overlap - 1) slot
WHERE i.id = ANY(%(ids)s::bigint[]) AND latest.round IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM verification_assignment a
                  WHERE a.item_id = i.id AND a.round = latest.round AND a.state <> 'done')
ON CONFLICT (item_id, round, slot) DO NOTHING
"""
_TO_THE_FRONT = f"""
UPDATE verification_assignment a SET rank = {AHEAD_OF_EVERYBODY_SQL}
WHERE a.item_id = ANY(%(ids)s::bigint[]) AND a.state = 'open'
"""  # noqa: S608  # the part is a constant of this package
_STATEMENTS = {
    BulkAction.REQUEUE: (_OPEN, _NEW_ROUND, _TO_THE_FRONT),
    BulkAction.REMOVE: (_REMOVED, _GIVE_BACK),
    BulkAction.RESTORE: (_OPEN, _TO_THE_FRONT),
}
_NOTED = {
    BulkAction.REQUEUE: ItemChangeKind.REQUEUED,
    BulkAction.REMOVE: ItemChangeKind.REMOVED,
    BulkAction.RESTORE: ItemChangeKind.RESTORED,
}
