"""What experts found wrong in a person's work, for that person: no names, no gold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from verification.models import WordingKind

PACKAGES_LOOKED_AT = 50


@dataclass(frozen=True, slots=True)
class Feedback:
    """One item on which an expert decided otherwise.

    left: tags the person left as right that are wrong; struck: tags they marked that are right; choice and right_choice
    for QA ("" where there is none); answer: what the expert wrote instead; reason: a DisagreeReason; note: the expert's
    own words. key: of the person's verdict. box: (x1, y1, x2, y2) in pixels of the photo.
    """

    item_id: int
    key: UUID
    image_id: int
    width: int
    height: int
    box: tuple[float, float, float, float]
    task_kind: str
    left: list[str]
    struck: list[str]
    choice: str
    right_choice: str
    answer: str
    reason: str
    note: str
    decided_at: datetime


def feedback_of(*, project_id: int, user_id: int, limit: int, before: int | None = None) -> list[Feedback]:
    """The latest first. before: only of packages below this number. One query, over the latest packages."""
    values = {"project": project_id, "user": user_id, "limit": limit, "before": before or 2**62}
    with connection.cursor() as cursor:
        cursor.execute(_FEEDBACK, values)
        return [_feedback(row) for row in cursor.fetchall()]


def feedback_on(*, project_id: int, user_id: int, key: UUID) -> Feedback | None:
    """What experts said of the person's verdict with this key, once the package is decided; None if nothing."""
    with connection.cursor() as cursor:
        cursor.execute(_FEEDBACK_ON, {"project": project_id, "user": user_id, "key": key})
        row = cursor.fetchone()
    return None if row is None else _feedback(row)


def _feedback(row: tuple[Any, ...]) -> Feedback:
    item, key, image, width, height, x1, y1, x2, y2, kind, tags, said, wrong, choice, right, *rest = row
    texts = {tag["concept_id"]: tag["text"] for tag in orjson.loads(tags or "[]")}
    return Feedback(
        *(item, key, image, width, height, (x1, y1, x2, y2), kind),
        [text for concept, text in texts.items() if concept in wrong and concept not in said],
        [text for concept, text in texts.items() if concept in said and concept not in wrong],
        choice,
        right,
        *rest,
    )


_COLUMNS = """
SELECT item.id, verdict.key, image.id, image.width, image.height, region.x1, region.y1, region.x2, region.y2,
       sample.task_kind, item.shown -> 'tags', verdict.rejected_ids, ruling.rejected_ids, verdict.choice, ruling.choice,
       coalesce(answer.text, ''), ruling.reason, coalesce(note.text, ''), made.decided_at
"""
_JOINS = f"""
JOIN verification_packageitem packed ON packed.package_id = made.id
JOIN verification_ruling ruling ON ruling.package_item_id = packed.id AND NOT ruling.agrees
JOIN verification_verdict verdict ON verdict.id = ANY(packed.verdict_ids) AND verdict.annotator_id = %(user)s
 AND (verdict.choice <> ruling.choice OR verdict.is_bad_box <> ruling.is_bad_box
      OR NOT (verdict.rejected_ids @> ruling.rejected_ids AND verdict.rejected_ids <@ ruling.rejected_ids)
      OR cardinality(packed.verdict_ids) = 1)
JOIN verification_sampleitem item ON item.id = packed.item_id AND NOT item.is_gold
JOIN verification_sample sample ON sample.id = item.sample_id
JOIN annotation_image image ON image.id = item.image_id
JOIN annotation_region region ON region.id = item.region_ids[1]
LEFT JOIN verification_wording note ON note.ruling_id = ruling.id AND note.kind = '{WordingKind.NOTE.value}'
LEFT JOIN verification_wording answer ON answer.ruling_id = ruling.id AND answer.kind = '{WordingKind.CORRECTION.value}'
"""
_FEEDBACK = f"""
{_COLUMNS}
FROM (
    (SELECT id, decided_at FROM verification_reviewpackage
     WHERE author_id = %(user)s AND project_id = %(project)s AND state IN ('accepted', 'failed')
       AND second_look_of_id IS NULL AND id < %(before)s
     ORDER BY id DESC LIMIT {PACKAGES_LOOKED_AT})
    UNION
    (SELECT id, decided_at FROM verification_reviewpackage
     WHERE author_id IS NULL AND project_id = %(project)s AND state IN ('accepted', 'failed')
       AND second_look_of_id IS NULL AND id < %(before)s
     ORDER BY id DESC LIMIT {PACKAGES_LOOKED_AT})
) made
{_JOINS}
ORDER BY made.decided_at DESC, packed.package_id DESC, packed.position LIMIT %(limit)s::int
"""  # noqa: S608  # made of constants
_FEEDBACK_ON = f"""
{_COLUMNS}
FROM verification_verdict theirs
JOIN verification_packageitem held ON held.item_id = theirs.item_id AND theirs.id = ANY(held.verdict_ids)
JOIN verification_reviewpackage made ON made.id = held.package_id AND made.project_id = %(project)s
 AND made.state IN ('accepted', 'failed') AND made.second_look_of_id IS NULL
{_JOINS}
WHERE theirs.key = %(key)s AND theirs.annotator_id = %(user)s AND verdict.id = theirs.id AND packed.id = held.id
ORDER BY made.id DESC LIMIT 1
"""
