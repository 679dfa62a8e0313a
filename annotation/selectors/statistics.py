"""Totals of a loop: sums of what its shards counted, each in the transaction that wrote its rows.

A loop over half a million photos has 150,000 shards: sums over more than MANY are remembered for some seconds while it
runs, and for long once it does not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db import connection

from annotation.models import Loop, LoopState

MANY = 2_000
SECONDS_RUNNING, SECONDS_OVER = 30, 3_600
FORMAT = 1
"""Of what is remembered: another number whenever StageTotals gets other fields."""

_TOTALS = """
SELECT stage, counted.key, sum(counted.value::bigint)
FROM annotation_stagerun run CROSS JOIN LATERAL jsonb_each_text(run.counts) AS counted (key, value)
WHERE run.loop_id = %s AND run.state = 'done'
GROUP BY stage, counted.key
UNION ALL SELECT '', 'shards', count(*) FROM annotation_stagerun WHERE loop_id = %s
"""
_STAGES = """
SELECT stage, count(*), count(*) FILTER (WHERE state = 'done'), count(*) FILTER (WHERE state = 'failed'),
       count(*) FILTER (WHERE state = 'running'), sum(cardinality(image_ids)), min(started_at), max(finished_at),
       coalesce(sum(extract(epoch FROM finished_at - started_at)) FILTER (WHERE state = 'done'), 0)
FROM annotation_stagerun WHERE loop_id = %s GROUP BY stage
"""


@dataclass(frozen=True, slots=True)
class StageTotals:
    """A stage's shards by state, its photos, and its times; `seconds` is the work of all workers together."""

    shards: int
    done: int
    failed: int
    running: int
    images: int
    started_at: datetime | None
    finished_at: datetime | None
    seconds: float


def stage_totals(loop: Loop) -> dict[str, StageTotals]:
    """By stage, for those that have shards. One query at most."""
    totals: dict[str, StageTotals] = _remembered(loop, "stages", _read_stages)
    return totals


def loop_counts(loop: Loop) -> dict[str, dict[str, int]]:
    """By stage, what its finished shards counted: images, failed, tags, regions, … One query at most."""
    counts: dict[str, dict[str, int]] = _remembered(loop, "counts", _read_counts)
    return counts


def _remembered(loop: Loop, what: str, read: Callable[[int], tuple[Any, int]]) -> Any:
    """What `read` finds, with the number of shards that it went through."""
    key = f"loop-{what}:{FORMAT}:{loop.pk}:{loop.started_at.timestamp()}:{loop.state}"
    if (kept := cache.get(key)) is not None:
        return kept
    found, shards = read(loop.pk)
    if shards > MANY:
        cache.set(key, found, SECONDS_RUNNING if loop.state == LoopState.RUNNING else SECONDS_OVER)
    return found


def _read_stages(loop_id: int) -> tuple[dict[str, StageTotals], int]:
    with connection.cursor() as cursor:
        cursor.execute(_STAGES, [loop_id])
        rows = cursor.fetchall()
    totals = {
        stage: StageTotals(shards, done, failed, running, images, started_at, finished_at, float(seconds))
        for stage, shards, done, failed, running, images, started_at, finished_at, seconds in rows
    }
    return totals, sum(one.shards for one in totals.values())


def _read_counts(loop_id: int) -> tuple[dict[str, dict[str, int]], int]:
    with connection.cursor() as cursor:
        cursor.execute(_TOTALS, [loop_id, loop_id])
        rows = cursor.fetchall()
    counts: dict[str, dict[str, int]] = {}
    for stage, name, value in sorted(rows):
        counts.setdefault(stage, {})[name] = int(value)
    return counts, counts.pop("")["shards"]
