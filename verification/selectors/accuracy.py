"""What the audits of a project say: figures of one loop, and how they went from loop to loop.

Figures are remembered until somebody judges again or a photo is removed: a thousand judgements are a lot to add up for
each look at a page, and loops grow more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
import orjson
from django.core.cache import cache
from django.db import connection

from annotation.models import Loop, LoopState
from verification.accuracy import (
    BAND_COUNT,
    SIZES,
    Accuracy,
    Heat,
    JudgedItem,
    Judgement,
    accuracy_of,
    heat_by,
)
from verification.estimates import Share, weighted_share
from verification.models import Audit, AuditKind, AuditPopulation
from verification.selectors.audits import KEPT_SECONDS, AuditProgress, audits_of_loop, key_of, progress_of

FORMAT = 1
"""Of what is remembered: another number whenever Share, Accuracy or Heat get other fields."""


@dataclass(frozen=True, slots=True)
class AuditFigures:
    """One audit: how far it is, and what it says so far; by_size and by_band: of its first tags or answers."""

    progress: AuditProgress
    accuracy: Accuracy
    by_size: Heat
    by_band: Heat

    @property
    def audit(self) -> Audit:
        return self.progress.audit


@dataclass(frozen=True, slots=True)
class LoopAccuracy:
    """A column of Table 8: the first tag right, the answer correct, and both of what people verified."""

    loop: Loop
    tags: Share | None
    qa: Share | None
    verified: Share | None
    verified_qa: Share | None

    @property
    def is_told(self) -> bool:
        return any(share is not None for share in (self.tags, self.qa, self.verified, self.verified_qa))


def figures_of_loop(loop: Loop, *, band: int | None = None) -> list[AuditFigures]:
    """All audits of the loop. Reads the items, 20,000 each at most, of those where something changed; `band` narrows
    the table by size."""
    told = audits_of_loop(loop)
    keys = {progress.audit.pk: key_of(progress, f"figures-{FORMAT}-{band}") for progress in told}
    kept = cache.get_many(keys.values())
    new = {keys[one.audit.pk]: _figures(one.audit, band) for one in told if keys[one.audit.pk] not in kept}
    cache.set_many(new, KEPT_SECONDS)
    kept |= new
    return [AuditFigures(progress, *kept[keys[progress.audit.pk]]) for progress in told]


def _figures(audit: Audit, band: int | None) -> tuple[Accuracy, Heat, Heat]:
    items = judged_items(audit)
    narrowed = items if band is None else [item for item in items if item.band == band]
    return (
        accuracy_of(items),
        heat_by(narrowed, SIZES, lambda item: item.size_class),
        heat_by(items, range(BAND_COUNT), lambda item: item.band),
    )


def judged_items(audit: Audit) -> list[JudgedItem]:
    """The audit's items with what experts said of them so far; removed ones and those nobody judged are left out."""
    with connection.cursor() as cursor:
        cursor.execute(_ITEMS, {"audit": audit.pk})
        rows = cursor.fetchall()
    return [_item(list(group)) for _item_id, group in groupby(rows, itemgetter(0))]


def accuracy_by_loop(project_id: int) -> list[LoopAccuracy]:
    """Every loop that was not cancelled, oldest first. Five queries at most; a row for each judged item of the audits
    where something changed."""
    loops = Loop.objects.filter(project_id=project_id).exclude(state=LoopState.CANCELLED).order_by("number")
    audits = Audit.objects.filter(project_id=project_id).exclude(drawn_at=None)
    shares = {
        (audit.loop_id, audit.population, audit.task_kind): share
        for audit, share in _headlines(progress_of(list(audits.order_by("pk"))))
    }
    return [
        LoopAccuracy(
            loop=loop,
            tags=shares.get((loop.pk, AuditPopulation.MODEL, AuditKind.TAG)),
            qa=shares.get((loop.pk, AuditPopulation.MODEL, AuditKind.QA)),
            verified=shares.get((loop.pk, AuditPopulation.VERIFIED, AuditKind.TAG)),
            verified_qa=shares.get((loop.pk, AuditPopulation.VERIFIED, AuditKind.QA)),
        )
        for loop in loops.only("number", "state", "project_id")
    ]


def _headlines(told: Sequence[AuditProgress]) -> list[tuple[Audit, Share | None]]:
    keys = {progress.audit.pk: key_of(progress, f"headline-{FORMAT}") for progress in told}
    kept = cache.get_many(keys.values())
    missing = [audit_id for audit_id, key in keys.items() if key not in kept]
    if missing:
        with connection.cursor() as cursor:
            cursor.execute(_HEADLINES, {"audits": missing})
            rows = cursor.fetchall()
        found = {audit_id: _headline(list(group)) for audit_id, group in groupby(rows, itemgetter(0))}
        # A tuple, since None stands for what is not remembered.
        new = {keys[audit_id]: (found.get(audit_id),) for audit_id in missing}
        cache.set_many(new, KEPT_SECONDS)
        kept |= new
    return [(progress.audit, kept[keys[progress.audit.pk]][0]) for progress in told]


def _headline(rows: Sequence[tuple[Any, ...]]) -> Share | None:
    columns = np.array([row[1:] for row in rows], dtype=np.float64)
    return weighted_share(columns[:, 2], 1.0 / columns[:, 1], columns[:, 0].astype(np.int64))


def _item(rows: list[tuple[Any, ...]]) -> JudgedItem:
    _id, region_id, probability, mask, size, band, content = rows[0][:7]
    shown = orjson.loads(content) if isinstance(content, str) else content
    return JudgedItem(
        region_id=region_id,
        weight=1.0 / probability,
        source_mask=mask,
        size_class=size,
        band=band,
        claims=tuple((tag["concept_id"], bool(tag["claim"])) for tag in shown.get("tags", [])),
        judgements=tuple(_judgement(choice, right) for *_rest, choice, right in rows),
    )


def _judgement(choice: str, right: list[int]) -> Judgement:
    if choice == "judged":
        return Judgement(frozenset(right))
    return Judgement(None if choice == "unclear" else choice == "correct")


_ITEMS = """
SELECT item.id, item.region_id, item.inclusion_probability, item.source_mask, item.size_class, item.band, item.shown,
       slot.choice, slot.right_ids
FROM verification_audititem item JOIN verification_auditslot slot ON slot.item_id = item.id AND slot.state = 'done'
WHERE item.audit_id = %(audit)s AND NOT item.is_removed
ORDER BY item.id, slot.slot
"""
_HEADLINES = """
SELECT audit.id, item.region_id::float8, item.inclusion_probability,
       avg(CASE WHEN audit.task_kind = 'tag'
                THEN ((item.shown #>> '{tags,0,concept_id}')::bigint = ANY (slot.right_ids))::int
                ELSE (slot.choice = 'correct')::int END)::float8
FROM verification_audit audit
JOIN verification_audititem item ON item.audit_id = audit.id AND NOT item.is_removed
JOIN verification_auditslot slot ON slot.item_id = item.id AND slot.state = 'done' AND slot.choice <> 'unclear'
WHERE audit.id = ANY (%(audits)s::bigint[])
GROUP BY audit.id, item.id
ORDER BY audit.id
"""
