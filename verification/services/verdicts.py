"""Verdicts: recorded once, paid once, withdrawn by a row that supersedes them."""

import math
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from verification.models import Assignment, AssignmentState, LateVerdict, Verdict
from verification.services.ledger import RATE_SQL
from verification.services.tickets import is_ticket_of
from webapp.core.errors import BadInput, Conflict, NotFound

MAX_SECONDS = 600.0  # what one item can count for; the browser already leaves idle time out
UNDO_DEPTH = 50

# One statement: check the slot, write verdict and pay, close the slot. Either all of it is durable or nothing is.
_RECORD_PARTS = f"""
judged AS (
    SELECT a.id, a.item_id, p.id AS project_id, p.currency, {RATE_SQL} AS rate
    FROM verification_assignment a
    JOIN verification_sampleitem i ON i.id = a.item_id
    JOIN verification_sample s ON s.id = a.sample_id
    JOIN projects_project p ON p.id = s.project_id
    WHERE a.id = %(assignment)s AND p.id = %(project)s AND s.task_kind = 'tag' AND __held__
      AND %(rejected)s::bigint[] <@ ARRAY(
          SELECT (tag->>'concept_id')::bigint FROM jsonb_array_elements(i.shown->'tags') tag)
    FOR UPDATE OF a
), verdict AS (
    INSERT INTO verification_verdict
        (assignment_id, item_id, annotator_id, key, choice, rejected_ids, is_withdrawal, seconds)
    SELECT judged.id, judged.item_id, %(user)s, %(key)s, '', %(rejected)s::bigint[], false, %(seconds)s FROM judged
    ON CONFLICT (key) DO NOTHING
    RETURNING id, assignment_id
), closed AS (
    UPDATE verification_assignment a
    SET state = 'done', annotator_id = %(user)s, leased_until = NULL, verdict_id = verdict.id
    FROM verdict WHERE a.id = verdict.assignment_id
), paid AS (
    INSERT INTO verification_ledgerentry (project_id, annotator_id, verdict_id, amount, currency)
    SELECT judged.project_id, %(user)s, verdict.id, judged.rate, judged.currency FROM judged, verdict
)
"""  # noqa: S608  # the parts are constants of this package

_HELD_BY_THEM = "a.state = 'leased' AND a.annotator_id = %(user)s"
_STILL_FREE = """
    a.state = 'open' AND s.is_open
    AND NOT EXISTS (SELECT 1 FROM verification_skip k WHERE k.item_id = a.item_id AND k.annotator_id = %(user)s)
"""
# The named parts of a statement that records a verdict on a slot the person holds; `verdict` has its id, or no row.
RECORD_PARTS_SQL = _RECORD_PARTS.replace("__held__", _HELD_BY_THEM)
_LATE_PARTS = _RECORD_PARTS.replace("__held__", _STILL_FREE)

_WITHDRAW = f"""
WITH target AS (
    SELECT v.id, v.assignment_id, v.item_id, pay.project_id, pay.amount, pay.currency
    FROM verification_verdict v
    JOIN verification_assignment a ON a.id = v.assignment_id AND a.verdict_id = v.id
    JOIN verification_sample s ON s.id = a.sample_id
    JOIN verification_ledgerentry pay ON pay.verdict_id = v.id
    WHERE v.key = %(verdict)s AND v.annotator_id = %(user)s AND NOT v.is_withdrawal
      AND s.project_id = %(project)s AND s.is_open AND a.state = 'done'
      AND (SELECT count(*) FROM (
               SELECT 1 FROM verification_verdict later
               WHERE later.annotator_id = %(user)s AND later.created_at > v.created_at AND NOT later.is_withdrawal
               LIMIT {UNDO_DEPTH}) recent) < {UNDO_DEPTH}
    FOR UPDATE OF a
), withdrawal AS (
    INSERT INTO verification_verdict
        (assignment_id, item_id, annotator_id, key, choice, rejected_ids, is_withdrawal, supersedes_id, seconds)
    SELECT assignment_id, item_id, %(user)s, %(key)s, '', '{{}}', true, id, 0 FROM target
    ON CONFLICT (key) DO NOTHING
    RETURNING id
), paid_back AS (
    INSERT INTO verification_ledgerentry (project_id, annotator_id, verdict_id, amount, currency)
    SELECT target.project_id, %(user)s, withdrawal.id, -target.amount, target.currency FROM target, withdrawal
), reopened AS (
    UPDATE verification_assignment a
    SET state = 'leased', leased_until = now() + make_interval(secs => %(lease)s), verdict_id = NULL
    FROM target, withdrawal WHERE a.id = target.assignment_id
)
SELECT id FROM withdrawal
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Receipt:
    """The verdict is durable. `repeated` tells that it already was when this call came."""

    verdict_id: int
    repeated: bool = False


def record_verdict(
    *,
    project_id: int,
    user_id: int,
    assignment_id: int,
    rejected_ids: list[int],
    seconds: float,
    key: UUID,
    ticket: str = "",
) -> Receipt:
    """Record which of the shown tags are wrong; close the slot and pay for it in the same statement.

    The slot must be leased to this person, or lapsed and still free (then `ticket` proves that they had it). A paused
    project takes verdicts on items that were already out. The same key and content give the same receipt again.

    Raises NotFound (no such slot in this project), BadInput (a rejected concept was not shown), Conflict with code
    `lease_lost` (somebody else has it; the verdict is kept as a LateVerdict, unpaid and uncounted), `already_done`
    (this person's verdict on it stands) or `key_reused`.
    """
    values = verdict_values(
        project_id=project_id,
        user_id=user_id,
        assignment_id=assignment_id,
        rejected_ids=rejected_ids,
        seconds=seconds,
        key=key,
    )
    recorded = _run(f"WITH {RECORD_PARTS_SQL} SELECT id FROM verdict", values)  # noqa: S608
    if recorded is not None:
        return Receipt(recorded)
    return _repeated(values) or _late(values, ticket)


def verdict_values(
    *, project_id: int, user_id: int, assignment_id: int, rejected_ids: list[int], seconds: float, key: UUID
) -> dict[str, Any]:
    """Parameters of RECORD_PARTS_SQL. Raises BadInput for a time that is no number."""
    if not math.isfinite(seconds):
        raise BadInput(_("The time spent must be a number."))
    return {
        "project": project_id,
        "user": user_id,
        "assignment": assignment_id,
        "rejected": sorted(set(rejected_ids)),
        "seconds": min(max(float(seconds), 0.0), MAX_SECONDS),
        "key": key,
    }


def withdraw_verdict(*, project_id: int, user_id: int, verdict_key: UUID, key: UUID) -> Receipt:
    """Undo: supersede the verdict with `verdict_key`, take its pay back, lease its slot to the same person again.

    Only among the person's last 50 verdicts, and while its sample is open. The same `key` gives the same receipt again.
    Raises NotFound, or Conflict with code `not_undoable` or `key_reused`.
    """
    values = {"project": project_id, "user": user_id, "verdict": verdict_key, "key": key}
    withdrawn = _run(_WITHDRAW, {**values, "lease": float(settings.ARGUS_LEASE_SECONDS)})
    if withdrawn is not None:
        return Receipt(withdrawn)
    before = Verdict.objects.filter(key=key).select_related("supersedes").first()
    if before is not None:
        original = before.supersedes
        if before.annotator_id == user_id and original is not None and original.key == verdict_key:
            return Receipt(before.pk, repeated=True)
        raise _key_reused()
    if not Verdict.objects.filter(
        key=verdict_key, annotator_id=user_id, is_withdrawal=False, item__sample__project_id=project_id
    ).exists():
        raise NotFound(_("There is no verdict of yours to undo here."))
    raise Conflict(_("This verdict can no longer be undone. It stands as you sent it."), code="not_undoable")


def _run(statement: str, values: dict[str, Any]) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        row = cursor.fetchone()
    return None if row is None else int(row[0])


def _repeated(values: dict[str, Any]) -> Receipt | None:
    before = Verdict.objects.filter(key=values["key"]).first()
    if before is None:
        return None
    sent = (values["user"], values["assignment"], values["rejected"], False)
    if sent != (before.annotator_id, before.assignment_id, before.rejected_ids, before.is_withdrawal):
        raise _key_reused()
    return Receipt(before.pk, repeated=True)


def _late(values: dict[str, Any], ticket: str) -> Receipt:
    """The slot is not leased to them now: take the verdict if nobody else has the slot, keep it otherwise."""
    slot = (
        Assignment.objects.filter(pk=values["assignment"], sample__project_id=values["project"])
        .select_related("item")
        .first()
    )
    user_id = values["user"]
    known = slot is not None and (
        slot.annotator_id == user_id or is_ticket_of(ticket, user_id=user_id, assignment_id=slot.pk)
    )
    if slot is None or not known:
        raise NotFound(_("This item was not given to you."))
    if not set(values["rejected"]) <= {tag["concept_id"] for tag in slot.item.shown["tags"]}:
        raise BadInput(_("A tag that was marked as wrong does not belong to this item. Load the page again."))
    if slot.state == AssignmentState.DONE and slot.annotator_id == user_id:
        raise Conflict(_("You have already answered this item."), code="already_done")
    return _record_late(values) or _keep_late(values, slot)


def _record_late(values: dict[str, Any]) -> Receipt | None:
    try:
        with transaction.atomic():
            recorded = _run(f"WITH {_LATE_PARTS} SELECT id FROM verdict", values)  # noqa: S608
    except IntegrityError:  # they hold or did another slot of the same item
        return None
    return None if recorded is None else Receipt(recorded)


def _keep_late(values: dict[str, Any], slot: Assignment) -> Receipt:
    LateVerdict.objects.bulk_create(
        [
            LateVerdict(
                assignment=slot,
                item_id=slot.item_id,
                annotator_id=values["user"],
                key=values["key"],
                rejected_ids=values["rejected"],
                seconds=values["seconds"],
            )
        ],
        ignore_conflicts=True,  # the same late verdict sent again
    )
    raise Conflict(_("This item went to someone else. Your marks on it do not count."), code="lease_lost")


def _key_reused() -> Conflict:
    return Conflict(_("This was already sent with other content. Load the page again."), code="key_reused")
