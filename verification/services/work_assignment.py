"""Giving work to people: slots of items are kept for somebody (`held_for`), whom the queue gives them first."""

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils.translation import gettext as _

from verification.models import ItemChangeKind, Sample
from verification.selectors.items import MOST_CHOSEN
from verification.services.item_changes import note_changes
from webapp.core.errors import BadInput, NotFound
from webapp.projects.models import Membership, Role, Team, TeamMember

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Given:
    """`slots` by person's id; `item_ids` of which at least one slot was given; `left_out`: items of which none was."""

    slots: dict[int, int]
    item_ids: tuple[int, ...]
    left_out: int


def assign_items(*, project_id: int, by_id: int, item_ids: Collection[int], person_ids: Collection[int]) -> Given:
    """Keep the open slots of these items for these people, evenly; what was kept for others before is theirs no more.

    Nobody is given an item they judged, skipped or hold (nor an answer to write to a question they checked), nor two
    slots of one item. Slots for which nobody of them may be taken stay as they are; so do those of a package that is
    judged anew by somebody. Locks the items by id, then the slots.
    Raises BadInput (nobody, too many items, somebody who is no annotator of the project).
    """
    ids = sorted(set(item_ids))
    if len(ids) > MOST_CHOSEN:
        raise BadInput(_("Choose at most %(most)s items at a time.") % {"most": MOST_CHOSEN})
    people = annotators_among(project_id=project_id, person_ids=person_ids)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK_ITEMS, {"project": project_id, "ids": ids})
        cursor.execute(_SLOTS, {"project": project_id, "ids": ids})
        slots = cursor.fetchall()
        cursor.execute(_TOOK_PART, {"ids": [item for _slot, item in slots], "people": people})
        barred = set(cursor.fetchall())
        chosen = share_out(slots, people, barred)
        values = {"slots": list(chosen), "people": list(chosen.values())}
        cursor.execute(_KEEP, values)
        item_of = dict(slots)
        given = tuple(sorted({item_of[slot] for slot in chosen}))
        note_changes(item_ids=given, kind=ItemChangeKind.KEPT, by_id=by_id)
    log.info("project %s: user %s gave %s slots to %s people", project_id, by_id, len(chosen), len(people))
    return Given(dict(Counter(chosen.values())), given, len(ids) - len(given))


def assign_share(*, project_id: int, by_id: int, sample_id: int, count: int, person_ids: Collection[int]) -> Given:
    """Keep the next `count` items of a sample, in the order in which they would be handed out, for these people.

    Raises what `assign_items` raises, and NotFound for a sample of another project.
    """
    if not 1 <= count <= MOST_CHOSEN:
        raise BadInput(_("Give 1 to %(most)s items at a time.") % {"most": MOST_CHOSEN})
    if not Sample.objects.filter(pk=sample_id, project_id=project_id).exists():
        raise NotFound(_("There is no such sample in this project."))
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, {"sample": sample_id, "count": count})
        ids = [row[0] for row in cursor.fetchall()]
    if not ids:
        return Given({}, (), 0)
    return assign_items(project_id=project_id, by_id=by_id, item_ids=ids, person_ids=person_ids)


def unassign_items(*, project_id: int, by_id: int, item_ids: Collection[int]) -> int:
    """Let anybody have the open slots of these items again; how many. Packages judged anew keep theirs. Idempotent."""
    ids = sorted(set(item_ids))[: MOST_CHOSEN + 1]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK_ITEMS, {"project": project_id, "ids": ids})
        cursor.execute(_SLOTS, {"project": project_id, "ids": ids})
        slots = [slot for slot, _item in cursor.fetchall()]
        cursor.execute(_LET_GO, {"slots": slots})
        freed = int(cursor.rowcount)
        note_changes(item_ids=sorted({item for (item,) in cursor.fetchall()}), kind=ItemChangeKind.LET_GO, by_id=by_id)
    log.info("project %s: user %s let go of %s slots", project_id, by_id, freed)
    return freed


def annotators_among(*, project_id: int, person_ids: Collection[int]) -> list[int]:
    """The ids, checked: all of them active annotators of the project. Raises BadInput."""
    wanted = sorted(set(person_ids))
    if not wanted:
        raise BadInput(_("Choose at least one person or team."))
    found = Membership.objects.filter(
        project_id=project_id, role=Role.ANNOTATOR, user__is_active=True, user__in=wanted
    ).values_list("user_id", flat=True)
    if set(found) != set(wanted):
        raise BadInput(_("Only annotators of this project can be given items. Load the page again."))
    return wanted


def annotators_of_teams(*, project_id: int, team_ids: Collection[int]) -> set[int]:
    """Active annotators of the project in these teams. Raises NotFound for a team of another project."""
    wanted = set(team_ids)
    if Team.objects.filter(project_id=project_id, pk__in=wanted).count() < len(wanted):
        raise NotFound(_("There is no such team in this project."))
    members = TeamMember.objects.filter(team__in=wanted).values_list("user_id", flat=True)
    return set(
        Membership.objects.filter(
            project_id=project_id, role=Role.ANNOTATOR, user__is_active=True, user__in=members
        ).values_list("user_id", flat=True)
    )


def share_out(
    slots: Iterable[tuple[int, int]], people: Sequence[int], barred: Collection[tuple[int, int]]
) -> dict[int, int]:
    """slot -> person: evenly, each item's slots to different people, never a `barred` (item, person). Pure."""
    load = dict.fromkeys(people, 0)
    taken = set(barred)
    chosen: dict[int, int] = {}
    for slot, item in slots:
        free = [person for person in people if (item, person) not in taken]
        if not free:
            continue
        person = min(free, key=lambda one: (load[one], one))
        load[person] += 1
        taken.add((item, person))
        chosen[slot] = person
    return chosen


_LOCK_ITEMS = """
SELECT i.id FROM verification_sampleitem i JOIN verification_sample s ON s.id = i.sample_id
WHERE s.project_id = %(project)s AND i.id = ANY(%(ids)s::bigint[]) ORDER BY i.id FOR NO KEY UPDATE OF i
"""
_SLOTS = """
SELECT a.id, a.item_id FROM verification_assignment a
JOIN verification_sampleitem i ON i.id = a.item_id
JOIN verification_sample s ON s.id = i.sample_id
WHERE s.project_id = %(project)s AND a.item_id = ANY(%(ids)s::bigint[]) AND a.state = 'open' AND i.state = 'open'
  AND NOT i.is_gold AND s.is_open
  AND NOT EXISTS (SELECT 1 FROM verification_packageitem p WHERE p.item_id = i.id AND p.is_live)
ORDER BY a.item_id, a.id FOR UPDATE OF a
"""
# (item, person): did, holds or skipped it, or had a part in the question that it comes from.
_TOOK_PART = """
SELECT a.item_id, a.annotator_id FROM verification_assignment a
WHERE a.item_id = ANY(%(ids)s::bigint[]) AND a.annotator_id = ANY(%(people)s::bigint[])
UNION
SELECT k.item_id, k.annotator_id FROM verification_skip k
WHERE k.item_id = ANY(%(ids)s::bigint[]) AND k.annotator_id = ANY(%(people)s::bigint[])
UNION
SELECT i.id, a.annotator_id FROM verification_sampleitem i JOIN verification_assignment a ON a.item_id = i.parent_id
WHERE i.id = ANY(%(ids)s::bigint[]) AND a.annotator_id = ANY(%(people)s::bigint[])
UNION
SELECT child.parent_id, a.annotator_id
FROM verification_sampleitem child JOIN verification_assignment a ON a.item_id = child.id
WHERE child.parent_id = ANY(%(ids)s::bigint[]) AND a.annotator_id = ANY(%(people)s::bigint[])
"""
_KEEP = """
UPDATE verification_assignment a SET held_for_id = chosen.person
FROM unnest(%(slots)s::bigint[], %(people)s::bigint[]) AS chosen (slot, person)
WHERE a.id = chosen.slot AND a.state = 'open'
"""
_LET_GO = """
UPDATE verification_assignment SET held_for_id = NULL
WHERE id = ANY(%(slots)s::bigint[]) AND state = 'open' AND held_for_id IS NOT NULL
RETURNING item_id
"""
_NEXT = """
SELECT item_id FROM (
    SELECT a.item_id, a.priority, a.rank
    FROM verification_assignment a JOIN verification_sampleitem i ON i.id = a.item_id
    WHERE a.sample_id = %(sample)s AND a.state = 'open' AND a.held_for_id IS NULL AND i.state = 'open' AND NOT i.is_gold
    ORDER BY a.priority DESC, a.rank
    LIMIT %(count)s::int * (SELECT overlap FROM verification_sample WHERE id = %(sample)s)
) following
GROUP BY item_id ORDER BY max(priority) DESC, min(rank) LIMIT %(count)s::int
"""
