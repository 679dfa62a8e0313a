"""How people judged gold items: read from their verdicts, for leads alone."""

from dataclasses import dataclass

from django.db import connection

from verification.quality import wilson_interval

LATEST = 100  # of each person


@dataclass(frozen=True, slots=True)
class Score:
    """`right` of `judged` decisions, all marks of an item being one decision."""

    right: int = 0
    judged: int = 0

    @property
    def share(self) -> float | None:
        return self.right / self.judged if self.judged else None

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's, 95 %."""
        return wilson_interval(self.right, self.judged)


def gold_scores(*, project_id: int, user_ids: list[int]) -> dict[int, Score]:
    """User id -> how they did on their latest gold items; those without any are left out. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_SCORES, {"project": project_id, "users": user_ids})
        return {user_id: Score(right, judged) for user_id, right, judged in cursor.fetchall()}


_SCORES = f"""
SELECT person.id, count(*) FILTER (WHERE judged.is_right), count(*)
FROM unnest(%(users)s::bigint[]) person (id)
CROSS JOIN LATERAL (
    SELECT verdict.choice = gold.choice AND verdict.rejected_ids @> gold.rejected_ids
           AND verdict.rejected_ids <@ gold.rejected_ids AND NOT verdict.is_bad_box AS is_right
    FROM verification_goldslot planted
    JOIN verification_golditem gold ON gold.id = planted.gold_id
    JOIN verification_assignment slot ON slot.id = planted.assignment_id AND slot.state = 'done'
    JOIN verification_verdict verdict ON verdict.id = slot.verdict_id
    WHERE planted.project_id = %(project)s AND planted.annotator_id = person.id
    ORDER BY planted.id DESC LIMIT {LATEST}
) judged
GROUP BY person.id
"""  # noqa: S608  # a constant of this module
