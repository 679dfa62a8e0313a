"""Write regions and their annotations by the hundred thousand: checked set-wise, written with COPY.

Both functions are idempotent: rows that are there already are counted and left as they are. Refused rows come back
with their reason and nothing of them is written. Which rows are there is asked before the COPY; a writer who is
quicker in between makes it fail on the unique index, and the batch looks again. That costs half of what a staging
table and ON CONFLICT cost. Work in batches of some ten thousand rows; the memory follows the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction
from psycopg import errors, sql

from annotation.importers.boxes import REFUSALS, checked_boxes
from annotation.services.copy_format import Column, Constant, Optional, Ragged, Scalar, Text, binary_rows
from annotation.services.regions import region_identities
from webapp.core.ids import reserve_ids

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

T = TypeVar("T")

ATTEMPTS = 5
MAX_EXTERNAL_ID = 100
TOP_K = 5


@dataclass(frozen=True, slots=True)
class RegionRows:
    """n regions of one producer.

    image_ids (n,); boxes (n, 4) px, x2/y2 exclusive; scores (n,), NaN where the source gives none; external_ids
    and mask_rles: n texts; tag_ids (n, k), of which row i uses the first tag_counts[i].
    """

    producer_id: int
    kind: str
    image_ids: Ints
    boxes: Floats
    scores: Floats | None = None
    external_ids: Sequence[str] | None = None
    mask_rles: Sequence[str | None] | None = None
    tag_ids: Ints | None = None
    tag_counts: Ints | None = None


@dataclass(frozen=True, slots=True)
class AnnotationRows:
    """n region annotations of one loop and producer, best tag first.

    image_ids, region_ids, raw_scores, size_classes (n,); concept_ids, scores, role_masks (n, k) with k <= 5, of
    which row i uses the first counts[i]; captions: n texts.
    """

    loop_id: int
    producer_id: int
    image_ids: Ints
    region_ids: Ints
    concept_ids: Ints
    scores: Floats
    role_masks: Ints
    counts: Ints
    raw_scores: Floats
    size_classes: Ints
    captions: Sequence[str] | None = None
    caption_producer_id: int | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Row `row` of the batch was not written."""

    row: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What happened to a batch of n rows. `ids` (n,): the region of each row, new or not; 0 where it was refused."""

    inserted: int
    existing: int
    refused: list[Refused]
    ids: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


IMAGE_SIZES = "SELECT id, width, height FROM annotation_image WHERE id = ANY(%s::bigint[]) ORDER BY id FOR KEY SHARE"
REGION_COPY = (
    "COPY annotation_region (id, image_id, producer_id, kind, identity, x1, y1, x2, y2, score, tag_ids, external_id, "
    "mask_rle) FROM STDIN (FORMAT BINARY)"
)
REGIONS_THERE = """
SELECT string_agg(int8send(image_id) || int8send(identity) || int8send(id), '') FROM annotation_region
WHERE image_id = ANY(%s::bigint[]) AND producer_id = %s
"""


@contextmanager
def bulk_transaction() -> Iterator[None]:
    """A transaction whose commit does not wait for the disk.

    For work that is found undone and done again after a crash, as its done-state is written in the same transaction:
    what a crash of the database may take away is whole transactions, the last ones first.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit TO off")
        yield


def insert_regions(rows: RegionRows) -> BulkResult:
    """Write regions that are not there yet; one transaction, or part of the caller's.

    Refused are rows of unknown images and bad boxes (REFUSALS of annotation/importers/boxes.py). A region is there
    already if its image has one of this producer with the same identity (annotation/services/regions.py).
    """
    with transaction.atomic():  # the images stay locked until the regions are in
        refused, boxes, good = _checked_regions(rows)
        external = [rows.external_ids[row] for row in good.tolist()] if rows.external_ids is not None else None
        identities = region_identities(boxes[good], external)
        ids = np.zeros(len(rows.image_ids), dtype=np.int64)
        inserted = _until_settled(lambda: _add_regions(rows, boxes, good, identities, ids))
    return BulkResult(inserted, len(good) - inserted, refused, ids)


def _add_regions(rows: RegionRows, boxes: Floats, good: Ints, identities: Ints, ids: Ints) -> int:
    """COPY the good rows that are not there, fill `ids` for all good rows; how many were copied."""
    image_ids = rows.image_ids[good]
    chosen, group = _distinct(image_ids, identities)
    there = _fetch_triples(REGIONS_THERE, [array_literal(np.unique(image_ids)), rows.producer_id])
    known = _looked_up(np.stack((image_ids[chosen], identities[chosen])), there)
    new = known == 0
    known[new] = reserve_ids("region_id_block", int(new.sum()))
    ids[good] = known[group]
    taken = good[chosen[new]]
    if len(taken):
        _copy(REGION_COPY, _region_columns(rows, boxes, taken, identities[chosen[new]], ids), len(taken))
    return len(taken)


def _distinct(image_ids: Ints, identities: Ints) -> tuple[Ints, Ints]:
    """First occurrences of each (image, identity), in order; and per row, which of them it is."""
    order = np.lexsort((identities, image_ids))  # stable: of equal rows, the first comes first
    starts = np.ones(len(order), dtype=bool)
    starts[1:] = (np.diff(image_ids[order]) != 0) | (np.diff(identities[order]) != 0)
    if starts.all():
        return np.arange(len(order)), np.arange(len(order))
    firsts = order[starts]
    ranks = np.empty(len(firsts), dtype=np.int64)
    ranks[np.argsort(firsts)] = np.arange(len(firsts))
    group = np.empty(len(order), dtype=np.int64)
    group[order] = ranks[np.cumsum(starts) - 1]
    return np.sort(firsts), group


def _checked_regions(rows: RegionRows) -> tuple[list[Refused], Floats, Ints]:
    """Refused rows; all boxes, cleaned; numbers of the good rows."""
    widths, heights = _image_sizes(rows.image_ids)
    boxes, codes = checked_boxes(np.asarray(rows.boxes, dtype=np.float64), widths, heights)
    unknown = widths == 0
    refused = [
        Refused(row, "unknown_image", "The photo is not in Argus.")
        if unknown[row]
        else Refused(row, *REFUSALS[codes[row]])
        for row in np.flatnonzero(unknown | (codes > 0)).tolist()
    ]
    return refused, boxes, np.flatnonzero(~unknown & (codes == 0))


def _image_sizes(image_ids: Ints) -> tuple[Floats, Floats]:
    """Width and height per row; 0 where there is no such image. Nobody can delete the images meanwhile."""
    distinct, places = np.unique(image_ids, return_inverse=True)
    sizes = np.zeros((len(distinct), 2))
    with connection.cursor() as cursor:
        cursor.execute(IMAGE_SIZES, [distinct.tolist()])
        found = np.array(cursor.fetchall(), dtype=np.int64).reshape(-1, 3)
    sizes[np.searchsorted(distinct, found[:, 0])] = found[:, 1:]
    return sizes[places, 0], sizes[places, 1]


def _region_columns(rows: RegionRows, boxes: Floats, taken: Ints, identities: Ints, ids: Ints) -> list[Column]:
    count = len(taken)
    chosen = boxes[taken]
    places = taken.tolist()
    scores = rows.scores[taken] if rows.scores is not None else np.full(count, np.nan)
    if rows.tag_ids is None:
        tags = Ragged(np.zeros((count, 0), dtype=np.int64), np.zeros(count, dtype=np.int64), "i8")
    else:
        counts = rows.tag_counts if rows.tag_counts is not None else np.full(len(rows.tag_ids), rows.tag_ids.shape[1])
        tags = Ragged(rows.tag_ids[taken], counts[taken], "i8")
    return [
        Scalar(ids[taken], "i8"),
        Scalar(rows.image_ids[taken], "i8"),
        Scalar(np.full(count, rows.producer_id), "i8"),
        Constant(str(rows.kind)),
        Scalar(identities, "i8"),
        *(Scalar(chosen[:, column], "f8") for column in range(4)),
        Optional(scores, "f4"),
        tags,
        Text([rows.external_ids[row][:MAX_EXTERNAL_ID] for row in places])
        if rows.external_ids is not None
        else Constant(""),
        Text([rows.mask_rles[row] for row in places]) if rows.mask_rles is not None else Constant(None),
    ]


ANNOTATION_COPY = (
    "COPY annotation_regionannotation (loop_id, region_id, image_id, concept_ids, scores, role_masks, raw_score, "
    "size_class, producer_id, caption, caption_producer_id) FROM STDIN (FORMAT BINARY)"
)
REGIONS_OF = """
SELECT string_agg(int8send(id) || int8send(image_id) || int8send(1), '') FROM annotation_region
WHERE image_id = ANY(%s::bigint[])
"""
# Of the loop's own partition: with loop_id in the condition, PostgreSQL may choose to read all of it.
ANNOTATIONS_THERE = """
SELECT string_agg(int8send(region_id) || int8send(image_id) || int8send(1), '') FROM {}
WHERE image_id = ANY(%s::bigint[])
"""
UNKNOWN_REGION = ("unknown_region", "The photo has no such region.")


def insert_region_annotations(rows: AnnotationRows) -> BulkResult:
    """Write annotations of regions that have none in this loop yet; one transaction, or part of the caller's.

    Refused are rows with no or too many tags, scores that are not finite or not in falling order, a tag twice, unknown
    concepts, an unknown size class, and regions that do not exist on that image. Of two rows for one region the
    first counts.
    """
    codes = _annotation_codes(rows)
    good = np.flatnonzero(codes == 0)
    refused = [Refused(row, *ANNOTATION_REFUSALS[codes[row]]) for row in np.flatnonzero(codes).tolist()]
    inserted, strays = _until_settled(lambda: _add_annotations(rows, good))
    refused += [Refused(row, *UNKNOWN_REGION) for row in strays]
    ids = np.where(codes == 0, rows.region_ids, 0)
    ids[strays] = 0
    return BulkResult(inserted, len(good) - len(strays) - inserted, refused, ids)


def _add_annotations(rows: AnnotationRows, good: Ints) -> tuple[int, list[int]]:
    """COPY the good rows that are not there; how many, and which rows name a region that does not exist."""
    _, first = np.unique(rows.region_ids[good], return_index=True)
    chosen = good[first]  # sorted by region
    wanted = np.stack((rows.region_ids[chosen], rows.image_ids[chosen]))
    images = array_literal(np.unique(wanted[1]))
    partition = sql.Identifier(f"annotation_regionannotation_{rows.loop_id}")
    exists = _looked_up(wanted, _fetch_triples(REGIONS_OF, [images])) > 0
    there = _looked_up(wanted, _fetch_triples(sql.SQL(ANNOTATIONS_THERE).format(partition), [images])) > 0
    taken = chosen[exists & ~there]
    if len(taken):
        _copy(ANNOTATION_COPY, _annotation_columns(rows, taken), len(taken))
    return len(taken), chosen[~exists].tolist()


ANNOTATION_REFUSALS = (
    ("", ""),
    ("bad_count", f"A region has between one and {TOP_K} tags."),
    ("not_finite", "A score is NaN or infinite."),
    ("not_ranked", "The scores are not in falling order."),
    ("duplicate_tag", "A tag stands there twice."),
    ("unknown_concept", "A tag is not in the vocabulary."),
    ("bad_size_class", "There is no such size class."),
)


def _annotation_codes(rows: AnnotationRows) -> npt.NDArray[np.int8]:
    """Per row the number of what is wrong with it, 0 if nothing."""
    count, width = rows.concept_ids.shape
    used = np.arange(width) < rows.counts[:, None]
    scores = np.where(used, rows.scores, 0.0)
    infinite = ~np.isfinite(scores).all(axis=1) | ~np.isfinite(rows.raw_scores)
    unranked = (used[:, 1:] & (scores[:, 1:] > scores[:, :-1])).any(axis=1)
    # Unused places get numbers that no concept has and that differ from each other.
    ordered = np.sort(np.where(used, rows.concept_ids, -1 - np.arange(width)), axis=1)
    double = (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
    unknown = (used & ~_are_concepts(rows.concept_ids, used)).any(axis=1)
    bad_count = (rows.counts < 1) | (rows.counts > min(width, TOP_K))
    bad_class = (rows.size_classes < 0) | (rows.size_classes > 5)
    conditions = [bad_count, infinite, unranked, double, unknown, bad_class]
    return np.select(conditions, list(range(1, 7)), 0).astype(np.int8).reshape(count)


def _are_concepts(concept_ids: Ints, used: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    with connection.cursor() as cursor:
        distinct = array_literal(np.unique(concept_ids[used]))
        cursor.execute("SELECT id FROM annotation_concept WHERE id = ANY(%s::bigint[])", [distinct])
        known = np.array([row[0] for row in cursor.fetchall()], dtype=np.int64)
    return np.isin(concept_ids, known)


def _annotation_columns(rows: AnnotationRows, taken: Ints) -> list[Column]:
    counts = rows.counts[taken]
    captions = rows.captions
    caption_producer = float("nan") if rows.caption_producer_id is None else rows.caption_producer_id
    return [
        Scalar(np.full(len(taken), rows.loop_id), "i8"),
        Scalar(rows.region_ids[taken], "i8"),
        Scalar(rows.image_ids[taken], "i8"),
        Ragged(rows.concept_ids[taken], counts, "i8"),
        Ragged(rows.scores[taken], counts, "f4"),
        Ragged(rows.role_masks[taken], counts, "i4"),
        Scalar(rows.raw_scores[taken], "f4"),
        Scalar(rows.size_classes[taken], "i2"),
        Scalar(np.full(len(taken), rows.producer_id), "i8"),
        Text([captions[row] for row in taken.tolist()]) if captions is not None else Constant(""),
        Optional(np.full(len(taken), caption_producer), "i8"),
    ]


def array_literal(values: Ints) -> str:
    """A bigint[] as PostgreSQL reads it; five times faster than handing psycopg a list."""
    return "{" + ",".join(map(str, values.tolist())) + "}"


def _fetch_triples(query: str | sql.Composed, parameters: list[str | int]) -> Ints:
    """Three bigint columns, shape (3, n), of a query that packs them into one value: no Python object per row."""
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        (packed,) = cursor.fetchone()
    return np.frombuffer(packed or b"", dtype=">i8").astype(np.int64).reshape(-1, 3).T


def _looked_up(keys: Ints, table: Ints) -> Ints:
    """For each key (2, n) the value of its row in `table` (3, m: key, key, value), 0 where there is none."""
    if not table.shape[1]:
        return np.zeros(keys.shape[1], dtype=np.int64)
    pairs = np.concatenate((table[:2], keys), axis=1)
    order = np.lexsort((np.arange(pairs.shape[1]), pairs[1], pairs[0]))  # a row of the table comes before its keys
    starts = np.ones(len(order), dtype=bool)
    starts[1:] = (np.diff(pairs[0][order]) != 0) | (np.diff(pairs[1][order]) != 0)
    leader = order[np.flatnonzero(starts)][np.cumsum(starts) - 1]
    values = np.concatenate((table[2], np.zeros(keys.shape[1], dtype=np.int64)))
    found = np.empty(len(order), dtype=np.int64)
    found[order] = values[leader]
    return found[table.shape[1] :]


def _copy(statement: str, columns: list[Column], count: int) -> None:
    connection.ensure_connection()
    with connection.connection.cursor() as cursor, cursor.copy(statement) as copy:
        for block in binary_rows(columns, count):
            copy.write(block)


def _until_settled(write: Callable[[], T]) -> T:
    """Look and write; when somebody else wrote one of the rows in between, look again."""
    for attempt in range(ATTEMPTS):
        try:
            with transaction.atomic():
                return write()
        except (errors.UniqueViolation, errors.DeadlockDetected, IntegrityError, OperationalError) as error:
            cause = error.__cause__ if isinstance(error, DatabaseError) else error
            if attempt == ATTEMPTS - 1 or not isinstance(cause, errors.UniqueViolation | errors.DeadlockDetected):
                raise
    raise AssertionError("unreachable")
