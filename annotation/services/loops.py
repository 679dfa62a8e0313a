"""Passes of the engine: begun, finished, failed, cancelled. What they do next is decided elsewhere
(verification/services/loops.py); here are their rows, and the tables that stand and fall with them."""

from __future__ import annotations

import logging

from django.db import OperationalError, connection, transaction
from django.db.models import Max, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from annotation.models import Loop, LoopState, StageRun, StageState
from annotation.pipeline.loop_configs import LoopConfig
from annotation.services.partitions import create_partitions, drop_partitions
from annotation.services.stage_runs import plan_shards
from webapp.accounts.models import User
from webapp.core.errors import Conflict
from webapp.projects.models import Project

log = logging.getLogger(__name__)

BEFORE_CLEANING = ("annotation_regionmatch",)


@transaction.atomic
def create_loop(*, project: Project, user: User | None, parent: Loop | None, config: LoopConfig) -> Loop:
    """Begin the next loop: its number, its frozen configuration and its partitions.

    Locks the project's row. Raises Conflict when a loop of the project is running already. A number is never
    given twice, not even that of a cancelled loop.
    """
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    running = Loop.objects.filter(project=project, state=LoopState.RUNNING).first()
    if running is not None:
        raise Conflict(
            _("Loop %(number)s is still running. Wait until it is finished, or cancel it.")
            % {"number": running.number},
            code="loop_running",
        )
    last = Loop.objects.filter(project=project).aggregate(last=Max("number"))["last"]
    loop = Loop.objects.create(
        project=project,
        number=0 if last is None else last + 1,
        parent=parent,
        config=config.model_dump(mode="json"),
        config_digest=config.digest(),
        started_by=user,
    )
    create_partitions(loop.pk)
    log.info("project %s: loop %s started by user %s", project.pk, loop.number, user and user.pk)
    return loop


def finish_loop(loop_id: int) -> bool:
    """The loop is finished; False when it was not running. What only its cleaning needed is dropped later."""
    finished = _running(loop_id).update(state=LoopState.FINISHED, finished_at=Now(), error="")
    if finished:
        log.info("loop %s finished", loop_id)
    return bool(finished)


def fail_loop(loop_id: int, error: str) -> bool:
    """The loop cannot go on by itself; `error` tells a lead why. False when it was not running."""
    failed = _running(loop_id).update(state=LoopState.FAILED, finished_at=Now(), error=error)
    if failed:
        log.error("loop %s failed: %s", loop_id, error)
    return bool(failed)


@transaction.atomic
def cancel_loop(loop_id: int) -> bool:
    """The loop is cancelled and its shards with it; False when it is over already.

    A worker that is just finishing a shard is waited for; one that finishes later is refused. The loop's annotations
    are dropped by `drop_leftovers`, which the caller or the timer calls.
    """
    cancelled = Loop.objects.filter(pk=loop_id, state__in=(LoopState.RUNNING, LoopState.FAILED)).update(
        state=LoopState.CANCELLED, finished_at=Now()
    )
    if not cancelled:
        return False
    StageRun.objects.filter(loop_id=loop_id, state__in=(StageState.PENDING, StageState.RUNNING)).update(
        state=StageState.CANCELLED, finished_at=Now()
    )
    log.info("loop %s cancelled", loop_id)
    return True


@transaction.atomic
def retry_loop(loop_id: int) -> int:
    """Let a failed loop go on: its failed shards are to be done again. Returns how many there were.

    They become new rows, so that a former owner who is still alive holds none of them. Raises Conflict when the loop
    has not failed, or another one is running.
    """
    loop = Loop.objects.select_for_update(no_key=True).get(pk=loop_id)
    if loop.state != LoopState.FAILED:
        raise Conflict(_("Only a failed loop can be tried again."), code="not_failed")
    if Loop.objects.filter(project_id=loop.project_id, state=LoopState.RUNNING).exists():
        raise Conflict(_("Another loop is running. Wait until it is finished, or cancel it."), code="loop_running")
    failed = list(StageRun.objects.filter(loop_id=loop_id, state=StageState.FAILED))
    StageRun.objects.filter(pk__in=[run.pk for run in failed]).delete()
    StageRun.objects.bulk_create(
        StageRun(loop_id=loop_id, stage=run.stage, shard=run.shard, image_ids=run.image_ids) for run in failed
    )
    Loop.objects.filter(pk=loop_id).update(state=LoopState.RUNNING, finished_at=None, error="")
    return len(failed)


@transaction.atomic
def extend_loop(loop_id: int, *, first_stage: str, size: int) -> int:
    """Let a finished loop go on with the images that came in since it was planned. Returns how many shards that makes.

    The other stages follow by themselves. Raises Conflict when the loop is not finished, another one is running, or
    there are no new images.
    """
    loop = Loop.objects.select_for_update(no_key=True).get(pk=loop_id)
    if loop.state != LoopState.FINISHED:
        raise Conflict(_("Only a finished loop can take new photos."), code="not_finished")
    if Loop.objects.filter(project_id=loop.project_id, state=LoopState.RUNNING).exists():
        raise Conflict(_("Another loop is running. Wait until it is finished, or cancel it."), code="loop_running")
    shards = plan_shards(loop_id=loop_id, stage=first_stage, project_id=loop.project_id, size=size)
    if not shards:
        raise Conflict(_("No photos came in since this loop annotated the project."), code="nothing_new")
    create_partitions(loop_id)  # what came before cleaning was dropped when it finished
    Loop.objects.filter(pk=loop_id).update(state=LoopState.RUNNING, finished_at=None, error="")
    return shards


_LEFTOVERS = """
SELECT id, state = 'cancelled' FROM annotation_loop
WHERE state = 'cancelled' AND to_regclass('annotation_regionannotation_' || id) IS NOT NULL
   OR state = 'finished' AND to_regclass('annotation_regionmatch_' || id) IS NOT NULL
"""


def drop_leftovers() -> int:
    """Drop the annotations of cancelled loops, and of finished ones what came before cleaning. Returns of how many.

    For the timer; idempotent. A loop whose tables are being read in a long transaction is left for the next time.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LEFTOVERS)
        leftovers = cursor.fetchall()
    dropped = 0
    for loop_id, is_cancelled in leftovers:
        try:
            if is_cancelled:
                drop_partitions(loop_id)
            else:
                drop_partitions(loop_id, BEFORE_CLEANING)
            dropped += 1
        except OperationalError as error:
            log.info("the tables of loop %s are in use and stay for now: %s", loop_id, error)
    return dropped


def _running(loop_id: int) -> QuerySet[Loop]:
    return Loop.objects.filter(pk=loop_id, state=LoopState.RUNNING)
