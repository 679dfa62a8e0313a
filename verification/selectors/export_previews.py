"""How much an export would hold, before it is asked for: counted where that is quick, else estimated."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from verification.exports.formats.writing import Line
from verification.models import ExportKind
from verification.selectors.concept_names import ConceptNames
from verification.selectors.export_lines import line_batches, pair_lines, region_lines, sieve_of
from verification.selectors.qa_batches import pairs_between
from verification.selectors.snapshots import Snapshot, open_snapshot
from verification.selectors.verified_batches import regions_between

if TYPE_CHECKING:
    from verification.services.export_files import Wanted

MOST_COUNTED = 2_000
WINDOWS, WINDOW_ITEMS = 20, 80
_Z = 1.96

_SAMPLES = "SELECT id FROM verification_sample WHERE project_id = %(project)s AND task_kind = %(task)s"
_COUNT = """
SELECT count(*) FROM (
    SELECT 1 FROM verification_sampleitem WHERE sample_id = ANY(%(samples)s) LIMIT %(most)s
) counted
"""
_PLAN = "EXPLAIN (FORMAT JSON) SELECT 1 FROM verification_sampleitem WHERE sample_id = ANY(%(samples)s)"
_PHOTOS = "SELECT min(id), max(id) FROM annotation_image WHERE project_id = %(project)s"
_WINDOW = """
SELECT count(*), max(image_id) FROM (
    SELECT image_id FROM verification_sampleitem
    WHERE image_id > %(after)s AND sample_id = ANY(%(samples)s)
    ORDER BY image_id FETCH FIRST %(items)s ROWS WITH TIES
) next
"""


@dataclass(frozen=True, slots=True)
class Preview:
    """Records that would leave. Not exact: `low` to `high` covers the number in 95 of 100 such estimates."""

    count: int
    low: int
    high: int
    is_exact: bool = False


def preview_of(wanted: Wanted, *, seed: int | None = None) -> Preview:
    """Looks at no more than some 2,000 items, however large the project is. seed: which photos are looked at."""
    with open_snapshot() as snapshot:
        names = ConceptNames(snapshot.cursor)
        sieve = sieve_of(snapshot, names, wanted.filters)
        project_id, kind = wanted.project.pk, wanted.kind
        task = "qa" if kind is ExportKind.QA else "tag"
        samples = [row[0] for row in _rows(snapshot, _SAMPLES, {"project": project_id, "task": task})]
        ((items,),) = _rows(snapshot, _COUNT, {"samples": samples, "most": MOST_COUNTED + 1})
        if items <= MOST_COUNTED:
            batches = line_batches(snapshot, names, kind, sieve, project_id=project_id)
            count = sum(_length(batch.lines) for batch in batches)
            return Preview(count, count, count, is_exact=True)
        ((first, last),) = _rows(snapshot, _PHOTOS, {"project": project_id})
        ((plan,),) = _rows(snapshot, _PLAN, {"samples": samples})
        rng = random.Random(seed)
        windows = []
        for after in sorted(rng.randint(first - 1, last - 1) for _ in range(WINDOWS)):
            values = {"after": after, "samples": samples, "items": WINDOW_ITEMS}
            ((found, until),) = _rows(snapshot, _WINDOW, values)
            if not found:
                continue
            between = {"project_id": project_id, "after": after, "last": until}
            if kind is ExportKind.QA:
                lines = pair_lines(pairs_between(snapshot, names, **between), names, sieve)
            else:
                regions = regions_between(snapshot, names, **between)
                lines = region_lines(regions, kind, snapshot, names, sieve, project_id=project_id)
            windows.append((found, _length(lines)))
        return estimate(windows, max(int(plan[0]["Plan"]["Plan Rows"]), MOST_COUNTED))


def estimate(windows: Sequence[tuple[int, int]], total: int) -> Preview:
    """The ratio estimate of `total` items from clusters (items, records), with its 95 % interval. Pure.

    The clusters are drawn with replacement, each equally likely.
    """
    items = sum(window[0] for window in windows)
    if not items:
        return Preview(0, 0, total)
    share = sum(window[1] for window in windows) / items
    spread = 1.0
    if len(windows) > 1:
        squares = sum((records - share * found) ** 2 for found, records in windows)
        spread = math.sqrt(len(windows) * squares / (len(windows) - 1)) / items
    # None found says little more than that there are few: the rule of three.
    slack = max(_Z * spread, 3 / items)
    return Preview(round(share * total), round(max(share - slack, 0) * total), round(min(share + slack, 1) * total))


def _length(lines: Iterator[Line]) -> int:
    return sum(1 for _line in lines)


def _rows(snapshot: Snapshot, statement: str, values: dict[str, Any]) -> list[Any]:
    snapshot.cursor.execute(statement, values)
    return snapshot.cursor.fetchall()
