"""Items that wait although nobody may take them, why, and for whom: for the lead, who alone can do something about it.

What everybody has passed stands first in the queue, so a bounded look at its beginning finds it; the corpus and the
rest of the queue are never read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db import connection

from verification.models import QualifyingRound
from verification.services.holds import HOLDERS_SQL, STAYS_SQL
from verification.services.queue import PRIORITIES
from webapp.projects.models import Project

LOOK = 1000  # open slots looked at in each sample and priority
SHOWN = 50
MOST_HELD = 5000  # kept slots counted for one person


class Absence(StrEnum):
    """Why a person is given nothing."""

    PAUSED = "paused"
    REQUALIFY = "requalify"
    NOT_QUALIFIED = "not_qualified"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Absent:
    """An annotator who is given nothing now."""

    person_id: int
    name: str
    why: Absence


@dataclass(frozen=True, slots=True)
class Kept:
    """`slots` (counted to MOST_HELD) wait for one person who is given nothing now."""

    person_id: int
    name: str
    why: Absence
    slots: int


@dataclass(frozen=True, slots=True)
class StrandedItem:
    """An item with an open place that every annotator at work had a part in; names: whose."""

    id: int
    image_id: int
    words: tuple[str, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stranded:
    """workers: annotators who are given work now; items: the first SHOWN of `count`; `is_more`: there may be others.

    Without workers every open item waits and none is listed: `is_open` tells whether there are any.
    """

    workers: int
    absent: list[Absent]
    kept: list[Kept]
    items: list[StrandedItem]
    count: int
    is_more: bool
    is_open: bool
    is_paused: bool

    @property
    def is_any(self) -> bool:
        return bool(self.kept or self.items or (self.is_open and (self.is_paused or not self.workers)))


def stranded_in(project: Project) -> Stranded:
    """In five queries, over the people, and the beginnings of the queues of the project's open samples."""
    values: dict[str, Any] = {
        "project": project.pk,
        "qualifying": QualifyingRound.objects.filter(project=project, is_on=True).exists(),
        "most_held": MOST_HELD,
    }
    people = [(person_id, name, Absence(why) if why else None) for person_id, name, why in _rows(_PEOPLE, values)]
    workers = [person_id for person_id, _name, why in people if why is None]
    kept = [Kept(who, name, Absence(why), slots) for who, name, why, slots in _rows(_KEPT, values)]
    found = _without_anybody(values | {"workers": workers}) if workers else []
    shown = found[:SHOWN]
    texts = {row[0]: row for row in _rows(_SHOWN, {"ids": shown})} if shown else {}
    return Stranded(
        workers=len(workers),
        absent=[Absent(person_id, name, why) for person_id, name, why in people if why is not None],
        kept=kept,
        items=[_item(texts[number]) for number in shown],
        count=len(found),
        is_more=len(found) >= LOOK,
        is_open=bool(_rows(_IS_OPEN, values)[0][0]),
        is_paused=project.paused_at is not None,
    )


def _without_anybody(values: dict[str, Any]) -> list[int]:
    looks = " UNION ALL ".join(_LOOK.replace("__priority__", str(int(one))) for one in PRIORITIES)
    return [row[0] for row in _rows(_ITEMS.replace("__looks__", looks), {**values, "look": LOOK})]


def _item(row: Sequence[Any]) -> StrandedItem:
    number, image_id, words, names = row
    return StrandedItem(number, image_id, tuple(word for word in words or () if word), tuple(names or ()))


def _rows(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


_WHY = """
    CASE WHEN member.id IS NULL OR NOT person.is_active THEN 'left'
         WHEN standing.paused_at IS NOT NULL THEN 'paused'
         WHEN standing.requalify_since IS NOT NULL THEN 'requalify'
         WHEN %(qualifying)s AND NOT EXISTS (
             SELECT 1 FROM verification_qualification passed
             WHERE passed.project_id = %(project)s AND passed.person_id = person.id) THEN 'not_qualified' END
"""
_NAME = "coalesce(nullif(trim(person.first_name || ' ' || person.last_name), ''), person.username)"
_PEOPLE = f"""
SELECT person.id, {_NAME}, {_WHY}
FROM projects_membership member
JOIN accounts_user person ON person.id = member.user_id AND person.is_active
LEFT JOIN verification_standing standing ON standing.project_id = %(project)s AND standing.person_id = person.id
WHERE member.project_id = %(project)s AND member.role = 'annotator'
ORDER BY person.id
"""  # noqa: S608  # made of constants
_KEPT = f"""
WITH RECURSIVE {HOLDERS_SQL}
SELECT person.id, {_NAME}, why.why, sum(waiting.slots)
FROM holder
JOIN verification_sample sample ON sample.id = holder.sample_id AND sample.project_id = %(project)s
JOIN accounts_user person ON person.id = holder.person_id
LEFT JOIN projects_membership member ON member.project_id = %(project)s AND member.user_id = person.id
 AND member.role = 'annotator'
LEFT JOIN verification_standing standing ON standing.project_id = %(project)s AND standing.person_id = person.id
CROSS JOIN LATERAL (SELECT {_WHY} AS why) why
CROSS JOIN LATERAL (
    SELECT count(*) AS slots FROM (
        SELECT 1 FROM verification_assignment slot
        WHERE slot.held_for_id = holder.person_id AND slot.sample_id = holder.sample_id AND slot.state = 'open'
          AND NOT ({STAYS_SQL})
        LIMIT %(most_held)s::int) few
) waiting
WHERE why.why IS NOT NULL AND waiting.slots > 0
GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1
"""  # noqa: S608
_IS_OPEN = """
SELECT EXISTS (
    SELECT 1 FROM verification_sample sample
    JOIN verification_assignment slot ON slot.sample_id = sample.id AND slot.state = 'open'
    WHERE sample.project_id = %(project)s AND sample.is_open)
"""
# Of each sample and priority the slots that would be handed out first.
_LOOK = """
    SELECT first.item_id, first.round
    FROM verification_sample sample
    CROSS JOIN LATERAL (
        SELECT slot.item_id, slot.round FROM verification_assignment slot
        WHERE slot.sample_id = sample.id AND slot.state = 'open' AND slot.priority = __priority__
          AND slot.held_for_id IS NULL
        ORDER BY slot.rank LIMIT %(look)s::int) first
    WHERE sample.project_id = %(project)s AND sample.is_open
"""
# The rules of the queue (services/queue.py), for all who work at once: those who had a part in an item are counted,
# which takes a few rows, instead of asking for each person whether they had.
_ITEMS = """
SELECT DISTINCT item.id
FROM (__looks__) looked
JOIN verification_sampleitem item ON item.id = looked.item_id AND item.state = 'open' AND NOT item.is_gold
CROSS JOIN LATERAL (
    SELECT count(DISTINCT part.person_id) AS people
    FROM (
        SELECT own.annotator_id FROM verification_assignment own WHERE own.item_id = item.id
        UNION ALL
        SELECT skip.annotator_id FROM verification_skip skip WHERE skip.item_id = item.id
        UNION ALL
        SELECT own.annotator_id FROM verification_assignment own WHERE own.item_id = item.parent_id
        UNION ALL
        SELECT own.annotator_id FROM verification_sampleitem child
        JOIN verification_assignment own ON own.item_id = child.id
        WHERE child.parent_id = item.id AND looked.round > 0
    ) part (person_id)
    WHERE part.person_id = ANY (%(workers)s::bigint[])
) had
WHERE had.people >= cardinality(%(workers)s::bigint[])
ORDER BY item.id
"""
_SHOWN = f"""
SELECT item.id, item.image_id,
       CASE WHEN item.shown ? 'tags' THEN ARRAY(SELECT tag->>'text' FROM jsonb_array_elements(item.shown->'tags') tag)
            ELSE ARRAY[item.shown #>> '{{tag,text}}', item.shown->>'question', item.shown->>'answer'] END,
       ARRAY(SELECT {_NAME} FROM accounts_user person WHERE person.id IN (
           SELECT own.annotator_id FROM verification_assignment own WHERE own.item_id IN (item.id, item.parent_id)
           UNION SELECT skip.annotator_id FROM verification_skip skip WHERE skip.item_id = item.id
           UNION SELECT own.annotator_id FROM verification_sampleitem child
                 JOIN verification_assignment own ON own.item_id = child.id WHERE child.parent_id = item.id)
             ORDER BY person.id)
FROM verification_sampleitem item WHERE item.id = ANY(%(ids)s::bigint[])
"""  # noqa: S608
