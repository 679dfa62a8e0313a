"""All verified regions of a project, photo by photo, in batches of bounded size."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from verification.selectors.concept_names import ConceptNames
from verification.selectors.snapshots import Snapshot
from verification.selectors.verified import VerifiedItem, VerifiedRegion, merge_items, verified_items_sql

BATCH_ITEMS = 5_000

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
_BATCH = f"""
SELECT verified.*, region.x1, region.y1, region.x2, region.y2,
       image.url, image.original, image.name, image.sha256, image.width, image.height, image.licence
FROM ({verified_items_sql("item.image_id > %(after)s AND item.image_id <= %(last)s")}) verified
JOIN annotation_region region ON region.id = verified.region_id AND region.image_id = verified.image_id
JOIN annotation_image image ON image.id = verified.image_id AND image.project_id = %(project_id)s
ORDER BY verified.image_id, verified.region_id, verified.loop_number DESC
"""  # noqa: S608  # made of constants


class ItemRow(NamedTuple):
    """A verified item (the first fields are VerifiedItem's) with its region's box and its photo."""

    item_id: int
    image_id: int
    region_id: int
    loop_number: int
    annotated_loop_id: int
    people: int
    first_on: date
    last_on: date
    concept_ids: list[int]
    scores: list[float]
    role_masks: list[int]
    against: list[int]
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


_ITEM_FIELDS = len(VerifiedItem._fields)


@dataclass(frozen=True, slots=True)
class RegionRow:
    """A verified region, its box and photo (as in `row`: pixels of the EXIF-rotated original, x2/y2 exclusive)."""

    row: ItemRow
    decided: VerifiedRegion


@dataclass(frozen=True, slots=True)
class Batch:
    """Some photos' verified regions, and how many items of samples these photos have in all."""

    items: int
    regions: list[RegionRow]


def count_items(snapshot: Snapshot, *, project_id: int) -> int:
    """How many items of the tag task the project has, verified or not: what the batches go through."""
    snapshot.cursor.execute(_COUNT, {"samples": _samples(snapshot, project_id)})
    ((count,),) = snapshot.cursor.fetchall()
    return int(count)  # type: ignore[call-overload,no-any-return]  # a bigint


def verified_batches(
    snapshot: Snapshot, names: ConceptNames, *, project_id: int, batch_items: int = BATCH_ITEMS
) -> Iterator[Batch]:
    """Batches in the order of photos and regions; `names` knows all concepts of the batch just yielded."""
    cursor, samples, after = snapshot.cursor, _samples(snapshot, project_id), 0
    while True:
        cursor.execute(_NEXT, {"after": after, "samples": samples, "batch": batch_items})
        ((items, last),) = cursor.fetchall()
        if not isinstance(items, int) or not isinstance(last, int):
            return
        cursor.execute(_BATCH, {"project_id": project_id, "after": after, "last": last})
        rows = [ItemRow._make(row) for row in cursor.fetchall()]
        names.load(concept_id for row in rows for concept_id in row.concept_ids)
        yield Batch(items, _regions(rows, names))
        after = last


def _samples(snapshot: Snapshot, project_id: int) -> list[object]:
    snapshot.cursor.execute(_SAMPLES, {"project_id": project_id})
    return [row[0] for row in snapshot.cursor.fetchall()]


def _regions(rows: list[ItemRow], names: ConceptNames) -> list[RegionRow]:
    found = []
    for _region_id, group in groupby(rows, attrgetter("region_id")):
        items = list(group)
        decided = merge_items([VerifiedItem._make(item[:_ITEM_FIELDS]) for item in items], names.canonical)
        found.append(RegionRow(items[0], decided))
    return found
