"""The left column of Explore: photos, or the regions that a search finds. Paged by key, bounded in what is read."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection

from annotation.marks import Box, rectangle
from annotation.selectors.explore.concepts import concept_names
from annotation.selectors.judgements import judgements

PAGE = 24
# A search without an index for its filters looks at so many regions, then offers to go on.
MOST_LOOKED_AT = 2000
MOST_COUNTED = 1000
FIRST_KEY, LAST_KEY = 0, 2**63 - 1


@dataclass(frozen=True, slots=True)
class Search:
    """What regions are looked for. `concept_ids` are all ids of one concept; empty and None mean any.

    role_mask: who proposed the first tag, one bit; size_class: 0-5; verified: True or False.
    """

    concept_ids: tuple[int, ...] = ()
    role_mask: int | None = None
    size_class: int | None = None
    verified: bool | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the column: a photo, or a region on a photo (then with its box and tag).

    box: (x1, y1, x2, y2) in pixels of the photo, x2/y2 exclusive. tag: the one people accepted, else the model's
    first. regions: how many the photo has.
    """

    image_id: int
    name: str
    width: int
    height: int
    has_thumbnail: bool
    regions: int | None = None
    region_id: int | None = None
    box: Box | None = None
    tag: str = ""

    @property
    def outline(self) -> str:
        """Path data of the box."""
        return rectangle(self.box) if self.box else ""


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of entries with the keys of its neighbours; None where there is none.

    goes_on: the search stopped at its bound before the page was full; `after` leads on.
    """

    entries: Sequence[Entry]
    before: int | None = None
    after: int | None = None
    goes_on: bool = False


@dataclass(frozen=True, slots=True)
class Stretch:
    """Where a page lies: beyond `key`, towards higher ids or back."""

    key: int = FIRST_KEY
    forward: bool = True

    @property
    def sql(self) -> tuple[str, str]:
        """Comparison and direction, for texts of statements."""
        return (">", "ASC") if self.forward else ("<", "DESC")


_PHOTOS = """
SELECT image.id, image.name, image.width, image.height, image.thumbnail <> '',
       (SELECT count(*) FROM annotation_regionannotation region
        WHERE region.loop_id = %(loop)s AND region.image_id = image.id)
FROM annotation_image image
WHERE image.project_id = %(project)s AND image.id {compare} %(key)s AND image.removed_at IS NULL
ORDER BY image.id {direction} LIMIT {limit}
"""


def list_photos(*, project_id: int, loop_id: int | None, stretch: Stretch) -> Listing:
    """Photos of the project by id, with how many regions the loop has on each. Two queries."""
    compare, direction = stretch.sql
    statement = _PHOTOS.format(compare=compare, direction=direction, limit=PAGE + 1)
    rows = _rows(statement, {"project": project_id, "loop": loop_id or 0, "key": stretch.key})
    entries = [Entry(*row) for row in rows[:PAGE]]
    listing = _paged(entries, [entry.image_id for entry in entries], stretch, is_more=len(rows) > PAGE)
    if stretch.forward and entries:
        first = entries[0].image_id
        # The order makes it a step in the index: a plan that hopes to meet a row soon would read them all in vain.
        earlier = (
            "SELECT 1 FROM annotation_image WHERE project_id = %(project)s AND id < %(key)s ORDER BY id DESC LIMIT 1"
        )
        is_earlier = bool(_rows(earlier, {"project": project_id, "key": first}))
        listing = replace(listing, before=first if is_earlier else None)
    return listing


_BY_CONCEPT = f"""
    SELECT near.* FROM unnest(%(concepts)s::bigint[]) AS wanted (concept_id)
    CROSS JOIN LATERAL (
        SELECT region_id, image_id, concept_ids[1] AS concept_id, role_masks[1] AS role_mask, size_class
        FROM annotation_regionannotation
        WHERE loop_id = %(loop)s AND concept_ids[1] = wanted.concept_id AND region_id {{compare}} %(key)s
        ORDER BY region_id {{direction}} LIMIT {MOST_LOOKED_AT}
    ) near
    ORDER BY region_id {{direction}} LIMIT {MOST_LOOKED_AT}
"""  # noqa: S608  # a constant of this module
_BY_ID = f"""
    SELECT region_id, image_id, concept_ids[1] AS concept_id, role_masks[1] AS role_mask, size_class
    FROM annotation_regionannotation
    WHERE loop_id = %(loop)s AND region_id {{compare}} %(key)s
    ORDER BY region_id {{direction}} LIMIT {MOST_LOOKED_AT}
"""  # noqa: S608
_AMONG = """
    SELECT region_id, image_id, concept_ids[1] AS concept_id, role_masks[1] AS role_mask, size_class
    FROM annotation_regionannotation
    WHERE loop_id = %(loop)s AND region_id = ANY(%(among)s::bigint[]) AND region_id {compare} %(key)s
      AND (cardinality(%(concepts)s::bigint[]) = 0 OR concept_ids[1] = ANY(%(concepts)s::bigint[]))
"""
_FOUND = """
WITH looked AS MATERIALIZED ({source})
SELECT ends.count, ends.last, found.region_id, found.image_id, found.concept_id
FROM (SELECT count(*) AS count, {furthest}(region_id) AS last FROM looked) ends
LEFT JOIN LATERAL (
    SELECT * FROM looked
    WHERE (%(size)s::int IS NULL OR size_class = %(size)s::int)
      AND (%(mask)s::int IS NULL OR role_mask & %(mask)s::int <> 0)
    ORDER BY region_id {direction} LIMIT {limit}
) found ON true
ORDER BY found.region_id {direction}
"""
_SHOWN = """
SELECT region.id, region.x1, region.y1, region.x2, region.y2,
       image.id, image.name, image.width, image.height, image.thumbnail <> ''
FROM annotation_region region JOIN annotation_image image ON image.id = region.image_id
WHERE region.id = ANY(%(ids)s::bigint[]) AND image.project_id = %(project)s
"""


def list_regions(*, project_id: int, loop_id: int, search: Search, stretch: Stretch) -> Listing:
    """Regions of the loop by id that `search` finds. A fixed number of queries, none of which reads more than
    MOST_LOOKED_AT regions; when that was not enough for a page, `goes_on` is true and `after` (`before`) leads on."""
    values: dict[str, Any] = {
        "loop": loop_id,
        "key": stretch.key,
        "concepts": list(search.concept_ids),
        "size": search.size_class,
        "mask": search.role_mask,
    }
    looked_to: int | None = None
    source = _BY_CONCEPT if search.concept_ids else _BY_ID
    if search.verified:
        among = judgements().verified_from(
            project_id=project_id, key=stretch.key, forward=stretch.forward, most=MOST_LOOKED_AT
        )
        values["among"], looked_to, source = among.region_ids, among.looked_to, _AMONG
    compare, direction = stretch.sql
    statement = _FOUND.format(
        source=source.format(compare=compare, direction=direction),
        furthest="max" if stretch.forward else "min",
        direction=direction,
        limit=PAGE + 1,
    )
    rows = _rows(statement, values)
    if not search.verified and rows[0][0] >= MOST_LOOKED_AT:
        looked_to = rows[0][1]
    found = {region_id: concept_id for _count, _last, region_id, _image, concept_id in rows if region_id is not None}
    return _region_page(project_id, found, search, stretch, looked_to)


def _region_page(
    project_id: int, found: dict[int, int], search: Search, stretch: Stretch, looked_to: int | None
) -> Listing:
    ids = list(found)[:PAGE]
    is_full = len(found) > PAGE
    judged = judgements().of_regions(project_id=project_id, region_ids=ids)
    shown = [region_id for region_id in ids if search.verified is not False or region_id not in judged]
    accepted = {region_id: one.accepted.concept_id for region_id, one in judged.items() if one.accepted}
    tags = {region_id: accepted.get(region_id, found[region_id]) for region_id in shown}
    names = concept_names(tags.values())
    by_id = {}
    for region_id, x1, y1, x2, y2, *photo in _rows(_SHOWN, {"ids": shown, "project": project_id}):
        image_id, name, width, height, has_thumbnail = photo
        tag = names[tags[region_id]].display
        box = (x1, y1, x2, y2)
        by_id[region_id] = Entry(image_id, name, width, height, has_thumbnail, None, region_id, box, tag)
    entries = [by_id[region_id] for region_id in shown if region_id in by_id]
    # The keys are those of what was looked at, not of what is shown, so that nothing is met twice or missed.
    goes_on = not is_full and looked_to is not None
    near = ids[0] if ids else stretch.key + (1 if stretch.forward else -1)
    far = looked_to if looked_to is not None and not is_full else (ids[-1] if ids else near)
    listing = replace(_paged(entries, [near, far], stretch, is_more=is_full or goes_on), goes_on=goes_on)
    if stretch.forward and stretch.key > FIRST_KEY:
        listing = replace(listing, before=near)
    return listing


def _paged(entries: list[Entry], keys: list[int], stretch: Stretch, *, is_more: bool) -> Listing:
    """Entries in ascending order. Going back, there is always a page after: the one we came from."""
    if stretch.forward:
        return Listing(entries, after=keys[-1] if is_more else None)
    return Listing(
        entries[::-1],
        before=keys[-1] if is_more else None,
        after=keys[0] if keys else None,
    )


def count_photos(project_id: int) -> int:
    """How many photos, counted up to MOST_COUNTED + 1: more is "1,000+"."""
    statement = (
        "SELECT count(*) FROM (SELECT 1 FROM annotation_image "  # noqa: S608
        f"WHERE project_id = %(project)s ORDER BY id LIMIT {MOST_COUNTED + 1}) bounded"
    )
    return int(_rows(statement, {"project": project_id})[0][0])


def count_regions(*, loop_id: int, concept_ids: Sequence[int]) -> int:
    """How many regions of the loop have the concept as first tag, counted up to MOST_COUNTED + 1."""
    statement = (
        "SELECT count(*) FROM (SELECT 1 FROM annotation_regionannotation "  # noqa: S608
        "WHERE loop_id = %(loop)s AND concept_ids[1] = ANY(%(concepts)s::bigint[]) "
        f"LIMIT {MOST_COUNTED + 1}) bounded"
    )
    return int(_rows(statement, {"loop": loop_id, "concepts": list(concept_ids)})[0][0])


def _rows(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
