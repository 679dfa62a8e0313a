"""One shard from claim to done. Tasks and commands call this; the work itself is in workers/stages.py."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import partial

from annotation.models import Loop, Stage
from annotation.pipeline.batches import Failure, reason_of
from annotation.pipeline.ports import Backends
from annotation.pipeline.rosters import Roster, RosterError
from annotation.services.stage_runs import Claim, ClaimLost, beat, claim_shard, fail_shard, finish_shard
from verification.services.loops import annotated_ancestor, config_of
from verification.services.question_samples import draw_question_sample
from verification.services.samples import draw_tag_sample
from webapp.core.errors import ArgusError
from workers.base import heartbeat
from workers.photos import open_photo
from workers.rosters import backends_of
from workers.stages import FUNCTIONS, Shard, StageResult

log = logging.getLogger(__name__)

LoadBackends = Callable[[Roster], Backends]


def run_shard(stage_run_id: int, *, load_backends: LoadBackends = backends_of) -> int | None:
    """Do a shard that waits or whose owner is gone. Returns its loop's id, None when there was nothing to claim.

    Whatever goes wrong is recorded on the shard, which is then tried again, up to three times. A shard in which photos
    failed that may succeed later counts as gone wrong until the last attempt.
    """
    claim = claim_shard(stage_run_id)
    if claim is None:
        return None
    try:
        with heartbeat(partial(beat, claim)) as lost:
            _work(claim, lost, load_backends)
    except ClaimLost:
        log.info("%s %s of loop %s went to somebody else", claim.stage, claim.shard, claim.loop_id)
    except MemoryError:
        fail_shard(claim, "The worker ran out of memory.")
        raise
    except Exception as error:
        expected = isinstance(error, ArgusError | RosterError)
        if not expected:
            log.exception("%s %s of loop %s", claim.stage, claim.shard, claim.loop_id)
        permanent = isinstance(error, RosterError) or (isinstance(error, ArgusError) and error.permanent)
        fail_shard(claim, str(error) if expected else reason_of(error), permanent=permanent)
    return claim.loop_id


def _work(claim: Claim, lost: threading.Event, load_backends: LoadBackends) -> None:
    started = time.monotonic()
    loop = Loop.objects.select_related("project").get(pk=claim.loop_id)

    def keep_going() -> None:
        if lost.is_set():
            raise ClaimLost("The shard was claimed by somebody else.")

    result = _sample(loop) if claim.stage == Stage.SAMPLE else _pipeline(claim, loop, keep_going, load_backends)
    worked = time.monotonic()
    later = [failure for failure in result.failures if failure.retry]
    if later and not claim.is_last:
        fail_shard(claim, _reason_for_later(later), failures=result.failures)
        return
    timings = {"work_s": round(worked - started, 3)}
    counts = finish_shard(claim, write=result.write, failures=result.failures, timings=timings)
    log.info(
        "%s %s of loop %s: %s in %.2f s, written in %.2f s",
        claim.stage,
        claim.shard,
        claim.loop_id,
        counts,
        worked - started,
        time.monotonic() - worked,
    )


def _pipeline(claim: Claim, loop: Loop, keep_going: Callable[[], None], load_backends: LoadBackends) -> StageResult:
    roster = config_of(loop).roster
    shard = Shard(
        project_id=loop.project_id,
        loop_id=loop.pk,
        image_ids=claim.image_ids,
        roster=roster,
        backends=load_backends(roster),
        open_photo=open_photo,
        keep_going=keep_going,
    )
    return FUNCTIONS[claim.stage](shard)


def _sample(loop: Loop) -> StageResult:
    """The draw is a few statements of the database: all of it happens when the result is written."""

    def write() -> dict[str, int]:
        source, config = annotated_ancestor(loop), config_of(loop).sampling
        tags = draw_tag_sample(loop=loop, annotated_loop=source, config=config)
        questions = draw_question_sample(loop=loop, annotated_loop=source, config=config)
        return {"items": tags.items.count(), "questions": questions.items.count() if questions else 0}

    return StageResult(write)


def _reason_for_later(failures: list[Failure]) -> str:
    return f"{len(failures)} photos may succeed later. The first one: {failures[0].reason}"
