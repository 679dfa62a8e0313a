"""All verified question-answer pairs of a project, photo by photo, in batches of bounded size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from verification.selectors.concept_names import ConceptNames
from verification.selectors.snapshots import Snapshot
from verification.selectors.verified_answers import verified_answers_sql
from verification.selectors.verified_batches import RegionColumns, regions_between

BATCH_ITEMS = 2_500

_SAMPLES = "SELECT id FROM verification_sample WHERE project_id = %(project_id)s AND task_kind = 'qa'"
_COUNT = "SELECT count(*) FROM verification_sampleitem WHERE sample_id = ANY(%(samples)s)"
_NEXT = """
SELECT count(*), max(image_id) FROM (
    SELECT image_id FROM verification_sampleitem
    WHERE image_id > %(after)s AND sample_id = ANY(%(samples)s)
    ORDER BY image_id FETCH FIRST %(batch)s ROWS WITH TIES
) next
"""
_BATCH = f"""
WITH answered AS MATERIALIZED ({verified_answers_sql("item.image_id > %(after)s AND item.image_id <= %(last)s")})
SELECT answered.pair_id, answered.region_id, answered.loop, answered.annotated_loop_id, answered.question,
       answered.answer, answered.choice, answered.concept_id, answered.last_on,
       region.x1, region.y1, region.x2, region.y2,
       image.url, image.original, image.name, image.sha256, image.width, image.height, image.licence,
       image.id
FROM answered
JOIN annotation_region region ON region.id = answered.region_id AND region.image_id = answered.image_id
JOIN annotation_image image ON image.id = answered.image_id AND image.project_id = %(project_id)s
 AND image.removed_at IS NULL
ORDER BY image.id, answered.region_id, answered.annotated_loop_id, answered.pair_id, answered.loop DESC
"""  # noqa: S608  # made of constants
_SCOPE = "item.region_ids IN (SELECT ARRAY[id] FROM unnest(%(region_ids)s::bigint[]) AS wanted (id))"
_OF_REGIONS = f"""
SELECT annotated_loop_id, pair_id, choice, answer FROM ({verified_answers_sql(_SCOPE)}) answered ORDER BY loop
"""  # noqa: S608


class PairRow(NamedTuple):
    """A verified pair: its right answer, how it was found, and where the region is."""

    pair_id: int
    region_id: int
    loop_number: int
    annotated_loop_id: int
    question: str
    answer: str
    choice: str
    concept_id: int
    last_on: date
    columns: RegionColumns


class RightAnswer(NamedTuple):
    """What people found of a pair: `choice` is a QAChoice, `answer` the right one."""

    choice: str
    answer: str


@dataclass(frozen=True, slots=True)
class PairBatch:
    """Some photos' verified pairs, and how many items of samples these photos have in all."""

    items: int
    pairs: list[PairRow]


_PAIR_FIELDS = len(PairRow._fields) - 1


def count_qa_items(snapshot: Snapshot, *, project_id: int) -> int:
    """How many items of the QA check the project has, verified or not: what the batches go through."""
    snapshot.cursor.execute(_COUNT, {"samples": _samples(snapshot, project_id)})
    ((count,),) = snapshot.cursor.fetchall()
    return int(str(count))


def qa_batches(snapshot: Snapshot, names: ConceptNames, *, project_id: int) -> Iterator[PairBatch]:
    """Batches in the order of photos, regions and pairs; `names` knows all concepts of the batch just yielded.

    A pair that several loops verified leaves once, as the latest one says. One about a tag that people have since
    rejected for its region does not leave, unless that is what its answer says.
    """
    cursor, samples, after = snapshot.cursor, _samples(snapshot, project_id), 0
    while True:
        cursor.execute(_NEXT, {"after": after, "samples": samples, "batch": BATCH_ITEMS})
        ((items, last),) = cursor.fetchall()
        if not isinstance(items, int) or not isinstance(last, int):
            return
        yield PairBatch(items, pairs_between(snapshot, names, project_id=project_id, after=after, last=last))
        after = last


def pairs_between(snapshot: Snapshot, names: ConceptNames, *, project_id: int, after: int, last: int) -> list[PairRow]:
    """The verified pairs of the photos with ids beyond `after`, up to `last`, in order."""
    snapshot.cursor.execute(_BATCH, {"project_id": project_id, "after": after, "last": last})
    rows: list[tuple[Any, ...]] = snapshot.cursor.fetchall()
    pairs = [PairRow._make([*row[:_PAIR_FIELDS], RegionColumns._make(row[_PAIR_FIELDS:])]) for row in rows]
    rejected = {
        (region.decided.region_id, names.canonical(tag.concept_id))
        for region in regions_between(snapshot, names, project_id=project_id, after=after, last=last)
        for tag in region.decided.rejected
    }
    names.load(pair.concept_id for pair in pairs)
    latest = [next(group) for _pair, group in groupby(pairs, attrgetter("region_id", "annotated_loop_id", "pair_id"))]
    return [
        pair
        for pair in latest
        if pair.choice == "wrong_tag" or (pair.region_id, names.canonical(pair.concept_id)) not in rejected
    ]


def right_answers(snapshot: Snapshot, *, project_id: int, region_ids: list[int]) -> dict[tuple[int, int], RightAnswer]:
    """(annotated loop, pair id) -> what counts about it, for the verified pairs of some regions."""
    with snapshot.cursor.connection.cursor(binary=True) as cursor:  # its own: the snapshot's may be reading ahead
        cursor.execute(_OF_REGIONS, {"project_id": project_id, "region_ids": region_ids})
        return {
            (loop_id, pair_id): RightAnswer(choice, answer) for loop_id, pair_id, choice, answer in cursor.fetchall()
        }


def _samples(snapshot: Snapshot, project_id: int) -> list[object]:
    snapshot.cursor.execute(_SAMPLES, {"project_id": project_id})
    return [row[0] for row in snapshot.cursor.fetchall()]
