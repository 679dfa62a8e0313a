"""Verdicts: recorded once, paid once, withdrawn by a row that supersedes them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from verification.models import Assignment, AssignmentState, LateVerdict, QAChoice, TaskKind, Verdict
from verification.services.gold_verdicts import NOT_AS_GOOD_AS_PACKED_SQL
from verification.services.held_back import MAY_WORK_SQL, may_work
from verification.services.ledger import RATE_SQL
from verification.services.question_decisions import follow_up, take_back_follow_up
from verification.services.tickets import is_ticket_of
from verification.services.verdict_contents import Content, check_against_question, checked_content, wording_kind
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
    WHERE a.id = %(assignment)s AND p.id + 0 = %(project)s AND s.task_kind = '__kind__' AND __held__ AND __fits__
    FOR UPDATE OF a
), verdict AS (
    INSERT INTO verification_verdict
        (assignment_id, item_id, annotator_id, key, choice, rejected_ids, text_digest, is_bad_box, is_withdrawal,
         seconds)
    SELECT judged.id, judged.item_id, %(user)s, %(key)s, %(choice)s, %(rejected_array)s::bigint[], %(digest)s,
           %(bad_box)s, false, %(seconds)s
    FROM judged
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
_WORDED = """
, worded AS (
    INSERT INTO verification_wording (verdict_id, kind, text, writer_id)
    SELECT verdict.id, %(wording)s, %(text)s, %(user)s FROM verdict
)
"""

# `+ 0`: found by its number, not among what the person holds, where every lease they ever had may have left a trace.
_HELD_BY_THEM = "a.state = 'leased' AND a.annotator_id + 0 = %(user)s"
# Who is kept from working gives nothing in late either: a lead who pauses somebody wants no more of their work.
_STILL_FREE = f"""
    a.state = 'open' AND (s.is_open AND a.held_for_id IS NULL OR a.held_for_id = %(user)s)
    AND NOT EXISTS (SELECT 1 FROM verification_skip k WHERE k.item_id = a.item_id AND k.annotator_id = %(user)s)
    AND {MAY_WORK_SQL}
"""  # noqa: S608
_TAGS_WERE_SHOWN = """
    %(rejected_array)s::bigint[] <@ ARRAY(
        SELECT (tag->>'concept_id')::bigint FROM jsonb_array_elements(i.shown->'tags') tag)
"""
_ALL_TAGS_ARE_WRONG = "cardinality(%(rejected_array)s::bigint[]) = jsonb_array_length(i.shown->'tags')"
# Nothing can follow from it: the only verdict of the only round, so nobody else's has to be looked at.
_STANDS_ALONE = "s.overlap = 1 AND a.round = 0"
_NO_PART_IN_PARENT = """
    NOT EXISTS (SELECT 1 FROM verification_assignment own
                WHERE own.item_id = i.parent_id AND own.annotator_id = %(user)s)
"""
# After these the pair is as it was; the others ask for an answer or open the tag task again.
_QUIET = frozenset({QAChoice.CORRECT.value, QAChoice.UNANSWERABLE.value, ""})

_WITHDRAW = f"""
WITH target AS (
    SELECT v.id, v.assignment_id, v.item_id, pay.project_id, pay.amount, pay.currency
    FROM verification_verdict v
    JOIN verification_assignment a ON a.id = v.assignment_id AND a.verdict_id = v.id
    JOIN verification_sample s ON s.id = a.sample_id
    JOIN projects_project p ON p.id = s.project_id
    JOIN verification_ledgerentry pay ON pay.verdict_id = v.id
    WHERE v.key = %(verdict)s AND v.annotator_id = %(user)s AND NOT v.is_withdrawal
      AND {MAY_WORK_SQL}
      AND s.project_id = %(project)s AND (s.is_open OR a.held_for_id IS NOT NULL) AND a.state = 'done'
      AND NOT EXISTS (SELECT 1 FROM verification_packageitem packed
                      WHERE packed.item_id = v.item_id AND v.id = ANY(packed.verdict_ids))
      AND NOT EXISTS (SELECT 1 FROM verification_sentbackverdict sent WHERE sent.verdict_id = v.id)
      AND {NOT_AS_GOOD_AS_PACKED_SQL}
      AND (SELECT count(*) FROM (
               SELECT 1 FROM verification_verdict later
               WHERE later.annotator_id = %(user)s AND later.created_at > v.created_at AND NOT later.is_withdrawal
               LIMIT %(depth)s::int) recent) < %(depth)s::int
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

_LOCK_ITEM = """
SELECT i.id FROM verification_sampleitem i JOIN verification_assignment a ON a.item_id = i.id
WHERE a.id = %(assignment)s FOR NO KEY UPDATE OF i
"""
_LOCK_ITEM_OF_VERDICT = """
SELECT i.id FROM verification_sampleitem i JOIN verification_verdict v ON v.item_id = i.id
WHERE v.key = %(verdict)s AND v.annotator_id = %(user)s FOR NO KEY UPDATE OF i
"""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The verdict is durable. `repeated` tells that it already was when this call came."""

    verdict_id: int
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """A verdict as it came, checked as far as that goes without the item. `values` are the statements' parameters."""

    kind: TaskKind
    content: Content
    values: dict[str, Any]

    @property
    def may_stand_alone(self) -> bool:
        """Whether one statement can be all there is to it."""
        return self.kind == TaskKind.TAG or self.content.choice in _QUIET


def record_verdict(
    *,
    project_id: int,
    user_id: int,
    assignment_id: int,
    seconds: float,
    key: UUID,
    ticket: str = "",
    kind: TaskKind = TaskKind.TAG,
    rejected_ids: Sequence[int] = (),
    choice: str = "",
    text: str = "",
    is_bad_box: bool = False,
) -> Receipt:
    """Record what somebody decided about an item of this kind; close the slot and pay for it in the same statement.

    What may be given is told by services/verdict_contents.py: the wrong ones of the shown tags, a choice, or a text.
    The slot must be leased to this person, or lapsed and still free (then `ticket` proves that they had it, and nothing
    may keep them from working: services/held_back.py). A paused project takes verdicts on items that were already out.
    The same key and content give the same receipt again. Where the verdict decides that a pair's answer is wrong or
    its tag is, what follows (services/question_decisions.py) is written in the same transaction, the item locked first.

    Raises NotFound (no such slot in this project), BadInput (a rejected concept was not shown, a text does not do:
    code `bad_answer`), Conflict with code `lease_lost` (somebody else has it; the verdict is kept as a LateVerdict with
    its text, unpaid and uncounted), `held_back` (likewise, of somebody who is kept from working), `already_done` (this
    person's verdict on it stands) or `key_reused`.
    """
    sent = checked_verdict(
        project_id=project_id,
        user_id=user_id,
        assignment_id=assignment_id,
        seconds=seconds,
        key=key,
        kind=kind,
        content=Content(list(rejected_ids), choice, text, is_bad_box),
    )
    return record_sent(sent, ticket)


def record_sent(sent: Sent, ticket: str) -> Receipt:
    """`record_verdict` for what `checked_verdict` made."""
    recorded = _run(f"WITH {record_parts(sent)} SELECT id FROM verdict", sent.values) if sent.may_stand_alone else None  # noqa: S608
    if recorded is None and sent.kind != TaskKind.TAG:
        recorded = _record_with_consequences(sent, _HELD_BY_THEM)
    if recorded is not None:
        return Receipt(recorded)
    return _repeated(sent) or _late(sent, ticket)


def checked_verdict(
    *,
    project_id: int,
    user_id: int,
    assignment_id: int,
    seconds: float,
    key: UUID,
    kind: TaskKind,
    content: Content,
) -> Sent:
    """What is to be recorded. Raises BadInput for a time that is no number, or content that does not fit the kind."""
    if not math.isfinite(seconds):
        raise BadInput(_("The time spent must be a number."))
    content = checked_content(kind, content)
    if content.text and kind == TaskKind.ANSWER:
        slot = Assignment.objects.filter(pk=assignment_id, sample__project_id=project_id).select_related("item").first()
        if slot is not None and "question" in slot.item.shown:
            check_against_question(content, slot.item)
    return Sent(
        kind,
        content,
        {
            "project": project_id,
            "user": user_id,
            "assignment": assignment_id,
            "rejected": content.rejected_ids,
            "rejected_array": f"{{{','.join(map(str, content.rejected_ids))}}}",  # psycopg writes the same, slowly
            "choice": content.choice,
            "text": content.text,
            "digest": content.digest,
            "wording": wording_kind(kind).value,
            "bad_box": content.is_bad_box,
            "seconds": min(max(float(seconds), 0.0), MAX_SECONDS),
            "key": key,
        },
    )


def record_parts(sent: Sent) -> str:
    """The named parts of a statement that records a verdict on a slot the person holds; `verdict` has its id, or no
    row. Only for what may stand alone."""
    return _record_parts(sent.kind, _HELD_BY_THEM, has_text=bool(sent.content.text), alone=True)


@lru_cache(maxsize=64)
def _record_parts(kind: TaskKind, held: str, *, has_text: bool, alone: bool) -> str:
    fits = "true"
    if kind == TaskKind.TAG:
        fits = f"{_TAGS_WERE_SHOWN} AND {_ALL_TAGS_ARE_WRONG}" if has_text else _TAGS_WERE_SHOWN
    elif kind == TaskKind.ANSWER:
        fits = _NO_PART_IN_PARENT
    elif alone:
        fits = _STANDS_ALONE
    parts = _RECORD_PARTS.replace("__kind__", kind.value).replace("__held__", held).replace("__fits__", fits)
    return parts + _WORDED if has_text else parts


def withdraw_verdict(
    *, project_id: int, user_id: int, verdict_key: UUID, key: UUID, depth: int = UNDO_DEPTH
) -> Receipt:
    """Undo: supersede the verdict with `verdict_key`, take its pay back, lease its slot to the same person again.

    Only among the person's last `depth` verdicts, while its sample is open, it is not packed for an expert and nobody
    has begun with what followed from it. Who is kept from working may be given no slot, so their verdicts stand. The
    same `key` gives the same receipt again. Locks the item, then its slot.
    Raises NotFound, or Conflict with code `not_undoable`, `held_back` or `key_reused`.
    """
    values = {"project": project_id, "user": user_id, "verdict": verdict_key, "key": key, "depth": depth}
    with transaction.atomic():
        item_id = _run(_LOCK_ITEM_OF_VERDICT, values)
        withdrawn = _run(_WITHDRAW, {**values, "lease": float(settings.ARGUS_LEASE_SECONDS)})
        if withdrawn is not None and item_id is not None and not take_back_follow_up(item_id):
            raise _not_undoable()
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
    if not may_work(project_id=project_id, user_id=user_id):
        message = _("You are given no items here for now, so this verdict stands as you sent it. Ask your lead.")
        raise Conflict(message, code="held_back")
    raise _not_undoable()


def _record_with_consequences(sent: Sent, held: str) -> int | None:
    """With the item locked, so that of several people's verdicts one is the last."""
    with transaction.atomic():
        item_id = _run(_LOCK_ITEM, sent.values)
        parts = _record_parts(sent.kind, held, has_text=bool(sent.content.text), alone=False)
        recorded = _run(f"WITH {parts} SELECT id FROM verdict", sent.values)  # noqa: S608
        if recorded is not None and item_id is not None and sent.kind != TaskKind.TAG:
            follow_up(item_id)
    return recorded


def _run(statement: str, values: dict[str, Any]) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        row = cursor.fetchone()
    return None if row is None else int(row[0])


def _repeated(sent: Sent) -> Receipt | None:
    before = Verdict.objects.filter(key=sent.values["key"]).first()
    if before is None:
        return None
    names = ("user", "assignment", "rejected", "choice", "digest", "bad_box")
    stands = (
        before.annotator_id,
        before.assignment_id,
        before.rejected_ids,
        before.choice,
        before.text_digest,
        before.is_bad_box,
    )
    if before.is_withdrawal or stands != tuple(sent.values[name] for name in names):
        raise _key_reused()
    return Receipt(before.pk, repeated=True)


def _late(sent: Sent, ticket: str) -> Receipt:
    """The slot is not leased to them now: take the verdict if nobody else has the slot, keep it otherwise."""
    values, user_id = sent.values, sent.values["user"]
    slot = (
        Assignment.objects.filter(
            pk=values["assignment"], sample__project_id=values["project"], sample__task_kind=sent.kind
        )
        .select_related("item")
        .first()
    )
    known = slot is not None and (
        slot.annotator_id == user_id or is_ticket_of(ticket, user_id=user_id, assignment_id=slot.pk)
    )
    if slot is None or not known:
        raise NotFound(_("This item was not given to you."))
    if sent.kind == TaskKind.TAG:
        shown = {tag["concept_id"] for tag in slot.item.shown["tags"]}
        if not set(values["rejected"]) <= shown:
            raise BadInput(_("A tag that was marked as wrong does not belong to this item. Load the page again."))
        if values["text"] and len(values["rejected"]) < len(shown):
            raise BadInput(_("A right tag can be typed when all shown ones are marked as wrong."))
    if slot.state == AssignmentState.DONE and slot.annotator_id == user_id:
        raise Conflict(_("You have already answered this item."), code="already_done")
    if LateVerdict.objects.filter(key=values["key"]).exists():  # told so before: it is not counted after all
        return _keep_late(values, slot)
    return _record_late(sent) or _keep_late(values, slot)


def _record_late(sent: Sent) -> Receipt | None:
    try:
        recorded = _record_with_consequences(sent, _STILL_FREE)
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
                choice=values["choice"],
                rejected_ids=values["rejected"],
                text=values["text"],
                is_bad_box=values["bad_box"],
                seconds=values["seconds"],
            )
        ],
        ignore_conflicts=True,  # the same late verdict sent again
    )
    if not may_work(project_id=values["project"], user_id=values["user"]):
        message = _("You are given no items here for now, so this came too late to count; it is kept. Ask your lead.")
        raise Conflict(message, code="held_back")
    raise Conflict(_("This item went to someone else. What you decided does not count; it is kept."), code="lease_lost")


def _not_undoable() -> Conflict:
    return Conflict(_("This verdict can no longer be undone. It stands as you sent it."), code="not_undoable")


def _key_reused() -> Conflict:
    return Conflict(_("This was already sent with other content. Load the page again."), code="key_reused")
