"""The records of an export, batch by batch: read in a snapshot, filtered, built."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass

from verification.exports.captions import caption_record
from verification.exports.filters import Filters, Sieve
from verification.exports.formats.writing import Line
from verification.exports.questions import qa_record
from verification.exports.records import Record
from verification.exports.regions import region_record
from verification.exports.tags import tag_record
from verification.models import ExportKind
from verification.selectors.concept_names import ConceptNames
from verification.selectors.descriptions import Description, descriptions_of
from verification.selectors.qa_batches import PairRow, count_qa_items, qa_batches
from verification.selectors.snapshots import Snapshot
from verification.selectors.verified_batches import RegionRow, count_items, verified_batches

_CONCEPTS = "SELECT id FROM annotation_concept WHERE kind = 'tag' AND text = ANY(%(texts)s::text[])"


@dataclass(frozen=True, slots=True)
class LineBatch:
    """Some photos' records, to be read once, and how many items of samples these photos have in all.

    A record is made when it is asked for. Thousands of them, each a hundred small objects, would be gone through by
    Python's cycle collector again and again: that took half of an export's time.
    """

    items: int
    lines: Iterator[Line]


def sieve_of(snapshot: Snapshot, names: ConceptNames, filters: Filters) -> Sieve:
    """The filters with concepts as ids. A name that is an alias stands for what it is an alias of."""
    found: frozenset[int] = frozenset()
    if filters.concepts:
        snapshot.cursor.execute(_CONCEPTS, {"texts": list(filters.concepts)})
        ids = [int(str(row[0])) for row in snapshot.cursor.fetchall()]
        names.load(ids)
        found = frozenset(names.canonical(concept_id) for concept_id in ids)
    return Sieve(filters, concept_ids=found, canonical=names.canonical)


def count_lines_of(snapshot: Snapshot, kind: ExportKind, *, project_id: int) -> int:
    """How many items of samples an export of this kind goes through."""
    count = count_qa_items if kind is ExportKind.QA else count_items
    return count(snapshot, project_id=project_id)


def line_batches(
    snapshot: Snapshot, names: ConceptNames, kind: ExportKind, sieve: Sieve, *, project_id: int
) -> Generator[LineBatch]:
    """All records of a kind that pass, in the order of photos, regions and pairs."""
    if kind is ExportKind.QA:
        for pairs in qa_batches(snapshot, names, project_id=project_id):
            yield LineBatch(pairs.items, pair_lines(pairs.pairs, names, sieve))
        return
    batches = verified_batches(snapshot, names, project_id=project_id)
    try:
        for batch in batches:
            lines = region_lines(batch.regions, kind, snapshot, names, sieve, project_id=project_id)
            yield LineBatch(batch.items, lines)
    finally:
        batches.close()


def pair_lines(pairs: Iterable[PairRow], names: ConceptNames, sieve: Sieve) -> Iterator[Line]:
    """Records of kind `qa`. Who proposed a tag is not asked: filters of pairs have no sources."""
    for pair in pairs:
        if sieve.takes(pair.loop_number, pair.last_on, pair.columns) and sieve.takes_concept(pair.concept_id):
            yield Line(pair.columns.image_id, names.canonical(pair.concept_id), qa_record(pair, names))


def region_lines(
    regions: Iterable[RegionRow],
    kind: ExportKind,
    snapshot: Snapshot,
    names: ConceptNames,
    sieve: Sieve,
    *,
    project_id: int,
) -> Iterator[Line]:
    """Records of the kinds that are about regions."""
    takes = sieve.takes_region
    taken = (region for region in regions if takes(region.columns, region.decided))
    if kind is ExportKind.TAGS:
        for region in taken:
            yield _tag_line(region, names)
        return
    tagged = [(region, tag) for region in taken if (tag := region.decided.effective)]
    wanted = [(region.decided.region_id, tag) for region, tag in tagged]
    described = descriptions_of(snapshot, wanted, project_id=project_id)
    for region, tag in tagged:
        record = _record(kind, region, names, described[region.decided.region_id])
        if record is not None:
            yield Line(region.columns.image_id, names.canonical(tag.concept_id), record)


def _record(kind: ExportKind, region: RegionRow, names: ConceptNames, description: Description) -> Record | None:
    if kind is ExportKind.CAPTIONS:
        return caption_record(region, names, description)
    return region_record(region, names, description)


def _tag_line(region: RegionRow, names: ConceptNames) -> Line:
    tag = region.decided.effective
    concept_id = names.canonical(tag.concept_id) if tag else None
    return Line(region.columns.image_id, concept_id, tag_record(region, names))
