"""Question-answer pairs and captions of regions, read from the loop that was shown to people, corrections applied."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, LiteralString, NamedTuple

from psycopg import sql

from annotation.services.partitions import partition_name
from verification.models import QAChoice
from verification.selectors.qa_batches import RightAnswer, right_answers
from verification.selectors.snapshots import Snapshot
from verification.selectors.verified import TagDecision

# The loop's own partitions are read by name: reading the partitioned table would lock it until the
# snapshot ends, and nobody could start a loop (which makes partitions) meanwhile.
_PAIRS = """
SELECT wanted.region_id, array_agg(pair.id ORDER BY pair.ordinal), array_agg(pair.question ORDER BY pair.ordinal),
       array_agg(pair.answer ORDER BY pair.ordinal)
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


class Pair(NamedTuple):
    """A question and its answer: the right one, where people have verified the pair."""

    question: str
    answer: str


@dataclass(slots=True)
class Description:
    """What is said about a region under one tag; empty when the models described it under another one.

    qa_verified: people have verified every pair; caption_verified: and left each answer as the models gave it, so that
    the caption, which sums them up, needs no new run of the writer.
    """

    pairs: list[Pair] = field(default_factory=list)
    caption: str | None = None
    qa_verified: bool = False
    caption_verified: bool = False


def descriptions_of(
    snapshot: Snapshot, wanted: Iterable[tuple[int, TagDecision]], *, project_id: int
) -> dict[int, Description]:
    """Region id -> what its loop said about the region with this tag, people's corrections applied.

    wanted: (region id, effective tag).
    """
    by_loop: dict[int, list[tuple[int, int]]] = {}
    found: dict[int, Description] = {}
    for region_id, tag in wanted:
        by_loop.setdefault(tag.annotated_loop_id, []).append((region_id, tag.concept_id))
        found[region_id] = Description()
    right = right_answers(snapshot, project_id=project_id, region_ids=list(found))
    for loop_id, asked in by_loop.items():
        values = {"loop": loop_id, "regions": [pair[0] for pair in asked], "concepts": [pair[1] for pair in asked]}
        for region_id, *columns in _read(snapshot, _PAIRS, "pairs", "annotation_questionanswer", values):
            _fill(found[region_id], loop_id, zip(*columns, strict=True), right)
        for region_id, caption in _read(snapshot, _CAPTIONS, "annotations", "annotation_regionannotation", values):
            found[region_id].caption = caption
    return found


def _fill(
    description: Description,
    loop_id: int,
    pairs: Iterable[tuple[int, str, str]],
    right: dict[tuple[int, int], RightAnswer],
) -> None:
    """Pairs with their right answers. A verified *wrong tag* is about a tag that counts again: it is passed over."""
    known, unchanged = [], True
    for pair_id, question, said in pairs:
        answer = right.get((loop_id, pair_id))
        if answer is not None and answer.choice == QAChoice.WRONG_TAG:
            answer = None
        known.append(answer is not None)
        unchanged = unchanged and answer is not None and answer.choice == QAChoice.CORRECT
        description.pairs.append(Pair(question, said if answer is None else answer.answer))
    description.qa_verified = all(known)
    description.caption_verified = unchanged


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
