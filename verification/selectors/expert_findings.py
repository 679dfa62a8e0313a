"""What experts found in people's work: by package, item and tag."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from verification.models import QAChoice
from verification.selectors.gold_scores import Score

PACKAGES = 20  # the latest of each person; of the project, where several people judged each item
MOST_CONFUSED = 10


@dataclass(frozen=True, slots=True)
class Finding:
    """One decided package as far as it concerns a person; `items` of theirs, of which `right` stood."""

    package_id: int
    right: int
    items: int
    accepted: bool
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class ConfusedTag:
    """A tag that the person left although it was wrong (`missed`), or marked although it was right (`struck`)."""

    concept_id: int
    text: str
    missed: int
    struck: int


@dataclass(frozen=True, slots=True)
class Confusion:
    """Tag by tag. found: wrong tags marked, of all wrong ones; kept: right tags left, of all right ones.

    choices: (what the person chose, what the expert chose) -> how often, for QA.
    """

    found: Score
    kept: Score
    tags: list[ConfusedTag]
    choices: dict[tuple[str, str], int]


def findings(*, project_id: int, user_ids: list[int]) -> dict[int, list[Finding]]:
    """User id -> their latest decided packages, the oldest first. Two queries, bounded by people and packages."""
    found: dict[int, list[Finding]] = {user_id: [] for user_id in user_ids}
    with connection.cursor() as cursor:
        for statement in (_OWN, _SHARED):
            cursor.execute(statement, {"project": project_id, "users": user_ids})
            for user_id, *finding in cursor.fetchall():
                found[user_id].append(Finding(*finding))
    return {user_id: sorted(each, key=lambda one: one.package_id) for user_id, each in found.items()}


def score_of(found: Iterable[Finding]) -> Score:
    """All packages together."""
    each = list(found)
    return Score(sum(one.right for one in each), sum(one.items for one in each))


def confusion_of(*, project_id: int, user_id: int) -> Confusion:
    """Over the items of the person's latest decided packages. One query."""
    marks = {"found": 0, "missed": 0, "kept": 0, "struck": 0}
    tags: dict[int, list[Any]] = {}
    choices: dict[tuple[str, str], int] = {}
    with connection.cursor() as cursor:
        cursor.execute(_CONFUSION, {"project": project_id, "user": user_id})
        rows = cursor.fetchall()
    for concept_id, text, said, truth, choice, right_choice, count in rows:
        if concept_id is None:
            if choice in QAChoice.values and right_choice in QAChoice.values:
                choices[choice, right_choice] = choices.get((choice, right_choice), 0) + count
            continue
        kind = ("found" if said else "missed") if truth else ("struck" if said else "kept")
        marks[kind] += count
        if kind in ("missed", "struck"):
            tag = tags.setdefault(concept_id, [text, 0, 0])
            tag[1 if kind == "missed" else 2] += count
    confused = [ConfusedTag(concept_id, *tag) for concept_id, tag in tags.items()]
    confused.sort(key=lambda tag: (-tag.missed - tag.struck, tag.text))
    return Confusion(
        Score(marks["found"], marks["found"] + marks["missed"]),
        Score(marks["kept"], marks["kept"] + marks["struck"]),
        confused[:MOST_CONFUSED],
        choices,
    )


# Packages of one author that an expert has closed: an item is right when the expert agreed.
_OWN = f"""
SELECT person.id, made.id, made.right_items, made.size, made.state = 'accepted', made.decided_at
FROM unnest(%(users)s::bigint[]) person (id)
CROSS JOIN LATERAL (
    SELECT id, right_items, size, state, decided_at FROM verification_reviewpackage
    WHERE author_id = person.id AND project_id = %(project)s AND right_items IS NOT NULL
      AND second_look_of_id IS NULL
    ORDER BY id DESC LIMIT {PACKAGES}
) made
"""  # noqa: S608  # a constant of this module
# Packages of what the majority said: each person's own verdict is held against what the expert decided.
_SHARED = f"""
SELECT verdict.annotator_id, made.id,
       count(*) FILTER (WHERE verdict.choice = ruling.choice AND verdict.is_bad_box = ruling.is_bad_box
                          AND verdict.rejected_ids @> ruling.rejected_ids
                          AND verdict.rejected_ids <@ ruling.rejected_ids),
       count(*), made.state = 'accepted', made.decided_at
FROM (SELECT id, state, decided_at FROM verification_reviewpackage
      WHERE project_id = %(project)s AND author_id IS NULL AND right_items IS NOT NULL
        AND second_look_of_id IS NULL
      ORDER BY id DESC LIMIT {PACKAGES}) made
JOIN verification_packageitem packed ON packed.package_id = made.id
JOIN verification_ruling ruling ON ruling.package_item_id = packed.id
JOIN verification_verdict verdict ON verdict.id = ANY(packed.verdict_ids)
WHERE verdict.annotator_id = ANY(%(users)s::bigint[])
GROUP BY verdict.annotator_id, made.id, made.state, made.decided_at
"""  # noqa: S608

# One row per tag and per choice that occurs; whether it was marked, and whether the expert says it is wrong.
_CONFUSION = f"""
WITH made AS (
    (SELECT id FROM verification_reviewpackage
     WHERE author_id = %(user)s AND project_id = %(project)s AND right_items IS NOT NULL
       AND second_look_of_id IS NULL
     ORDER BY id DESC LIMIT {PACKAGES})
    UNION
    (SELECT id FROM verification_reviewpackage
     WHERE author_id IS NULL AND project_id = %(project)s AND right_items IS NOT NULL
       AND second_look_of_id IS NULL
     ORDER BY id DESC LIMIT {PACKAGES})
), judged AS (
    SELECT item.shown, verdict.choice, verdict.rejected_ids AS said, ruling.choice AS right_choice,
           ruling.rejected_ids AS wrong
    FROM made
    JOIN verification_packageitem packed ON packed.package_id = made.id
    JOIN verification_ruling ruling ON ruling.package_item_id = packed.id
    JOIN verification_verdict verdict
      ON verdict.id = ANY(packed.verdict_ids) AND verdict.annotator_id = %(user)s
    JOIN verification_sampleitem item ON item.id = packed.item_id
)
SELECT (tag ->> 'concept_id')::bigint, max(tag ->> 'text'), (tag ->> 'concept_id')::bigint = ANY(judged.said),
       (tag ->> 'concept_id')::bigint = ANY(judged.wrong), '', '', count(*)
FROM judged CROSS JOIN LATERAL jsonb_array_elements(judged.shown -> 'tags') tag
GROUP BY 1, 3, 4
UNION ALL
SELECT NULL, NULL, NULL, NULL, choice, right_choice, count(*)
FROM judged WHERE choice <> '' GROUP BY choice, right_choice
"""  # noqa: S608
