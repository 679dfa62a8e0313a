"""Leases: who gets which item, for how long. Exactly n people per item, guaranteed by the database (docs/queue.md).

What is held for a person comes first, then the urgent slots, the normal ones, and those for later (`Priority`); of
equal ones first those of the sample with the higher priority. Slots of one priority are handed out in the order of
their rank, from where the person last stopped: the highest rank of what they have or had of it is their cursor. What
lies behind a cursor was passed for good reason (others hold it, it is their own item), so nobody scans it again; a slot
that comes free is moved to just ahead of everybody. A slot that is held for somebody (`held_for`) is found first by
that person and by nobody else, also when its sample is closed: a package that failed is judged anew while experts
review the rest.

One queue serves all kinds of task; a person is given one kind at a time. Only the database's clock counts.
"""

import logging
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
from django.conf import settings
from django.db import IntegrityError, connection

from verification.models import Priority, TaskKind
from verification.services.held_back import MAY_WORK_SQL

log = logging.getLogger(__name__)

MAX_HELD = 20  # of one sample; more than any browser needs ahead, and keeps a script from scraping the queue


@dataclass(frozen=True, slots=True)
class ShownTag:
    concept_id: int
    text: str


@dataclass(frozen=True, slots=True)
class ShownQuestion:
    """A question about `tag`, its answer, and (who writes the right answer sees them) the region's other pairs."""

    tag: str
    question: str
    answer: str
    others: tuple[tuple[str, str], ...] = ()
    concept_id: int = 0


@dataclass(frozen=True, slots=True)
class LeasedItem:
    """What an annotator may see of an item they hold. No scores, sources or names.

    `box` is (x1, y1, x2, y2) in pixels of the image as shown (width × height, EXIF-rotated), x2/y2 exclusive. A tag
    task has `tags`, the others have a `question`.
    """

    assignment_id: int
    item_id: int
    image_id: int
    width: int
    height: int
    mean_luma: float
    box: tuple[float, float, float, float]
    tags: tuple[ShownTag, ...]
    question: ShownQuestion | None = None


SEEN_SQL = """
    JOIN verification_sampleitem i ON i.id = slot.item_id
    JOIN annotation_image image ON image.id = i.image_id
    JOIN annotation_region r ON r.id = i.region_ids[1]
"""
COLUMNS_SQL = """
    slot.id, i.id, image.id, image.width, image.height, image.mean_luma,
    r.x1, r.y1, r.x2, r.y2, coalesce(i.shown->'tags', i.shown)
"""

# A person has at most one slot of an item, whatever the round. Written as scalar subqueries, not NOT EXISTS: that would
# be planned as a join with all the person ever did. `+ 0` keeps the planner from looking through all the person did
# for the item: it would, as long as the table's statistics say that nobody has done anything.
NOT_THEIRS_SQL = """
    (SELECT own.id FROM verification_assignment own
     WHERE own.item_id = a.item_id AND own.annotator_id + 0 = %(user)s LIMIT 1) IS NULL
    AND (SELECT k.id FROM verification_skip k
         WHERE k.item_id = a.item_id AND k.annotator_id = %(user)s LIMIT 1) IS NULL
"""
# Who checked a pair does not write its answer (papers V1 appendix B.3), and who wrote it does not check it again.
_NO_PART_IN_PARENT = """
    AND (SELECT own.id FROM verification_assignment own
         WHERE own.item_id = i.parent_id AND own.annotator_id + 0 = %(user)s LIMIT 1) IS NULL
"""
_NO_PART_IN_ANSWER = """
    AND (a.round = 0
         OR (SELECT own.id FROM verification_sampleitem child JOIN verification_assignment own ON own.item_id = child.id
             WHERE child.parent_id = i.id AND own.annotator_id + 0 = %(user)s LIMIT 1) IS NULL)
"""
_ELIGIBLE = {
    TaskKind.TAG: NOT_THEIRS_SQL,
    TaskKind.QA: NOT_THEIRS_SQL + _NO_PART_IN_ANSWER,
    TaskKind.ANSWER: NOT_THEIRS_SQL + _NO_PART_IN_PARENT,
}

PRIORITIES = sorted(Priority, reverse=True)

# `source` has a row for each sample and priority. What comes first is taken first: its rows are gone through one after
# the other, until there is enough. __if__ is one more condition, __count__ a small number, __kind__ a kind of task and
# __ahead__ where to look: written into the text, because a plan for an unknown limit would sort the whole queue.
# `asked` (OFFSET 0) hides from the planner who asks, and where: PostgreSQL keeps one plan for everybody only while it
# expects no better one for this very person; of somebody who is new it does, and would then plan their every request.
_LEASE_PARTS = f"""
source AS MATERIALIZED (
    SELECT s.id, s.is_open, level.priority, asked.person
    FROM (SELECT %(user)s::bigint AS person, %(project)s::bigint AS project OFFSET 0) asked
    JOIN projects_project p ON p.id = asked.project
    JOIN verification_sample s ON s.project_id = p.id AND s.task_kind = '__kind__' AND (s.is_open __or_kept__)
    CROSS JOIN (VALUES {", ".join(f"({int(one)}::smallint)" for one in PRIORITIES)}) level (priority)
    WHERE p.paused_at IS NULL AND {MAY_WORK_SQL} AND __if__
      AND (SELECT count(*) FROM verification_assignment h
           WHERE h.annotator_id = asked.person AND h.sample_id = s.id AND h.state = 'leased') <= {MAX_HELD} - __count__
    ORDER BY level.priority DESC, s.priority DESC, s.id
), taken AS (
    __kept__
    SELECT next.id, next.item_id, next.round, next.rank
    FROM source s
    CROSS JOIN LATERAL (
        SELECT a.id, a.item_id, a.round, a.rank
        FROM verification_assignment a
        JOIN verification_sampleitem i ON i.id = a.item_id AND i.state = 'open'
        WHERE a.sample_id = s.id AND a.state = 'open' AND a.held_for_id IS NULL AND __ahead__
          AND __eligible__
        ORDER BY a.rank
        LIMIT __count__
        FOR UPDATE OF a SKIP LOCKED
    ) next
    LIMIT __count__
), slot AS (
    UPDATE verification_assignment a
    SET state = 'leased', annotator_id = %(user)s, leased_until = now() + make_interval(secs => %(lease)s)
    FROM __chosen__ chosen WHERE a.id = chosen.id
    RETURNING a.id, a.item_id, a.rank, a.priority
)
"""  # noqa: S608  # the parts are constants of this package
_ONE_OF_EACH_ITEM = "(SELECT DISTINCT ON (item_id) id FROM taken ORDER BY item_id, round, rank)"

# What is kept for the person, before anything else.
_KEPT = f"""
    SELECT held.id, held.item_id, held.round, held.rank
    FROM source s
    CROSS JOIN LATERAL (
        SELECT a.id, a.item_id, a.round, a.rank
        FROM verification_assignment a
        JOIN verification_sampleitem i ON i.id = a.item_id AND i.state = 'open'
        WHERE s.priority = {int(PRIORITIES[0])} AND a.sample_id = s.id AND a.state = 'open'
          AND a.held_for_id = s.person AND (s.is_open OR NOT i.is_gold)
          AND __eligible__
        ORDER BY a.priority DESC, a.rank
        LIMIT __count__
        FOR UPDATE OF a SKIP LOCKED
    ) held
    UNION ALL
"""  # noqa: S608
_OR_KEPT = """
    OR (SELECT held.id FROM verification_assignment held
        WHERE held.held_for_id = asked.person AND held.sample_id = s.id AND held.state = 'open' LIMIT 1) IS NOT NULL
"""
_AND_NOTHING_IS_KEPT = """
    AND (SELECT held.id FROM verification_assignment held
         JOIN verification_sampleitem i ON i.id = held.item_id AND i.state = 'open'
         JOIN verification_sample its ON its.id = held.sample_id
          AND its.project_id = p.id AND its.task_kind = '__kind__'
         WHERE held.held_for_id = asked.person AND held.state = 'open' AND (its.is_open OR NOT i.is_gold) LIMIT 1
        ) IS NULL
"""

# A lease need not outlive a crash of the database: its slot is open again then, and the verdict comes as a late one. So
# the statement does not wait for the disk when it is a transaction of its own.
_COMMIT_LATER = "set_config('synchronous_commit', 'off', true) = 'off'"

# Held slots do not move the cursor: they are found without it. The last rank is read off the end of an index, which
# `max(rank)` is not while the table's statistics still say that nobody has done anything.
AHEAD_SQL = """
    a.priority = __priority__
    AND a.rank >= coalesce((SELECT c.rank FROM verification_assignment c
                            WHERE c.annotator_id = %(user)s AND c.sample_id = s.id AND c.priority = __priority__
                              AND c.held_for_id IS NULL
                            ORDER BY c.rank DESC LIMIT 1),
                           -9223372036854775808)
"""
# A second look at what the cursor passed: bounded, and only when nothing is ahead.
BEHIND_SQL = """
    a.id IN (SELECT early.id FROM verification_assignment early
             WHERE early.sample_id = s.id AND early.state = 'open' AND early.priority = __priority__
               AND early.held_for_id IS NULL
             ORDER BY early.rank LIMIT 1000)
"""

_HELD = f"""
WITH slot AS (
    UPDATE verification_assignment a SET leased_until = now() + make_interval(secs => %(lease)s)
    FROM verification_sample s
    JOIN projects_project p ON p.id = s.project_id
    WHERE a.annotator_id = %(user)s AND a.state = 'leased' AND s.id = a.sample_id
      AND s.project_id = %(project)s AND s.task_kind = '__kind__' AND p.paused_at IS NULL
      AND (s.is_open OR a.held_for_id IS NOT NULL)
      AND {MAY_WORK_SQL}
    RETURNING a.id, a.item_id, a.rank, a.priority
)
SELECT {COLUMNS_SQL} FROM slot {SEEN_SQL} ORDER BY slot.priority DESC, slot.rank
"""  # noqa: S608

# Just ahead of everybody who works on the sample of slot `a`, as far as they have come at its priority: the next person
# who asks meets it.
AHEAD_OF_EVERYBODY_SQL = """
    (SELECT coalesce(least(max(top.rank), 9223372036854775806) + 1, a.rank)
     FROM (SELECT DISTINCT m.user_id FROM projects_membership m
           JOIN verification_sample fs ON fs.project_id = m.project_id
           WHERE fs.id = a.sample_id AND m.role = 'annotator') person
     CROSS JOIN LATERAL (
         SELECT c.rank FROM verification_assignment c
         WHERE c.annotator_id = person.user_id AND c.sample_id = a.sample_id AND c.priority = a.priority
         ORDER BY c.rank DESC LIMIT 1) top)
"""

_FREE = f"""
UPDATE verification_assignment a
SET state = 'open', annotator_id = NULL, leased_until = NULL, rank = {AHEAD_OF_EVERYBODY_SQL}
WHERE a.id IN (
    SELECT l.id FROM verification_assignment l JOIN verification_sample s ON s.id = l.sample_id
    WHERE l.state = 'leased' AND __which__
    FOR UPDATE OF l SKIP LOCKED)
"""  # noqa: S608


def lease_items(*, project_id: int, user_id: int, count: int, kind: TaskKind = TaskKind.TAG) -> list[LeasedItem]:
    """What the person holds of this kind, renewed, topped up to `count` items; in the order to be worked on.

    Calling it again gives the same items (a reloaded page goes on where it was). Empty when the project or
    the person is paused, or nothing is open for them.
    """
    held = held_items(project_id=project_id, user_id=user_id, kind=kind)
    return held + lease_next(project_id=project_id, user_id=user_id, count=count - len(held), kind=kind)


def held_items(*, project_id: int, user_id: int, kind: TaskKind = TaskKind.TAG) -> list[LeasedItem]:
    """What the person holds of this kind, renewed, in the order to be worked on."""
    return _fetch(_HELD.replace("__kind__", kind.value), lease_values(project_id, user_id))


def lease_next(*, project_id: int, user_id: int, count: int, kind: TaskKind = TaskKind.TAG) -> list[LeasedItem]:
    """Up to `count` items the person neither holds, did nor skipped, leased to them. One statement when some are open.

    What is held for the person comes first. Locks the slots it takes, skips those that others are taking. Nothing when
    the person would hold more than MAX_HELD. When nothing is open, leases that lapsed are freed first.
    """
    count = min(count, MAX_HELD)
    if count < 1:
        return []
    items = _take(AHEAD_SQL, project_id, user_id, count, kind)
    if not items:
        free_lapsed_leases(project_id=project_id)
        items = _take(AHEAD_SQL, project_id, user_id, count, kind) or _take(
            BEHIND_SQL, project_id, user_id, count, kind
        )
    return items


def release_items(*, project_id: int, user_id: int, assignment_ids: list[int] | None = None) -> int:
    """Give back what the person holds in the project, or only `assignment_ids` of it. Returns how many. Idempotent."""
    which = "s.project_id = %(project)s AND l.annotator_id = %(user)s"
    parameters: dict[str, Any] = {"project": project_id, "user": user_id}
    if assignment_ids is not None:
        which += " AND l.id = ANY(%(ids)s::bigint[])"
        parameters["ids"] = assignment_ids
    return _execute(_FREE.replace("__which__", which), parameters)


def free_lapsed_leases(*, project_id: int | None = None) -> int:
    """Open the slots whose lease has lapsed, in one project or in all. Returns how many. For the timer and for
    whoever finds nothing open. Idempotent; slots that are just being submitted are left alone."""
    if project_id is None:
        return _execute(_FREE.replace("__which__", "l.leased_until < now()"), {})
    which = "l.leased_until < now() AND s.project_id = %(project)s"
    return _execute(_FREE.replace("__which__", which), {"project": project_id})


@lru_cache(maxsize=256)
def lease_parts(count: int, *, kind: TaskKind, ahead: str, condition: str, with_kept: bool = True) -> str:
    """The named parts of a statement that leases up to `count` slots; the last one, `slot`, has what was leased.

    Without `with_kept` it leases nothing when something is kept for the person: much less for PostgreSQL to set up.
    """
    ahead = ahead.replace("__priority__", "s.priority").replace("%(user)s", "s.person")
    return (
        _LEASE_PARTS.replace("__kept__", _KEPT if with_kept else "")
        .replace("__or_kept__", _OR_KEPT if with_kept else "")
        .replace("__if__", condition if with_kept else condition + _AND_NOTHING_IS_KEPT)
        .replace("__ahead__", f"s.is_open AND {ahead}" if with_kept else ahead)
        .replace("__chosen__", _ONE_OF_EACH_ITEM if count > 1 else "taken")
        .replace("__eligible__", _ELIGIBLE[kind].replace("%(user)s", "s.person"))
        .replace("__kind__", kind.value)
        .replace("__count__", str(int(count)))
    )


def at_priority(statement: str, priority: Priority) -> str:
    """AHEAD_SQL or BEHIND_SQL, or what is made of them, for the slots of one priority."""
    return statement.replace("__priority__", str(int(priority)))


def eligible_sql(kind: TaskKind) -> str:
    """Whether slot `a` of item `i` may be given to %(user)s: a condition for statements about a person's open work."""
    return _ELIGIBLE[kind]


def _take(ahead: str, project_id: int, user_id: int, count: int, kind: TaskKind) -> list[LeasedItem]:
    items: list[LeasedItem] = []
    while len(items) < count:  # fewer come when two slots of one item stand side by side
        more = _take_once(ahead, project_id, user_id, count - len(items), kind)
        if not more:
            break
        items += more
    return items


def _take_once(ahead: str, project_id: int, user_id: int, count: int, kind: TaskKind) -> list[LeasedItem]:
    condition = "true" if connection.in_atomic_block else _COMMIT_LATER
    parts = lease_parts(count, kind=kind, ahead=ahead, condition=condition)
    statement = f"WITH {parts} SELECT {COLUMNS_SQL} FROM slot {SEEN_SQL} ORDER BY slot.priority DESC, slot.rank"  # noqa: S608
    for _attempt in range(3):
        try:
            return _fetch(statement, lease_values(project_id, user_id))
        except IntegrityError:
            if connection.in_atomic_block:
                raise
            # The same person asked twice at once and both requests met the same item: the constraint let one through.
            log.info("person %s asked for items twice at once", user_id)
    return []


def lease_values(project_id: int, user_id: int) -> dict[str, Any]:
    """Parameters of the statements above."""
    return {"project": project_id, "user": user_id, "lease": float(settings.ARGUS_LEASE_SECONDS)}


def _fetch(statement: str, parameters: dict[str, Any]) -> list[LeasedItem]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return [leased_item(row) for row in cursor.fetchall()]


def _execute(statement: str, parameters: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def leased_item(row: tuple[Any, ...]) -> LeasedItem:
    """An item from a row of COLUMNS_SQL."""
    assignment_id, item_id, image_id, width, height, luma, x1, y1, x2, y2, shown = row
    content = orjson.loads(shown)
    where = (assignment_id, item_id, image_id, width, height, luma, (x1, y1, x2, y2))
    if isinstance(content, list):
        return LeasedItem(*where, tuple(ShownTag(tag["concept_id"], tag["text"]) for tag in content))
    others = tuple((pair["question"], pair["answer"]) for pair in content.get("others", ()))
    tag = content["tag"]
    question = ShownQuestion(tag["text"], content["question"], content["answer"], others, tag["concept_id"])
    return LeasedItem(*where, (), question)
