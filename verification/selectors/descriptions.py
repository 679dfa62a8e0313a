"""Question-answer pairs and captions of regions, read from the loop that was shown to people."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, LiteralString

from psycopg import sql

from annotation.services.partitions import partition_name
from verification.selectors.snapshots import Snapshot
from verification.selectors.verified import TagDecision

# The loop's own partitions are read by name: reading the partitioned table would lock it until the
# snapshot ends, and nobody could start a loop (which makes partitions) meanwhile.
_PAIRS = """
SELECT wanted.region_id, array_agg(pair.question ORDER BY pair.ordinal), array_agg(pair.answer ORDER BY pair.ordinal)
FROM unnest(%(regions)s::bigint[], %(concepts)s::bigint[]) AS wanted (region_id, concept_id)
JOIN {pairs} pair ON pair.loop_id = %(loop)s
 AND pair.region_id = wanted.region_id AND pair.concept_id = wanted.concept_id
GROUP BY wanted.region_id
"""
# A caption sums up the answers about the first tag, so it speaks about that one.
_CAPTIONS = """
SELECT wanted.region_id, annotation.caption
FROM unnest(%(regions)s::bigint[], %(concepts)s::bigint[]) AS wanted (region_id, concept_id)
JOIN {annotations} annotation ON annotation.loop_id = %(loop)s AND annotation.region_id = wanted.region_id
WHERE annotation.caption <> '' AND annotation.concept_ids[1] = wanted.concept_id
"""


@dataclass(slots=True)
class Description:
    """What the models said about a region under one tag; empty when they described it under another one."""

    pairs: list[tuple[str, str]] = field(default_factory=list)
    caption: str | None = None


def descriptions_of(snapshot: Snapshot, wanted: Iterable[tuple[int, TagDecision]]) -> dict[int, Description]:
    """Region id -> what its loop said about the region with this tag. wanted: (region id, effective tag)."""
    by_loop: dict[int, list[tuple[int, int]]] = {}
    found: dict[int, Description] = {}
    for region_id, tag in wanted:
        by_loop.setdefault(tag.annotated_loop_id, []).append((region_id, tag.concept_id))
        found[region_id] = Description()
    for loop_id, asked in by_loop.items():
        values = {"loop": loop_id, "regions": [pair[0] for pair in asked], "concepts": [pair[1] for pair in asked]}
        for region_id, questions, answers in _read(snapshot, _PAIRS, "pairs", "annotation_questionanswer", values):
            found[region_id].pairs = list(zip(questions, answers, strict=True))
        for region_id, caption in _read(snapshot, _CAPTIONS, "annotations", "annotation_regionannotation", values):
            found[region_id].caption = caption
    return found


def _read(
    snapshot: Snapshot, query: LiteralString, name: str, table: str, values: dict[str, Any]
) -> list[tuple[Any, ...]]:
    """Rows of a query over one loop's partition of a table; none when that loop's rows were dropped."""
    partition = partition_name(table, values["loop"])
    with snapshot.cursor.connection.cursor(binary=True) as cursor:
        cursor.execute("SELECT to_regclass(%(name)s) IS NOT NULL", {"name": partition})
        if cursor.fetchall() != [(True,)]:
            return []
        cursor.execute(sql.SQL(query).format(**{name: sql.Identifier(partition)}), values)
        return cursor.fetchall()
