"""Totals of a loop: sums of what its shards counted, each in the transaction that wrote its rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

_TOTALS = """
SELECT stage, counted.key, sum(counted.value::bigint)
FROM annotation_stagerun run CROSS JOIN LATERAL jsonb_each_text(run.counts) AS counted (key, value)
WHERE run.loop_id = %s AND run.state = 'done'
GROUP BY stage, counted.key
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


def stage_totals(loop_id: int) -> dict[str, StageTotals]:
    """By stage, for those that have shards. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_STAGES, [loop_id])
        rows = cursor.fetchall()
    return {
        stage: StageTotals(shards, done, failed, running, images, started_at, finished_at, float(seconds))
        for stage, shards, done, failed, running, images, started_at, finished_at, seconds in rows
    }


def loop_counts(loop_id: int) -> dict[str, dict[str, int]]:
    """By stage, what its finished shards counted: images, failed, tags, regions, … One query."""
    with connection.cursor() as cursor:
        cursor.execute(_TOTALS, [loop_id])
        rows = cursor.fetchall()
    counts: dict[str, dict[str, int]] = {}
    for stage, name, value in sorted(rows):
        counts.setdefault(stage, {})[name] = int(value)
    return counts
