"""Items of a sample as the lead's page shows them: filtered by what is listed here and nothing else, paged by key.

A page looks at a bounded window of the sample's items, so it costs the same at any size; where few items match, it
shows few and goes on from where it looked to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db import connection

from verification.models import Priority, Sample

PAGE = 50
LOOK = 5000  # items looked at for one page
MOST_CHOSEN = 5000  # items that one action may take
MOST_LOOKED = 100_000  # items looked at to choose all that match


class ItemShows(StrEnum):
    """Where an item stands."""

    OPEN = "open"
    WORKING = "working"
    DONE = "done"
    PACKED = "packed"
    LEAD = "lead"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """What to show of one sample. concept_id: among the tags, or asked about; annotator_id: who did or holds it."""

    sample: Sample
    shows: ItemShows | None = None
    concept_id: int | None = None
    annotator_id: int | None = None
    is_skipped: bool = False
    is_held: bool = False
    priority: Priority | None = None


@dataclass(frozen=True, slots=True)
class ItemRow:
    """open, leased, done: slots of its latest round; held: names of those whom open ones are kept for."""

    id: int
    image_id: int
    shows: ItemShows
    words: tuple[str, ...]
    round: int
    open: int
    leased: int
    done: int
    skips: int
    held: tuple[str, ...]
    priority: Priority = Priority.NORMAL


@dataclass(frozen=True, slots=True)
class ItemPage:
    """`after` leads to the next page, None at the end; `is_part`: not all of the window matched or was looked at."""

    rows: list[ItemRow]
    after: int | None


def items_page(wanted: ItemFilter, *, after: int = 0) -> ItemPage:
    """One page. One query over at most LOOK items."""
    rows, looked_to, is_end = _look(wanted, after, PAGE + 1)
    if len(rows) > PAGE:
        return ItemPage(rows[:PAGE], rows[PAGE - 1].id)
    return ItemPage(rows, None if is_end else looked_to)


def matching_ids(wanted: ItemFilter) -> tuple[list[int], bool]:
    """(ids of all that match, whether there may be more): at most MOST_CHOSEN of MOST_LOOKED looked at."""
    found: list[int] = []
    after = 0
    for _window in range(MOST_LOOKED // LOOK):
        rows, looked_to, is_end = _look(wanted, after, LOOK)
        found += [row.id for row in rows]
        if len(found) > MOST_CHOSEN:
            return found[:MOST_CHOSEN], True
        if is_end or looked_to is None:
            return found, False
        after = looked_to
    return found, True


def samples_of(project_id: int) -> list[Sample]:
    """Samples to choose from, the newest first. One per loop and kind."""
    return list(Sample.objects.filter(project_id=project_id).select_related("loop").order_by("-pk")[:100])


def _look(wanted: ItemFilter, after: int, limit: int) -> tuple[list[ItemRow], int | None, bool]:
    """(rows, the last id looked at, whether the sample ends there)."""
    values: dict[str, Any] = {
        "sample": wanted.sample.pk,
        "after": after,
        "look": LOOK,
        "limit": limit,
        "shows": wanted.shows.value if wanted.shows else "",
        "concept": wanted.concept_id or 0,
        "annotator": wanted.annotator_id or 0,
        "priority": int(wanted.priority or 0),
    }
    conditions = ["true"]
    if wanted.shows is not None:
        conditions.append("stands.shows = %(shows)s::text")
    if wanted.concept_id is not None:
        conditions.append(_OF_CONCEPT)
    if wanted.annotator_id is not None:
        conditions.append(_BY_PERSON)
    if wanted.is_skipped:
        conditions.append("skipped.count > 0")
    if wanted.priority is not None:
        conditions.append("i.priority = %(priority)s::smallint")
    if wanted.is_held:
        conditions.append("slots.held IS NOT NULL")
    with connection.cursor() as cursor:
        cursor.execute(_WINDOW, values)
        looked, looked_to = cursor.fetchone()
        if not looked:
            return [], None, True
        values["to"] = looked_to
        cursor.execute(_ROWS.replace("__where__", " AND ".join(conditions)), values)
        rows = [_row(row) for row in cursor.fetchall()]
    return rows, looked_to, looked < LOOK


def _row(row: Sequence[Any]) -> ItemRow:
    number, image_id, shows, words, latest, still_open, leased, done, skips, held, priority = row
    texts = tuple(word for word in words or () if word)
    counts = (latest or 0, still_open, leased, done, skips)
    return ItemRow(number, image_id, ItemShows(shows), texts, *counts, tuple(held or ()), Priority(priority))


_WINDOW = """
SELECT count(*), max(id) FROM (
    SELECT id FROM verification_sampleitem
    WHERE sample_id = %(sample)s AND id > %(after)s ORDER BY id LIMIT %(look)s::int
) looked
"""
_OF_CONCEPT = """
(i.shown->'tags' @> jsonb_build_array(jsonb_build_object('concept_id', %(concept)s::bigint))
 OR (i.shown #>> '{tag,concept_id}')::bigint = %(concept)s::bigint)
"""
_BY_PERSON = """
EXISTS (SELECT 1 FROM verification_assignment a WHERE a.item_id = i.id AND a.annotator_id = %(annotator)s::bigint)
"""
# Gold items look like any other; nobody is to find them here.
_ROWS = """
SELECT i.id, i.image_id, stands.shows,
       CASE WHEN i.shown ? 'tags' THEN ARRAY(SELECT t->>'text' FROM jsonb_array_elements(i.shown->'tags') t)
            ELSE ARRAY[i.shown #>> '{tag,text}', i.shown->>'question', i.shown->>'answer'] END,
       slots.latest, coalesce(slots.open, 0), coalesce(slots.leased, 0), coalesce(slots.done, 0), skipped.count,
       slots.held, i.priority
FROM verification_sampleitem i
LEFT JOIN LATERAL (
    SELECT a.round AS latest, count(*) FILTER (WHERE a.state = 'open') AS open,
           count(*) FILTER (WHERE a.state = 'leased') AS leased, count(*) FILTER (WHERE a.state = 'done') AS done,
           array_agg(person.username) FILTER (WHERE a.state = 'open' AND person.id IS NOT NULL) AS held
    FROM verification_assignment a LEFT JOIN accounts_user person ON person.id = a.held_for_id
    WHERE a.item_id = i.id GROUP BY a.round ORDER BY a.round DESC LIMIT 1
) slots ON true
CROSS JOIN LATERAL (SELECT count(*) AS count FROM verification_skip k WHERE k.item_id = i.id) skipped
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN i.state = 'removed' THEN 'removed'
        WHEN i.state = 'escalated' THEN 'lead'
        WHEN EXISTS (SELECT 1 FROM verification_packageitem p WHERE p.item_id = i.id AND p.is_live) THEN 'packed'
        WHEN slots.leased > 0 THEN 'working'
        WHEN slots.open > 0 THEN 'open'
        ELSE 'done' END AS shows
) stands
WHERE i.sample_id = %(sample)s AND i.id > %(after)s AND i.id <= %(to)s AND NOT i.is_gold AND __where__
ORDER BY i.id LIMIT %(limit)s::int
"""
