"""What experts said of an annotator's work, for that annotator: what was wrong, and why. No names, no scores."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db import connection

from verification.models import DisagreeReason, QAChoice

FEEDBACK_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Correction:
    """One tag that the expert sees otherwise. was_left: the annotator left it as right, the expert says it is wrong;
    otherwise they marked it as wrong and it is right."""

    text: str
    was_left: bool


@dataclass(frozen=True, slots=True)
class Feedback:
    """One item of a closed package that an expert disagreed with.

    box: (x1, y1, x2, y2) in pixels of the photo as shown. For questions: what the person chose and wrote, and what
    is right instead.
    """

    key: int
    item_id: int
    decided_at: datetime
    task_kind: str
    image_id: int
    width: int
    height: int
    mean_luma: float
    box: tuple[float, float, float, float]
    tags: tuple[Correction, ...]
    question: str
    answer: str
    choice: str
    right_choice: str
    written: str
    right_answer: str
    reason: str
    note: str
    said_bad_box: bool
    is_bad_box: bool

    @property
    def reason_label(self) -> str:
        return str(DisagreeReason(self.reason).label)

    @property
    def choice_label(self) -> str:
        return str(QAChoice(self.choice).label) if self.choice else ""

    @property
    def right_choice_label(self) -> str:
        return str(QAChoice(self.right_choice).label) if self.right_choice else ""


@dataclass(frozen=True, slots=True)
class FeedbackSummary:
    """Over the person's last closed packages: `right` of `items`, `accepted` of `packages` passed."""

    packages: int
    accepted: int
    items: int
    right: int


def feedback_of(
    *, project_id: int, user_id: int, before: int | None = None, limit: int = FEEDBACK_SHOWN
) -> tuple[list[Feedback], int | None]:
    """What experts disagreed with in the person's closed packages, the latest first, and the key of the next page.

    With several people per item: where the person themself said what the expert found wrong. Rulings of packages that
    are still open are not shown, nor second looks. One query, by index over the person's verdicts and packages.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _FEEDBACK, {"project": project_id, "user": user_id, "before": before or 2**62, "limit": limit + 1}
        )
        found = [_feedback(row) for row in cursor.fetchall()]
    return found[:limit], found[limit - 1].key if len(found) > limit else None


def feedback_summary(*, project_id: int, user_id: int, packages: int = 3) -> FeedbackSummary:
    """How the person's last closed packages fared. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_SUMMARY, {"project": project_id, "user": user_id, "packages": packages})
        return FeedbackSummary(*cursor.fetchone())


def _feedback(row: tuple[Any, ...]) -> Feedback:
    key, item_id, decided_at, kind, image_id, width, height, luma, x1, y1, x2, y2, shown = row[:13]
    rejected, ruled, choice, right_choice, written, right_answer, reason, note, said_bad_box, is_bad_box = row[13:]
    content = orjson.loads(shown)
    tags = tuple(
        Correction(tag["text"], tag["concept_id"] in ruled)
        for tag in content.get("tags", ())
        if (tag["concept_id"] in ruled) != (tag["concept_id"] in rejected)
    )
    return Feedback(
        key=key,
        item_id=item_id,
        decided_at=decided_at,
        task_kind=kind,
        image_id=image_id,
        width=width,
        height=height,
        mean_luma=luma,
        box=(x1, y1, x2, y2),
        tags=tags,
        question=content.get("question", ""),
        answer=content.get("answer", ""),
        choice=choice,
        right_choice=right_choice,
        written=written or "",
        right_answer=right_answer or "",
        reason=reason,
        note=note or "",
        said_bad_box=said_bad_box,
        is_bad_box=is_bad_box,
    )


# What the person said themself is compared, so nobody reads of the dissent of others. Packages of one author are found
# by it; those of several people by the person's own verdicts, the latest ones.
_FEEDBACK = """
WITH closed AS (
    SELECT p.id, p.decided_at, sample.task_kind
    FROM verification_reviewpackage p JOIN verification_sample sample ON sample.id = p.sample_id
    WHERE p.author_id = %(user)s AND p.project_id = %(project)s AND p.right_items IS NOT NULL
      AND p.second_look_of_id IS NULL
    UNION
    SELECT p.id, p.decided_at, sample.task_kind
    FROM (SELECT item_id FROM verification_verdict
          WHERE annotator_id = %(user)s ORDER BY created_at DESC LIMIT 5000) mine
    JOIN verification_packageitem packed ON packed.item_id = mine.item_id
    JOIN verification_reviewpackage p ON p.id = packed.package_id AND p.author_id IS NULL
    JOIN verification_sample sample ON sample.id = p.sample_id
    WHERE p.project_id = %(project)s AND p.right_items IS NOT NULL AND p.second_look_of_id IS NULL
)
SELECT packed.id, item.id, closed.decided_at, closed.task_kind, image.id, image.width, image.height, image.mean_luma,
       region.x1, region.y1, region.x2, region.y2, item.shown,
       verdict.rejected_ids, ruling.rejected_ids, verdict.choice, ruling.choice,
       (SELECT text FROM verification_wording WHERE verdict_id = verdict.id AND kind = 'correction'),
       (SELECT text FROM verification_wording WHERE ruling_id = ruling.id AND kind = 'correction'),
       ruling.reason, (SELECT text FROM verification_wording WHERE ruling_id = ruling.id AND kind = 'note'),
       verdict.is_bad_box, ruling.is_bad_box
FROM closed
JOIN verification_packageitem packed ON packed.package_id = closed.id
JOIN verification_ruling ruling ON ruling.package_item_id = packed.id AND NOT ruling.agrees
JOIN verification_verdict verdict ON verdict.id = ANY (packed.verdict_ids) AND verdict.annotator_id = %(user)s
JOIN verification_sampleitem item ON item.id = packed.item_id AND item.state = 'open' AND NOT item.is_gold
JOIN annotation_image image ON image.id = item.image_id
JOIN annotation_region region ON region.id = item.region_ids[1]
WHERE packed.id < %(before)s
  AND ((SELECT coalesce(array_agg(id ORDER BY id), '{}') FROM unnest(verdict.rejected_ids) one (id))
         <> (SELECT coalesce(array_agg(id ORDER BY id), '{}') FROM unnest(ruling.rejected_ids) one (id))
       OR verdict.choice <> ruling.choice OR verdict.is_bad_box <> ruling.is_bad_box
       OR EXISTS (SELECT 1 FROM verification_wording WHERE ruling_id = ruling.id AND kind = 'correction'))
ORDER BY packed.id DESC LIMIT %(limit)s::int
"""
_SUMMARY = """
SELECT count(*), count(*) FILTER (WHERE state = 'accepted'), coalesce(sum(ruled), 0)::int,
       coalesce(sum(right_items), 0)::int
FROM (
    SELECT p.state, p.right_items,
           (SELECT count(*) FROM verification_packageitem packed
            JOIN verification_ruling ruling ON ruling.package_item_id = packed.id
            WHERE packed.package_id = p.id) AS ruled
    FROM verification_reviewpackage p
    WHERE p.author_id = %(user)s AND p.project_id = %(project)s AND p.right_items IS NOT NULL
      AND p.second_look_of_id IS NULL
    ORDER BY p.id DESC LIMIT %(packages)s::int
) last
"""
