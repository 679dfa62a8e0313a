"""A loop's automatic stages in this process, beside whatever workers there are."""

from __future__ import annotations

import time
from collections.abc import Callable

from annotation.models import Loop, LoopState, StageRun, StageState
from annotation.services.stage_runs import OPEN
from verification.services.loops import advance
from workers.shards import run_shard

SECONDS_BETWEEN_LOOKS = 0.5

TOLD = {
    "images": "photos",
    "tags": "tags",
    "regions": "regions",
    "merged": "boxes merged",
    "described": "regions described",
    "questions": "questions",
    "items": "items for people",
    "failed": "photos failed",
}


def run_loop(loop_id: int, *, say: Callable[[str], None] = lambda _: None) -> Loop:
    """Bring the loop as far as it goes without people. Shards that a worker has are waited for."""
    while (loop := advance(loop_id)) is not None and loop.state == LoopState.RUNNING:
        runs = list(StageRun.objects.filter(loop_id=loop_id, state__in=OPEN).order_by("pk"))
        if not runs:
            break  # people's turn
        mine = [run for run in runs if run_shard(run.pk) is not None]
        for run in mine:
            run.refresh_from_db()
            if run.state == StageState.DONE:
                say(f"{run.get_stage_display()} {run.shard + 1}: {_listed(run.counts)}")
            elif run.error:
                say(f"{run.get_stage_display()} {run.shard + 1}: {run.error}")
        if not mine:
            time.sleep(SECONDS_BETWEEN_LOOKS)
    return Loop.objects.get(pk=loop_id)


def _listed(counts: dict[str, int]) -> str:
    """What a person wants to know of a shard; the database keeps the keys in an order of its own."""
    told = [f"{counts[name]} {words}" for name, words in TOLD.items() if counts.get(name)]
    return ", ".join(told) or "nothing to do"
