"""What pages show of review packages: an expert's desk, one package, what is with the lead. Found by index."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db import connection

from verification.models import ReviewPackage
from verification.services.reviewers import MAY_REDO_SQL, MAY_REVIEW_SQL

WAITING_SHOWN = 20
DECIDED_SHOWN = 20
WITH_LEAD_SHOWN = 50
# Packages nobody may review are looked for among so many of the oldest.
LOOKED_THROUGH = 50


@dataclass(frozen=True, slots=True)
class PackageRow:
    """A package in a list. `ruled` of `size` items are judged; `right` once it is closed, None before."""

    id: int
    task_kind: str
    loop_number: int
    size: int
    threshold: float
    ruled: int
    right: int | None
    passed: bool
    held_until: datetime | None
    decided_at: datetime | None
    is_lapsed: bool


@dataclass(frozen=True, slots=True)
class Desk:
    """waiting: what the expert may take, the oldest first (`more` if there are more than shown); held: what they have;
    decided: what they closed, the latest first; `after` leads to the next ones."""

    waiting: list[PackageRow]
    more: bool
    held: list[PackageRow]
    decided: list[PackageRow]
    after: int | None


@dataclass(frozen=True, slots=True)
class PackedTag:
    """A tag as it was shown, whether the annotator marked it as wrong, and whether the expert says it is."""

    concept_id: int
    text: str
    is_rejected: bool
    is_ruled_wrong: bool | None


@dataclass(frozen=True, slots=True)
class PackedItem:
    """One item of a package: what was asked, what was said, what the expert said of it.

    box: (x1, y1, x2, y2) in pixels of the photo as shown, x2/y2 exclusive. `written` is the annotator's own text: the
    answer, or the right tag. state: "" before it is ruled on, "agree" or "disagree".
    """

    id: int
    item_id: int
    position: int
    image_id: int
    width: int
    height: int
    mean_luma: float
    box: tuple[float, float, float, float]
    tags: tuple[PackedTag, ...]
    tag: str
    question: str
    answer: str
    others: tuple[tuple[str, str], ...]
    choice: str
    is_bad_box: bool
    written: str
    state: str
    reason: str
    ruled_choice: str
    ruled_bad_box: bool
    correction: str
    note: str

    @property
    def number(self) -> int:
        return self.position + 1

    @property
    def rejected_ids(self) -> list[int]:
        return [tag.concept_id for tag in self.tags if tag.is_rejected]

    @property
    def ruled_ids(self) -> list[int]:
        return [tag.concept_id for tag in self.tags if tag.is_ruled_wrong]


@dataclass(frozen=True, slots=True)
class WithLead:
    """An escalated package. `people`: (id, name) of those who may judge it anew."""

    row: PackageRow
    attempt: int
    escalation: str
    author: str
    expert: str
    people: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class LeadsPackages:
    """counts: packages by state; with_lead: what they must settle; blocked: those that wait for an expert although no
    expert of the project may take them (`looked_through` of the oldest were looked at)."""

    counts: dict[str, int]
    with_lead: list[WithLead]
    blocked: list[PackageRow]
    has_expert: bool


def desk_of(*, project_id: int, user_id: int, after: int | None = None) -> Desk:
    """The expert's desk. `after`: the id below which the decided ones are listed. Three queries."""
    values = {"project": project_id, "user": user_id, "after": after or 2**62}
    waiting = _rows(_WAITING, values)
    decided = _rows(_DECIDED, values)
    return Desk(
        waiting=waiting[:WAITING_SHOWN],
        more=len(waiting) > WAITING_SHOWN,
        held=_rows(_HELD, values),
        decided=decided[:DECIDED_SHOWN],
        after=decided[DECIDED_SHOWN - 1].id if len(decided) > DECIDED_SHOWN else None,
    )


def package_of_expert(*, project_id: int, user_id: int, package_id: int) -> ReviewPackage | None:
    """The package if this expert holds or has closed it."""
    return (
        ReviewPackage.objects.filter(pk=package_id, project_id=project_id, expert_id=user_id)
        .select_related("sample__loop")
        .first()
    )


def package_of_project(*, project_id: int, package_id: int) -> ReviewPackage | None:
    return (
        ReviewPackage.objects.filter(pk=package_id, project_id=project_id)
        .select_related("sample__loop", "author", "expert", "settled_by", "parent")
        .first()
    )


def packed_items(package_id: int) -> list[PackedItem]:
    """The package's items in their order, without removed ones. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_ITEMS, {"package": package_id})
        return [_packed_item(row) for row in cursor.fetchall()]


def packages_of_loop(loop_id: int) -> tuple[int, int]:
    """(those that wait for nobody any more, all) of a loop's packages; second looks do not count. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_OF_LOOP, {"loop": loop_id})
        settled, total = cursor.fetchone()
    return settled, total


def leads_packages(*, project_id: int) -> LeadsPackages:
    """Four queries, and one per escalated package shown."""
    values: dict[str, Any] = {"project": project_id}
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, values)
        counts = dict(cursor.fetchall())
        cursor.execute(_WITH_LEAD, values)
        escalated = cursor.fetchall()
        people = {}
        for row in escalated:
            cursor.execute(_MAY_REDO, {"package": row[0]})
            people[row[0]] = tuple(cursor.fetchall())
        cursor.execute(_EXPERTS, values)
        experts = [row[0] for row in cursor.fetchall()]
    with_lead = [WithLead(_row(row[:11]), row[11], row[12], row[13], row[14], people[row[0]]) for row in escalated]
    blocked = _rows(_blocked_by(len(experts)), {**values, **_numbered(experts)}) if experts else []
    return LeadsPackages(counts, with_lead, blocked, bool(experts))


def _blocked_by(experts: int) -> str:
    """READY packages that none of so many experts may take."""
    refused = " AND ".join(
        f"NOT ({MAY_REVIEW_SQL.replace('%(user)s', f'%(user{number})s')})" for number in range(experts)
    )
    return _BLOCKED.replace("__nobody__", refused)


def _numbered(experts: Sequence[int]) -> dict[str, int]:
    return {f"user{number}": expert for number, expert in enumerate(experts)}


def _rows(statement: str, values: dict[str, Any]) -> list[PackageRow]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [_row(row) for row in cursor.fetchall()]


def _row(row: tuple[Any, ...]) -> PackageRow:
    return PackageRow(*row)


def _packed_item(row: tuple[Any, ...]) -> PackedItem:
    (key, item_id, position, image_id, width, height, luma, x1, y1, x2, y2, shown, choice, rejected, is_bad_box) = row[
        :15
    ]
    written, agrees, reason, ruled, ruled_choice, ruled_bad_box, correction, note = row[15:]
    content = orjson.loads(shown)
    tags = tuple(
        PackedTag(
            tag["concept_id"],
            tag["text"],
            tag["concept_id"] in rejected,
            None if ruled is None else tag["concept_id"] in ruled,
        )
        for tag in content.get("tags", ())
    )
    return PackedItem(
        id=key,
        item_id=item_id,
        position=position,
        image_id=image_id,
        width=width,
        height=height,
        mean_luma=luma,
        box=(x1, y1, x2, y2),
        tags=tags,
        tag=content.get("tag", {}).get("text", ""),
        question=content.get("question", ""),
        answer=content.get("answer", ""),
        others=tuple((pair["question"], pair["answer"]) for pair in content.get("others", ())),
        choice=choice,
        is_bad_box=is_bad_box,
        written=written,
        state="" if agrees is None else "agree" if agrees else "disagree",
        reason=reason or "",
        ruled_choice=ruled_choice or "",
        ruled_bad_box=bool(ruled_bad_box),
        correction=correction or "",
        note=note or "",
    )


_COLUMNS = """
    p.id, sample.task_kind, loop.number, p.size, p.threshold,
    (SELECT count(*) FROM verification_packageitem packed
     JOIN verification_ruling ruling ON ruling.package_item_id = packed.id WHERE packed.package_id = p.id),
    p.right_items, p.state = 'accepted', p.held_until, p.decided_at, coalesce(p.held_until < now(), false)
"""
_OF = """
    JOIN verification_sample sample ON sample.id = p.sample_id
    JOIN annotation_loop loop ON loop.id = sample.loop_id
"""
_WAITING = f"""
SELECT p.id, sample.task_kind, loop.number, p.size, p.threshold, 0, p.right_items, false, p.held_until, p.decided_at,
       coalesce(p.held_until < now(), false)
FROM verification_reviewpackage p {_OF}
WHERE p.project_id = %(project)s AND p.state IN ('ready', 'reviewing')
  AND (p.state = 'ready' OR p.held_until < now() AND p.expert_id <> %(user)s)
  AND {MAY_REVIEW_SQL}
ORDER BY p.id LIMIT {WAITING_SHOWN + 1}
"""  # noqa: S608  # made of constants
_HELD = f"""
SELECT {_COLUMNS} FROM verification_reviewpackage p {_OF}
WHERE p.expert_id = %(user)s AND p.project_id = %(project)s AND p.state = 'reviewing'
ORDER BY p.id
"""  # noqa: S608
_DECIDED = f"""
SELECT {_COLUMNS} FROM verification_reviewpackage p {_OF}
WHERE p.expert_id = %(user)s AND p.project_id = %(project)s AND p.right_items IS NOT NULL AND p.id < %(after)s
ORDER BY p.id DESC LIMIT {DECIDED_SHOWN + 1}
"""  # noqa: S608
_COUNTS = """
SELECT state, count(*) FROM verification_reviewpackage
WHERE project_id = %(project)s AND second_look_of_id IS NULL GROUP BY state
"""
_OF_LOOP = """
SELECT count(*) FILTER (WHERE p.state NOT IN ('redo', 'ready', 'reviewing', 'escalated')), count(*)
FROM verification_sample sample JOIN verification_reviewpackage p ON p.sample_id = sample.id
WHERE sample.loop_id = %(loop)s AND p.second_look_of_id IS NULL
"""
_WITH_LEAD = f"""
SELECT {_COLUMNS}, p.attempt, p.escalation,
       coalesce(nullif(trim(concat_ws(' ', author.first_name, author.last_name)), ''), author.username, ''),
       coalesce(nullif(trim(concat_ws(' ', expert.first_name, expert.last_name)), ''), expert.username, '')
FROM verification_reviewpackage p {_OF}
LEFT JOIN accounts_user author ON author.id = p.author_id
LEFT JOIN accounts_user expert ON expert.id = p.expert_id
WHERE p.project_id = %(project)s AND p.state = 'escalated'
ORDER BY p.id LIMIT {WITH_LEAD_SHOWN}
"""  # noqa: S608
_MAY_REDO = f"""
SELECT person.id, coalesce(nullif(trim(concat_ws(' ', person.first_name, person.last_name)), ''), person.username)
FROM verification_reviewpackage p
JOIN projects_membership annotating ON annotating.project_id = p.project_id AND annotating.role = 'annotator'
JOIN accounts_user person ON person.id = annotating.user_id
WHERE p.id = %(package)s AND {MAY_REDO_SQL}
ORDER BY person.username
"""  # noqa: S608
_EXPERTS = """
SELECT person.id FROM projects_membership member JOIN accounts_user person ON person.id = member.user_id
WHERE member.project_id = %(project)s AND member.role = 'expert' AND person.is_active ORDER BY person.id LIMIT 20
"""
_BLOCKED = f"""
SELECT {_COLUMNS} FROM (
    SELECT * FROM verification_reviewpackage
    WHERE project_id = %(project)s AND state = 'ready' AND second_look_of_id IS NULL
    ORDER BY id LIMIT {LOOKED_THROUGH}
) p {_OF}
WHERE __nobody__
ORDER BY p.id
"""  # noqa: S608
_ITEMS = """
SELECT packed.id, item.id, packed.position, image.id, image.width, image.height, image.mean_luma,
       region.x1, region.y1, region.x2, region.y2, item.shown, packed.choice, packed.rejected_ids, packed.is_bad_box,
       coalesce((SELECT string_agg(wording.text, ' / ' ORDER BY wording.id) FROM verification_wording wording
                 WHERE wording.verdict_id = ANY (packed.verdict_ids) AND wording.text <> ''), ''),
       ruling.agrees, ruling.reason, ruling.rejected_ids, ruling.choice, ruling.is_bad_box,
       (SELECT text FROM verification_wording WHERE ruling_id = ruling.id AND kind = 'correction'),
       (SELECT text FROM verification_wording WHERE ruling_id = ruling.id AND kind = 'note')
FROM verification_packageitem packed
JOIN verification_sampleitem item ON item.id = packed.item_id AND item.state = 'open'
JOIN annotation_image image ON image.id = item.image_id
JOIN annotation_region region ON region.id = item.region_ids[1]
LEFT JOIN verification_ruling ruling ON ruling.package_item_id = packed.id
WHERE packed.package_id = %(package)s
ORDER BY packed.position
"""
