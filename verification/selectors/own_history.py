"""A person's own verdicts: those that no expert has yet, to be looked at again and changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from verification.services.gold_verdicts import NOT_AS_GOOD_AS_PACKED_SQL
from verification.services.queue import COLUMNS_SQL, SEEN_SQL, LeasedItem, leased_item

PAGE = 24
LOOKED_AT = 400
"""Verdicts read for one page: what is packed among them is left out."""


@dataclass(frozen=True, slots=True)
class OwnVerdict:
    """What the person saw and said. may_revise: nobody has gone on from it yet."""

    verdict_id: int
    key: UUID
    at: datetime
    task_kind: str
    item: LeasedItem
    rejected_ids: tuple[int, ...]
    choice: str
    text: str
    is_bad_box: bool
    may_revise: bool


def own_unpacked_verdicts(
    *, project_id: int, user_id: int, before: int | None = None
) -> tuple[list[OwnVerdict], int | None]:
    """A page of them, the latest first, and the key of the next page. Two queries at most.

    before: a verdict's number: only earlier ones.
    """
    values = {"project": project_id, "user": user_id, "before": before or 2**62}
    with connection.cursor() as cursor:
        cursor.execute(_UNPACKED, values)
        found = [_own(row) for row in cursor.fetchall()]
        if len(found) > PAGE:
            return found[:PAGE], found[PAGE - 1].verdict_id
        cursor.execute(_LAST_LOOKED_AT, values)
        looked_to, count = cursor.fetchone()
    return found, looked_to if count == LOOKED_AT else None


def own_verdict(*, project_id: int, user_id: int, key: UUID) -> OwnVerdict | None:
    """The person's verdict with this key, None when it is not theirs, withdrawn or not there."""
    with connection.cursor() as cursor:
        cursor.execute(_ONE, {"project": project_id, "user": user_id, "key": key})
        row = cursor.fetchone()
    return None if row is None else _own(row)


def own_verdicts_on(*, project_id: int, user_id: int, item_ids: list[int]) -> list[OwnVerdict]:
    """The person's verdicts on these items as they stand, in no order."""
    with connection.cursor() as cursor:
        cursor.execute(_ON_ITEMS, {"project": project_id, "user": user_id, "items": item_ids})
        return [_own(row) for row in cursor.fetchall()]


def _own(row: tuple[Any, ...]) -> OwnVerdict:
    verdict_id, key, at, kind, rejected, choice, bad_box, text, may_revise, *columns = row
    item = leased_item(tuple(columns))
    return OwnVerdict(verdict_id, key, at, kind, item, tuple(rejected), choice, text or "", bad_box, may_revise)


# The same conditions as in _WITHDRAW (services/verdicts.py): what is shown here can be withdrawn.
_MAY_REVISE = f"""
    (s.is_open OR slot.held_for_id IS NOT NULL)
    AND NOT EXISTS (SELECT 1 FROM verification_packageitem packed
                    WHERE packed.item_id = v.item_id AND v.id = ANY(packed.verdict_ids))
    AND NOT EXISTS (SELECT 1 FROM verification_sentbackverdict sent WHERE sent.verdict_id = v.id)
    AND {NOT_AS_GOOD_AS_PACKED_SQL}
"""  # noqa: S608  # made of constants
_COLUMNS = f"""
SELECT v.id, v.key, v.created_at, s.task_kind, v.rejected_ids, v.choice, v.is_bad_box,
       (SELECT written.text FROM verification_wording written WHERE written.verdict_id = v.id LIMIT 1),
       {_MAY_REVISE}, {COLUMNS_SQL}
"""  # noqa: S608  # made of constants
_JOINS = f"""
JOIN verification_assignment slot ON slot.id = v.assignment_id AND slot.verdict_id = v.id
JOIN verification_sample s ON s.id = slot.sample_id AND s.project_id = %(project)s
{SEEN_SQL}
"""
# A person's verdicts in the order in which they gave them; ids grow with time but for what is sent at once.
_RECENT = f"""
SELECT * FROM verification_verdict
WHERE annotator_id = %(user)s AND NOT is_withdrawal AND id < %(before)s
  AND created_at <= coalesce((SELECT created_at FROM verification_verdict WHERE id = %(before)s), 'infinity')
ORDER BY created_at DESC, id DESC LIMIT {LOOKED_AT}
"""  # noqa: S608
_UNPACKED = f"""
{_COLUMNS} FROM ({_RECENT}) v {_JOINS}
WHERE {_MAY_REVISE}
ORDER BY v.created_at DESC, v.id DESC LIMIT {PAGE + 1}
"""
_LAST_LOOKED_AT = f"SELECT min(id), count(*) FROM ({_RECENT}) looked"  # noqa: S608
_ONE = f"{_COLUMNS} FROM verification_verdict v {_JOINS} WHERE v.key = %(key)s AND v.annotator_id = %(user)s"
_ON_ITEMS = f"""
{_COLUMNS} FROM verification_verdict v {_JOINS}
WHERE v.item_id = ANY(%(items)s::bigint[]) AND v.annotator_id = %(user)s
"""
