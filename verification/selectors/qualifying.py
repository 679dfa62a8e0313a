"""What the qualifying round asks, of whom, and what is known about the items it can be made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from verification.models import (
    Qualification,
    QualifyingAnswer,
    QualifyingItem,
    QualifyingRound,
    SampleItem,
)
from verification.models import Standing as PersonStanding

CANDIDATES = 60


@dataclass(frozen=True, slots=True)
class KnownItem:
    """An item of which an expert agreed with every mark, in an accepted package."""

    item_id: int
    choice: str
    rejected_ids: list[int]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where somebody is in the round. `item` is what is asked now: None when nothing is (passed, or no round is on).

    `asked` and `right` count the present attempt; `failed` is the score of the one before it, if that was not enough.
    """

    round: QualifyingRound | None
    is_needed: bool
    item: QualifyingItem | None = None
    attempt: int = 1
    asked: int = 0
    right: int = 0
    failed: int | None = None


_KNOWN = """
SELECT packed.item_id, packed.choice, packed.rejected_ids
FROM verification_reviewpackage package
JOIN verification_packageitem packed ON packed.package_id = package.id AND packed.is_live AND NOT packed.is_bad_box
JOIN verification_ruling ruling ON ruling.package_item_id = packed.id AND ruling.agrees
JOIN verification_sampleitem item ON item.id = packed.item_id AND item.state = 'open' AND NOT item.is_gold
JOIN verification_sample sample ON sample.id = item.sample_id AND sample.task_kind IN ('tag', 'qa')
WHERE package.project_id = %(project)s AND package.state = 'accepted' AND package.second_look_of_id IS NULL
  AND (%(items)s::bigint[] IS NULL OR packed.item_id = ANY(%(items)s::bigint[]))
ORDER BY package.id DESC, packed.position LIMIT %(limit)s::int
"""


def known_items(*, project_id: int, item_ids: Sequence[int] | None = None) -> list[KnownItem]:
    """Items with a known right decision: those named, or the latest 60."""
    values = {"project": project_id, "items": None if item_ids is None else list(item_ids), "limit": CANDIDATES}
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, values | ({} if item_ids is None else {"limit": len(item_ids)}))
        return [KnownItem(*row) for row in cursor.fetchall()]


def items_with_photos(item_ids: Sequence[int]) -> dict[int, SampleItem]:
    """The items with their photo and kind, by id."""
    return SampleItem.objects.select_related("image", "sample").in_bulk(list(item_ids))


def is_needed(*, project_id: int, user_id: int) -> bool:
    """Whether the person has to pass a round before they are given work."""
    if not QualifyingRound.objects.filter(project_id=project_id, is_on=True).exists():
        return False
    if PersonStanding.objects.filter(project_id=project_id, person_id=user_id, requalify_since__isnull=False).exists():
        return True
    return not Qualification.objects.filter(project_id=project_id, person_id=user_id).exists()


def standing_of(*, project_id: int, user_id: int) -> Standing:
    """Where the person is: in an attempt of `size` items, drawn anew from the round's items for each attempt."""
    round_ = QualifyingRound.objects.filter(project_id=project_id, is_on=True).first()
    if round_ is None or not is_needed(project_id=project_id, user_id=user_id):
        return Standing(round_, is_needed=False)
    since = (
        PersonStanding.objects.filter(project_id=project_id, person_id=user_id)
        .values_list("requalify_since", flat=True)
        .first()
    )
    answers = QualifyingAnswer.objects.filter(item__round=round_, person_id=user_id).order_by("attempt", "pk")
    said = list(answers.values_list("attempt", "item_id", "is_right", "created_at"))
    latest = said[-1][0] if said else 1
    current = [row for row in said if row[0] == latest]
    # A lead's wish that somebody qualifies again begins a new attempt.
    is_old = bool(since and current and current[0][3] < since)
    if len(current) >= round_.size or is_old:
        failed = None if is_old else sum(row[2] for row in current)
        return _attempt(round_, user_id, latest + 1, [], failed)
    before = [row for row in said if row[0] == latest - 1]
    failed = sum(row[2] for row in before) if before and not current else None
    return _attempt(round_, user_id, latest, [(row[1], row[2]) for row in current], failed)


_IN_ORDER = """
SELECT id FROM verification_qualifyingitem WHERE round_id = %(round)s
ORDER BY hashint8extended(id, %(seed)s), id LIMIT %(size)s::int
"""


def _attempt(
    round_: QualifyingRound, user_id: int, attempt: int, said: list[tuple[int, bool]], failed: int | None
) -> Standing:
    with connection.cursor() as cursor:
        cursor.execute(_IN_ORDER, {"round": round_.pk, "seed": user_id * 1000 + attempt, "size": round_.size})
        order = [row[0] for row in cursor.fetchall()]
    done = {item_id for item_id, _is_right in said}
    following = next((item_id for item_id in order if item_id not in done), None)
    items = QualifyingItem.objects.select_related("item__image", "item__sample")
    item = None if following is None else items.filter(pk=following).first()
    right = sum(is_right for _item, is_right in said)
    return Standing(round_, True, item, attempt, len(said), right, failed)
