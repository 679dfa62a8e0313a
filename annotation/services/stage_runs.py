"""Shards of a loop's stages: planned, claimed, kept alive, finished.

A shard belongs to whoever claimed it last, known by the attempt's number. Nothing is locked while the work is done; the
owner shows that it lives by a heartbeat. Only the database's clock counts.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from annotation.models import StageFailure, StageRun, StageState
from annotation.pipeline.batches import Failure
from webapp.core.errors import Conflict

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
OPEN = (StageState.PENDING, StageState.RUNNING)
MAX_ERROR = 2000


class ClaimLost(Conflict):
    """The shard was claimed again, cancelled or finished meanwhile: what this owner found is not written."""

    code = "claim_lost"


@dataclass(frozen=True, slots=True)
class Claim:
    """One attempt at one shard."""

    run_id: int
    loop_id: int
    stage: str
    shard: int
    image_ids: tuple[int, ...]
    attempt: int

    @property
    def is_last(self) -> bool:
        return self.attempt >= MAX_ATTEMPTS


_PLAN_IMAGES = """
INSERT INTO annotation_stagerun (loop_id, stage, shard, image_ids, state, attempt, counts, timings, error)
SELECT %(loop)s, %(stage)s, shard, array_agg(id ORDER BY id), 'pending', 0, '{}', '{}', ''
FROM (
    SELECT id, %(first)s::int + (row_number() OVER (ORDER BY id) - 1) / %(size)s::int AS shard
    FROM annotation_image WHERE project_id = %(project)s AND id > %(last)s
) numbered
GROUP BY shard
"""
_PLAN_LIKE = """
INSERT INTO annotation_stagerun (loop_id, stage, shard, image_ids, state, attempt, counts, timings, error)
SELECT loop_id, %(stage)s::text, shard, image_ids, 'pending', 0, '{}', '{}', ''
FROM annotation_stagerun earlier WHERE loop_id = %(loop)s AND stage = %(like)s AND NOT EXISTS (
    SELECT 1 FROM annotation_stagerun own
    WHERE own.loop_id = earlier.loop_id AND own.stage = %(stage)s::text AND own.shard = earlier.shard)
"""


def plan_shards(*, loop_id: int, stage: str, project_id: int, size: int) -> int:
    """Make shards of `size` images each, in order of id, of the project's images that the stage does not have yet:
    those that came in after its last shard was planned. One statement; returns how many. The caller holds the loop's
    row.
    """
    shard, image_id = last_planned(loop_id=loop_id, stage=stage) or (-1, 0)
    values: dict[str, Any] = {"loop": loop_id, "stage": stage, "project": project_id, "size": size}
    with connection.cursor() as cursor:
        cursor.execute(_PLAN_IMAGES, {**values, "first": shard + 1, "last": image_id})
        return int(cursor.rowcount)


def plan_like(*, loop_id: int, stage: str, like: str) -> int:
    """Make the shards of the earlier stage `like` that this stage lacks, so that all stages of a loop see the same
    photos. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(_PLAN_LIKE, {"loop": loop_id, "stage": stage, "like": like})
        return int(cursor.rowcount)


def last_planned(*, loop_id: int, stage: str) -> tuple[int, int] | None:
    """(number of the stage's last shard, id of its last image); None when it has no shards."""
    run = StageRun.objects.filter(loop_id=loop_id, stage=stage).order_by("-shard").first()
    return None if run is None else (run.shard, max(run.image_ids, default=0))


def plan_once(*, loop_id: int, stage: str) -> None:
    """Make the one run of a stage that has no images of its own. Idempotent."""
    StageRun.objects.bulk_create([StageRun(loop_id=loop_id, stage=stage, shard=0)], ignore_conflicts=True)


_CLAIM = """
UPDATE annotation_stagerun run
SET state = 'running', attempt = run.attempt + 1, error = '', finished_at = NULL,
    heartbeat_at = statement_timestamp(), started_at = statement_timestamp()
FROM annotation_loop loop
WHERE run.id = %(run)s AND loop.id = run.loop_id AND loop.state = 'running' AND run.attempt < %(most)s
  AND (run.state = 'pending' OR run.state = 'running'
       AND run.heartbeat_at < statement_timestamp() - make_interval(secs => %(timeout)s))
RETURNING run.id, run.loop_id, run.stage, run.shard, run.image_ids, run.attempt
"""


def claim_shard(run_id: int) -> Claim | None:
    """Make the shard ours, if it waits or its owner's heartbeat has lapsed; None otherwise. One statement."""
    values = {"run": run_id, "most": MAX_ATTEMPTS, "timeout": float(settings.ARGUS_HEARTBEAT_TIMEOUT_SECONDS)}
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, values)
        row = cursor.fetchone()
    if row is None:
        return None
    number, loop_id, stage, shard, image_ids, attempt = row
    return Claim(number, loop_id, stage, shard, tuple(image_ids), attempt)


def beat(claim: Claim) -> bool:
    """Say that the owner lives; False when the shard is not theirs any more."""
    return bool(_owned(claim).update(heartbeat_at=Now()))


def finish_shard(
    claim: Claim,
    *,
    write: Callable[[], Mapping[str, int]],
    failures: Sequence[Failure] = (),
    timings: Mapping[str, float] | None = None,
) -> dict[str, int]:
    """Write the shard's rows and its done-state in one transaction. Returns the counts.

    `write` writes the rows and counts them. Raises ClaimLost, with nothing written, when the attempt has moved on;
    locks the shard, so that nobody claims or cancels it meanwhile. Failures of an earlier attempt are replaced.
    """
    with transaction.atomic():
        if not _owned(claim).select_for_update(no_key=True).exists():
            raise ClaimLost(_("The shard has another owner by now."))
        counts = {"images": len(claim.image_ids), "failed": len(failures), **write()}
        _replace_failures(claim, failures)
        _owned(claim).update(
            state=StageState.DONE, finished_at=Now(), counts=counts, timings=dict(timings or {}), error=""
        )
    return counts


def fail_shard(claim: Claim, reason: str, *, permanent: bool = False, failures: Sequence[Failure] = ()) -> bool:
    """Give the shard back: it is tried again after a while, or has failed for good. False when it was not ours.

    It fails for good when `permanent`, and after MAX_ATTEMPTS.
    """
    state = StageState.FAILED if permanent or claim.is_last else StageState.PENDING
    with transaction.atomic():
        if not _owned(claim).select_for_update(no_key=True).exists():
            return False
        _replace_failures(claim, failures)
        _owned(claim).update(
            state=state,
            error=reason[:MAX_ERROR],
            enqueued_at=Now(),  # counts as just sent: the next try waits ARGUS_RESEND_SECONDS
            finished_at=Now() if state == StageState.FAILED else None,
        )
    log.warning("%s, attempt %s: %s", claim, claim.attempt, reason)
    return True


def give_up_lapsed(*, loop_id: int, stage: str) -> int:
    """Fail the shards whose owners died MAX_ATTEMPTS times. Returns how many. Idempotent."""
    reason = _(
        "Its worker ended %(count)s times while it ran, perhaps for want of memory. "
        "Look into the worker's log, then try again."
    ) % {"count": MAX_ATTEMPTS}
    return (
        StageRun.objects.filter(pk__in=_first_open(loop_id, stage), attempt__gte=MAX_ATTEMPTS)
        .filter(_lapsed())
        .update(state=StageState.FAILED, error=reason, finished_at=Now())
    )


def due_shards(*, loop_id: int, stage: str, resend: bool = True) -> list[int]:
    """Shards to send to the queue now, marked as sent. The caller holds the loop's row.

    Of the first ARGUS_SHARDS_AHEAD open ones those that were never sent; with `resend` also those whose message may be
    lost, or whose owner's heartbeat has lapsed.
    """
    ahead = StageRun.objects.filter(pk__in=_first_open(loop_id, stage))
    due = ahead.filter(Q(state=StageState.PENDING) | _lapsed())
    if resend:
        long_ago = Now() - timedelta(seconds=settings.ARGUS_RESEND_SECONDS)
        due = due.filter(Q(enqueued_at=None) | Q(enqueued_at__lt=long_ago))
    else:
        due = due.filter(enqueued_at=None)
    found = list(due.order_by("shard").values_list("pk", flat=True))
    StageRun.objects.filter(pk__in=found).update(enqueued_at=Now())
    return found


def open_shards(*, loop_id: int, stage: str) -> QuerySet[StageRun]:
    """Shards of the stage that are not over."""
    return StageRun.objects.filter(loop_id=loop_id, stage=stage, state__in=OPEN)


def _first_open(loop_id: int, stage: str) -> list[int]:
    """Shards are sent in order, so that those which run are among the first that are open."""
    ahead = open_shards(loop_id=loop_id, stage=stage).order_by("shard")
    return list(ahead.values_list("pk", flat=True)[: settings.ARGUS_SHARDS_AHEAD])


def _lapsed() -> Q:
    limit = Now() - timedelta(seconds=settings.ARGUS_HEARTBEAT_TIMEOUT_SECONDS)
    return Q(state=StageState.RUNNING, heartbeat_at__lt=limit)


def _owned(claim: Claim) -> QuerySet[StageRun]:
    return StageRun.objects.filter(pk=claim.run_id, state=StageState.RUNNING, attempt=claim.attempt)


def _replace_failures(claim: Claim, failures: Sequence[Failure]) -> None:
    StageFailure.objects.filter(stage_run_id=claim.run_id).delete()
    StageFailure.objects.bulk_create(
        StageFailure(stage_run_id=claim.run_id, image_id=failure.image_id, role=failure.role, reason=failure.reason)
        for failure in failures
    )
