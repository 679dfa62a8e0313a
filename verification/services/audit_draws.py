"""Audits are drawn: uniform over a loop's rows of regions that people did not judge, or over what people verified.

Which rows these are is found in audit_populations.py; here they become items and slots.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from annotation import dispatch
from annotation.models import Loop
from annotation.pipeline.loop_configs import AuditConfig
from verification.models import Audit, AuditKind, AuditPopulation
from verification.services.audit_populations import NothingToAudit, population_of
from webapp.accounts.models import User
from webapp.core.errors import ArgusError, BadInput

log = logging.getLogger(__name__)

MOST = 20_000
SIZE, OVERLAP_SHARE = AuditConfig().size, AuditConfig().overlap_share
# What can be audited.
POSSIBLE = tuple((population, kind) for population in AuditPopulation for kind in AuditKind)
LONGEST_ERROR = 500
RESEND_SECONDS = 120  # beyond what the longest draw takes
BANDS = (10, 100, 1_000)
"""Regions of the first tag's concept in the loop: below the first bound is band 0, from the last one on band 3."""


def draw_audit(
    *,
    loop: Loop,
    population: AuditPopulation = AuditPopulation.MODEL,
    task_kind: AuditKind = AuditKind.TAG,
    size: int = SIZE,
    overlap_share: float = OVERLAP_SHARE,
    seed: int | None = None,
    user: User | None = None,
) -> Audit:
    """The loop's audit of this population and kind, open, with all items and slots.

    Drawn once: a second call gives the one that is there. `overlap_share` of the items are judged by two experts.
    Locks the loop's row. Raises NothingToAudit, BadInput.
    """
    _check(size, overlap_share)
    with transaction.atomic():
        audit = _get_or_create(loop, population, task_kind, size, overlap_share, seed, user)
        if audit.drawn_at is None:
            _fill(audit)
    return audit


def request_audit(
    *,
    loop: Loop,
    population: AuditPopulation = AuditPopulation.MODEL,
    task_kind: AuditKind = AuditKind.TAG,
    size: int = SIZE,
    overlap_share: float = OVERLAP_SHARE,
    user: User | None = None,
) -> Audit:
    """Have a worker draw it (`draw_requested_audit`); its page shows when that is done, or why it cannot be.

    Asked for once: a second call gives the one that is there, and tries again one that could not be drawn. Locks the
    loop's row. Raises BadInput.
    """
    _check(size, overlap_share)
    with transaction.atomic():
        audit = _get_or_create(loop, population, task_kind, size, overlap_share, None, user)
        if audit.drawn_at is None and audit.error:
            audit.size, audit.overlap_share, audit.error = size, overlap_share, ""
            audit.save(update_fields=["size", "overlap_share", "error"])
        if audit.drawn_at is None:
            _enqueue(audit.pk)
    return audit


def draw_requested_audit(audit_id: int) -> None:
    """Draw what was asked for. Does nothing for one that is drawn, was refused, or is just being drawn elsewhere."""
    wanted = Audit.objects.filter(pk=audit_id, drawn_at=None, error="").first()
    if wanted is None:
        return
    try:
        with transaction.atomic():
            Loop.objects.select_for_update(no_key=True).get(pk=wanted.loop_id)
            audit = Audit.objects.select_for_update().get(pk=audit_id)
            if audit.drawn_at is None:
                _fill(audit)
    except ArgusError as error:
        Audit.objects.filter(pk=audit_id, drawn_at=None).update(error=str(error)[:LONGEST_ERROR])
        log.info("audit %s cannot be drawn: %s", audit_id, error)


def enqueue_waiting_audits() -> int:
    """Send again those whose message seems to be lost. Returns how many. For the timer."""
    waiting = Audit.objects.filter(drawn_at=None, error="").filter(
        Q(enqueued_at=None) | Q(enqueued_at__lt=Now() - timedelta(seconds=RESEND_SECONDS))
    )
    ids = list(waiting.values_list("pk", flat=True)[:100])
    for audit_id in ids:
        with transaction.atomic():
            _enqueue(audit_id)
    return len(ids)


def _check(size: int, overlap_share: float) -> None:
    if not 1 <= size <= MOST or not 0 <= overlap_share <= 1:
        raise BadInput(
            _("An audit takes 1 to %(most)s items, of which a share from 0 to 1 is seen twice.") % {"most": MOST}
        )


def _get_or_create(
    loop: Loop,
    population: AuditPopulation,
    task_kind: AuditKind,
    size: int,
    overlap_share: float,
    seed: int | None,
    user: User | None,
) -> Audit:
    """The loop's audit of this kind, drawn or not. Locks the loop's row."""
    Loop.objects.select_for_update(no_key=True).get(pk=loop.pk)
    there = Audit.objects.filter(loop=loop, population=population, task_kind=task_kind).first()
    return there or Audit.objects.create(
        project_id=loop.project_id,
        loop=loop,
        population=population,
        task_kind=task_kind,
        seed=secrets.randbelow(2**62) if seed is None else seed,
        size=size,
        overlap_share=overlap_share,
        frame_size=0,
        drawn_at=None,
        created_by=user,
    )


def _fill(audit: Audit) -> None:
    """Items and slots, in the caller's transaction. Raises NothingToAudit."""
    kinds = AuditPopulation(audit.population), AuditKind(audit.task_kind)
    found, fill = population_of(audit.loop, *kinds, audit.size, audit.seed)
    fill(audit, found)
    with connection.cursor() as cursor:
        cursor.execute(_BANDS, {"audit": audit.pk, "bounds": list(BANDS), "most": BANDS[-1]})
        cursor.execute(_SLOTS, {"audit": audit.pk, "twice": round(audit.overlap_share * len(found.ids))})
    audit.frame_size, audit.drawn_at, audit.error = found.frame, timezone.now(), ""
    Audit.objects.filter(pk=audit.pk).update(frame_size=found.frame, drawn_at=Now(), error="")
    log.info("audit %s of loop %s: %s of about %s %s", audit.pk, audit.loop_id, len(found.ids), found.frame, kinds[1])


def _enqueue(audit_id: int) -> None:
    Audit.objects.filter(pk=audit_id).update(enqueued_at=Now())
    dispatch.enqueue_audit(audit_id)


def draw_wanted_audits(*, loop: Loop, config: AuditConfig) -> list[Audit]:
    """The audits that the loop was told to have when it is finished; those of empty populations are left out.
    Idempotent."""
    audits = []
    for population, kind in POSSIBLE if config.automatic else ():
        with contextlib.suppress(NothingToAudit):
            audits.append(
                draw_audit(
                    loop=loop,
                    population=population,
                    task_kind=kind,
                    size=config.size,
                    overlap_share=config.overlap_share,
                )
            )
    return audits


# Frequencies are counted no further than the last bound, by the index over the first tag.
_BANDS = """
WITH concepts AS (
    SELECT DISTINCT item.concept_id, coalesce(rows.loop_id, audit.loop_id) AS loop_id
    FROM verification_audititem item JOIN verification_audit audit ON audit.id = item.audit_id
    LEFT JOIN LATERAL (
        SELECT sample.annotated_loop_id AS loop_id FROM verification_sample sample
        WHERE audit.population = 'verified' AND sample.project_id = audit.project_id AND sample.task_kind = 'tag'
        ORDER BY sample.id DESC LIMIT 1
    ) rows ON true
    WHERE item.audit_id = %(audit)s
), counted AS MATERIALIZED (
    SELECT concepts.concept_id, (
        SELECT count(*) FROM (
            SELECT 1 FROM annotation_regionannotation annotation
            WHERE annotation.loop_id = concepts.loop_id AND annotation.concept_ids[1] = concepts.concept_id
            LIMIT %(most)s
        ) first_tags
    ) AS frequency
    FROM concepts
)
UPDATE verification_audititem item
SET band = (SELECT count(*) FROM unnest(%(bounds)s::bigint[]) bound WHERE counted.frequency >= bound)
FROM counted WHERE item.audit_id = %(audit)s AND counted.concept_id = item.concept_id
"""
# All first judgements come before the second ones: an expert alone does not wait among items of their own.
_SLOTS = """
INSERT INTO verification_auditslot (audit_id, item_id, slot, rank, state, choice, right_ids, seconds)
SELECT item.audit_id, item.id, slot, item.position + slot * 1000000000::bigint, 'open', '', '{}', 0
FROM verification_audititem item CROSS JOIN generate_series(0, 1) slot
WHERE item.audit_id = %(audit)s AND (slot = 0 OR item.position < %(twice)s)
"""
