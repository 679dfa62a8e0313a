"""All verified regions of a project, photo by photo, in batches of bounded size."""

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, groupby
from operator import itemgetter
from typing import Any, NamedTuple

from verification.selectors.concept_names import ConceptNames
from verification.selectors.snapshots import Snapshot
from verification.selectors.verified import VerifiedItem, VerifiedRegion, merge_items, verified_items_sql

BATCH_ITEMS = 2_500  # two batches are in memory, 6 KB an item: one is written, the next one read

_SAMPLES = "SELECT id FROM verification_sample WHERE project_id = %(project_id)s AND task_kind = 'tag'"
_COUNT = "SELECT count(*) FROM verification_sampleitem WHERE sample_id = ANY(%(samples)s)"
# All items of a region are on one photo, so a batch ends where a photo ends.
_NEXT = """
SELECT count(*), max(image_id) FROM (
    SELECT image_id FROM verification_sampleitem
    WHERE image_id > %(after)s AND sample_id = ANY(%(samples)s)
    ORDER BY image_id FETCH FIRST %(batch)s ROWS WITH TIES
) next
"""
# What is verified is found first: joined with the rest it is planned as if there were one such item.
_BATCH = f"""
WITH verified AS MATERIALIZED ({verified_items_sql("item.image_id > %(after)s AND item.image_id <= %(last)s")})
SELECT verified.*, region.x1, region.y1, region.x2, region.y2,
       image.url, image.original, image.name, image.sha256, image.width, image.height, image.licence,
       image.id
FROM verified
JOIN annotation_region region ON region.id = verified.region_id AND region.image_id = verified.image_id
JOIN annotation_image image ON image.id = verified.image_id AND image.project_id = %(project_id)s
 AND image.removed_at IS NULL
ORDER BY verified.image_id, verified.region_id, verified.loop_number DESC
"""  # noqa: S608  # made of constants


class RegionColumns(NamedTuple):
    """A region's box, in pixels of the EXIF-rotated original, x2/y2 exclusive, and its photo."""

    x1: float
    y1: float
    x2: float
    y2: float
    url: str
    original: str
    name: str
    sha256: str
    width: int
    height: int
    licence: str
    image_id: int


_ITEM_FIELDS = len(VerifiedItem._fields)
_REGION_ID = VerifiedItem._fields.index("region_id")
_CONCEPT_IDS = VerifiedItem._fields.index("concept_ids")


class RegionRow(NamedTuple):
    """A verified region: where it is, and what was decided about it."""

    columns: RegionColumns
    decided: VerifiedRegion


@dataclass(frozen=True, slots=True)
class Batch:
    """Some photos' verified regions, to be read once, and how many items of samples these photos have in all."""

    items: int
    regions: Iterator[RegionRow]


def count_items(snapshot: Snapshot, *, project_id: int) -> int:
    """How many items of the tag task the project has, verified or not: what the batches go through."""
    snapshot.cursor.execute(_COUNT, {"samples": _samples(snapshot, project_id)})
    ((count,),) = snapshot.cursor.fetchall()
    return int(count)


def verified_batches(snapshot: Snapshot, names: ConceptNames, *, project_id: int) -> Generator[Batch]:
    """Batches in the order of photos and regions; `names` knows all concepts of the batch just yielded.

    PostgreSQL works on the next batch while the caller has this one: no other use of `snapshot.cursor` meanwhile.
    """
    batches = _read_batches(snapshot, names, project_id)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="verified") as ahead:
        coming = ahead.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = ahead.submit(next, batches, None)
            yield batch


def _read_batches(snapshot: Snapshot, names: ConceptNames, project_id: int) -> Iterator[Batch]:
    cursor, samples, after = snapshot.cursor, _samples(snapshot, project_id), 0
    while True:
        cursor.execute(_NEXT, {"after": after, "samples": samples, "batch": BATCH_ITEMS})
        ((items, last),) = cursor.fetchall()
        if not isinstance(items, int) or not isinstance(last, int):
            return
        rows = _rows_between(cursor, names, project_id, after, last)
        yield Batch(items, _regions(rows, names))
        after = last


def regions_between(
    snapshot: Snapshot, names: ConceptNames, *, project_id: int, after: int, last: int
) -> Iterator[RegionRow]:
    """The verified regions of the photos with ids beyond `after`, up to `last`, in order."""
    return _regions(_rows_between(snapshot.cursor, names, project_id, after, last), names)


def _rows_between(cursor: Any, names: ConceptNames, project_id: int, after: int, last: int) -> list[tuple[Any, ...]]:
    cursor.execute(_BATCH, {"project_id": project_id, "after": after, "last": last})
    rows: list[tuple[Any, ...]] = cursor.fetchall()
    names.load(chain.from_iterable([row[_CONCEPT_IDS] for row in rows]))
    return rows


def _samples(snapshot: Snapshot, project_id: int) -> list[object]:
    snapshot.cursor.execute(_SAMPLES, {"project_id": project_id})
    return [row[0] for row in snapshot.cursor.fetchall()]


def _regions(rows: list[tuple[Any, ...]], names: ConceptNames) -> Iterator[RegionRow]:
    for _region_id, group in groupby(rows, itemgetter(_REGION_ID)):
        of_region = list(group)
        items = [VerifiedItem._make(row[:_ITEM_FIELDS]) for row in of_region]
        yield RegionRow(RegionColumns._make(of_region[0][_ITEM_FIELDS:]), merge_items(items, names.canonical))
