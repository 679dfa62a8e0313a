"""Experts judge audited items: leased, judged, taken back. Two experts never have the same slot, nor one both slots.

Only the database's clock counts. An expert is never told what the row claims, who said it, or what others judged.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from verification.models import Audit, AuditChoice, AuditKind, AuditSlot
from webapp.accounts.models import User
from webapp.core.errors import BadInput, Conflict, NotFound

log = logging.getLogger(__name__)

MAX_HELD = 10

_CHOICES = {
    AuditKind.TAG: {AuditChoice.JUDGED, AuditChoice.UNCLEAR},
    AuditKind.QA: {AuditChoice.CORRECT, AuditChoice.INCORRECT, AuditChoice.UNCLEAR},
}


@dataclass(frozen=True, slots=True)
class AuditTag:
    concept_id: int
    text: str


@dataclass(frozen=True, slots=True)
class AuditTask:
    """What an expert may see of a slot they hold. No claims, ranks, scores, sources or names.

    box: (x1, y1, x2, y2) in pixels of the image as shown (width × height), x2/y2 exclusive; tags: in an order of
    chance that is the slot's own; question and answer: "" for tags.
    """

    slot_id: int
    kind: AuditKind
    image_id: int
    width: int
    height: int
    mean_luma: float
    box: tuple[float, float, float, float]
    tags: tuple[AuditTag, ...]
    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class AuditReceipt:
    """repeated: the same judgement was there already."""

    slot_id: int
    repeated: bool


def lease_tasks(*, project_id: int, user_id: int, count: int) -> list[AuditTask]:
    """What the expert holds, renewed, topped up to `count`; in the order to be judged. Empty while paused.

    Locks the slots it takes and skips those that others are taking. Leases that lapsed are freed when nothing is open.
    """
    values = {"project": project_id, "user": user_id, "lease": float(settings.ARGUS_LEASE_SECONDS)}
    held = _tasks(_HELD, values)
    missing = min(count, MAX_HELD) - len(held)
    if missing < 1:
        return held
    taken = _take(values | {"count": missing})
    if not taken:
        with connection.cursor() as cursor:
            cursor.execute(_FREE_LAPSED, values)
        taken = _take(values | {"count": missing})
    return held + taken


def judge_task(
    *,
    project_id: int,
    user_id: int,
    slot_id: int,
    key: UUID,
    choice: AuditChoice,
    right_ids: Sequence[int] = (),
    seconds: float = 0.0,
) -> AuditReceipt:
    """Record what the expert says of the slot they hold.

    Idempotent by `key`. A lease that has lapsed still counts while nobody else has the slot. Locks the slot. Raises
    NotFound, BadInput, or Conflict: `lease_lost`, `key_reused`, `audit_closed`.
    """
    right = sorted(set(right_ids))
    with transaction.atomic():
        slot = _locked(project_id, slot_id)
        if AuditSlot.objects.filter(key=key).exclude(pk=slot_id).exists():
            raise Conflict(
                _("This judgement was sent before for another item. Load the page again."), code="key_reused"
            )
        if slot.key == key and slot.expert_id == user_id:
            if (slot.choice, slot.right_ids) != (choice, right):
                raise Conflict(_("This judgement was sent before with other marks."), code="key_reused")
            return AuditReceipt(slot_id, repeated=True)
        if not slot.audit.is_open:
            raise Conflict(_("The lead has closed this audit. What you judged before counts."), code="audit_closed")
        if slot.state != "leased" or slot.expert_id != user_id:
            raise Conflict(_("This item went to someone else. Your marks on it do not count."), code="lease_lost")
        _check(slot, choice, right)
        with connection.cursor() as cursor:
            cursor.execute(
                _JUDGE,
                {
                    "slot": slot_id,
                    "key": key,
                    "choice": choice,
                    "right": right,
                    "seconds": min(max(seconds, 0.0), 3_600.0),
                },
            )
    return AuditReceipt(slot_id, repeated=False)


def take_back(*, project_id: int, user_id: int, slot_id: int) -> bool:
    """Undo the expert's judgement of the last hour: the item is theirs again. Idempotent; False when it is too late."""
    values = {"project": project_id, "user": user_id, "slot": slot_id, "lease": float(settings.ARGUS_LEASE_SECONDS)}
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_BACK, values)
        return bool(cursor.rowcount)


def release_tasks(*, project_id: int, user_id: int) -> int:
    """Give back what the expert holds. Returns how many. Idempotent."""
    with connection.cursor() as cursor:
        cursor.execute(_RELEASE, {"project": project_id, "user": user_id})
        return int(cursor.rowcount)


def close_audit(*, audit: Audit, user: User | None) -> bool:
    """Hand out no more of its items; False if it was closed. Items come in random order: what is judged is uniform."""
    with transaction.atomic():
        closed = bool(Audit.objects.filter(pk=audit.pk, is_open=True).update(is_open=False))
        AuditSlot.objects.filter(audit=audit, state="leased").update(state="open", expert=None, leased_until=None)
    if closed:
        log.info("audit %s closed by user %s", audit.pk, user and user.pk)
    return closed


def _locked(project_id: int, slot_id: int) -> AuditSlot:
    slot = (
        AuditSlot.objects.select_for_update(of=("self",))
        .select_related("item", "audit")
        .filter(pk=slot_id, audit__project_id=project_id)
        .first()
    )
    if slot is None:
        raise NotFound(_("There is no such item."))
    return slot


def _check(slot: AuditSlot, choice: AuditChoice, right: list[int]) -> None:
    if choice not in _CHOICES[AuditKind(slot.audit.task_kind)]:
        raise BadInput(_("This answer does not fit the item. Load the page again."))
    shown = {tag["concept_id"] for tag in slot.item.shown.get("tags", [])}
    if not set(right) <= shown or (right and choice != AuditChoice.JUDGED):
        raise BadInput(_("Only tags that were shown can be marked as right. Load the page again."))


def _take(values: dict[str, Any]) -> list[AuditTask]:
    for _attempt in range(3):
        try:
            with transaction.atomic():
                return _tasks(_TAKE, values)
        except IntegrityError:
            # The same expert asked twice at once and both requests met the same item: the constraint let one through.
            log.info("expert %s asked for items twice at once", values["user"])
    return []


def _tasks(statement: str, values: dict[str, Any]) -> list[AuditTask]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [_task(row) for row in cursor.fetchall()]


def _task(row: tuple[Any, ...]) -> AuditTask:
    slot_id, kind, image_id, width, height, luma, x1, y1, x2, y2, content = row
    shown = orjson.loads(content) if isinstance(content, str) else content
    tags = [AuditTag(tag["concept_id"], tag["text"]) for tag in shown.get("tags", [])]
    return AuditTask(
        slot_id=slot_id,
        kind=AuditKind(kind),
        image_id=image_id,
        width=width,
        height=height,
        mean_luma=luma,
        box=(x1, y1, x2, y2),
        tags=tuple(sorted(tags, key=lambda tag: _shuffled(slot_id, tag.concept_id))),
        question=shown.get("question", ""),
        answer=shown.get("answer", ""),
    )


def _shuffled(slot_id: int, concept_id: int) -> bytes:
    """A place by chance, the same each time, and another one for the other expert: ranks cannot be read off."""
    return sha256(f"{settings.SECRET_KEY} audit {slot_id} {concept_id}".encode()).digest()


_SEEN = """
SELECT slot.id, audit.task_kind, image.id, image.width, image.height, image.mean_luma,
       region.x1, region.y1, region.x2, region.y2, item.shown
FROM slot
JOIN verification_audititem item ON item.id = slot.item_id
JOIN verification_audit audit ON audit.id = item.audit_id
JOIN annotation_image image ON image.id = item.image_id
JOIN annotation_region region ON region.id = item.region_id
ORDER BY audit.id, slot.rank
"""
_LEASED = "state = 'leased', leased_until = now() + make_interval(secs => %(lease)s::float8)"
_HELD = f"""
WITH slot AS (
    UPDATE verification_auditslot held SET {_LEASED}
    FROM verification_audit audit JOIN projects_project project ON project.id = audit.project_id
    WHERE held.expert_id = %(user)s AND held.state = 'leased' AND audit.id = held.audit_id AND audit.is_open
      AND audit.project_id = %(project)s AND project.paused_at IS NULL
    RETURNING held.id, held.item_id, held.rank
)
{_SEEN}
"""  # noqa: S608  # made of constants
# Of the slots of one item only the first open one, so that a batch never holds two.
_TAKE = f"""
WITH chosen AS (
    SELECT free.id
    FROM verification_audit audit
    JOIN projects_project project ON project.id = audit.project_id
    CROSS JOIN LATERAL (
        SELECT open.id, open.rank
        FROM verification_auditslot open JOIN verification_audititem item ON item.id = open.item_id
        WHERE open.audit_id = audit.id AND open.state = 'open' AND NOT item.is_removed
          AND NOT %(user)s::bigint = ANY (item.barred_ids)
          AND NOT EXISTS (
              SELECT 1 FROM verification_auditslot other
              WHERE other.item_id = open.item_id
                AND (other.expert_id = %(user)s::bigint OR (other.slot < open.slot AND other.state = 'open')))
        ORDER BY open.rank
        LIMIT %(count)s::int
        FOR UPDATE OF open SKIP LOCKED
    ) free
    WHERE audit.project_id = %(project)s AND audit.is_open AND project.paused_at IS NULL
    ORDER BY audit.id, free.rank
    LIMIT %(count)s::int
), slot AS (
    UPDATE verification_auditslot taken SET {_LEASED}, expert_id = %(user)s
    FROM chosen WHERE taken.id = chosen.id
    RETURNING taken.id, taken.item_id, taken.rank
)
{_SEEN}
"""  # noqa: S608
_FREE_LAPSED = """
UPDATE verification_auditslot SET state = 'open', expert_id = NULL, leased_until = NULL
WHERE id IN (
    SELECT lapsed.id FROM verification_auditslot lapsed JOIN verification_audit audit ON audit.id = lapsed.audit_id
    WHERE audit.project_id = %(project)s AND audit.is_open AND lapsed.state = 'leased' AND lapsed.leased_until < now()
    FOR UPDATE OF lapsed SKIP LOCKED
)
"""
_RELEASE = """
UPDATE verification_auditslot held SET state = 'open', expert_id = NULL, leased_until = NULL
FROM verification_audit audit
WHERE audit.id = held.audit_id AND audit.project_id = %(project)s AND held.expert_id = %(user)s
  AND held.state = 'leased'
"""
_JUDGE = """
UPDATE verification_auditslot
SET state = 'done', leased_until = NULL, decided_at = clock_timestamp(), key = %(key)s, choice = %(choice)s,
    right_ids = %(right)s::bigint[], seconds = %(seconds)s::float8
WHERE id = %(slot)s
"""
_TAKE_BACK = f"""
UPDATE verification_auditslot done
SET {_LEASED}, decided_at = NULL, key = NULL, choice = '', right_ids = '{{}}', seconds = 0
FROM verification_audit audit
WHERE done.id = %(slot)s AND done.expert_id = %(user)s AND audit.id = done.audit_id
  AND audit.project_id = %(project)s AND audit.is_open
  AND (done.state = 'leased' OR (done.state = 'done' AND done.decided_at > now() - interval '1 hour'))
"""  # noqa: S608
