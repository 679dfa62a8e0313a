"""What the pages of the automatic half show of people's decisions (annotation/selectors/judgements.py)."""

from collections.abc import Iterable, Mapping

from django.db import connection

from annotation.selectors.judgements import Decision, Judgement, VerifiedStretch
from verification.selectors.verified import VerifiedRegion, verified_items_sql, verified_regions

# Counting the votes of an item costs some 30 µs.
_MOST_ITEMS = 1000

# The unique index over (sample, region_ids) gives a sample's items in the order of their regions.
_NEAR = """
SELECT DISTINCT near.region_ids[1] AS region_id
FROM verification_sample sample
CROSS JOIN LATERAL (
    SELECT region_ids FROM verification_sampleitem
    WHERE sample_id = sample.id AND region_ids {compare} ARRAY[%(key)s::bigint]
    ORDER BY region_ids {direction} LIMIT {limit}
) near
WHERE sample.project_id = %(project_id)s AND sample.task_kind = 'tag'
ORDER BY region_id {direction} LIMIT {limit}
"""
_SCOPE = "item.region_ids = ANY (SELECT ARRAY[region_id] FROM unnest(%(region_ids)s::bigint[]) AS near (region_id))"
_VERIFIED = f"SELECT DISTINCT region_id FROM ({verified_items_sql(_SCOPE)}) verified"  # noqa: S608  # constants


class VerifiedJudgements:
    """Reads through the one rule of what is verified, so nobody sees a decision before all who were asked made it."""

    def of_regions(self, *, project_id: int, region_ids: Iterable[int]) -> Mapping[int, Judgement]:
        found = verified_regions(project_id=project_id, region_ids=region_ids)
        return {region_id: _judgement(region) for region_id, region in found.items()}

    def verified_from(self, *, project_id: int, key: int, forward: bool, most: int) -> VerifiedStretch:
        """Two queries, over at most `most` items of each sample."""
        limit = min(most, _MOST_ITEMS)
        compare, direction = (">", "ASC") if forward else ("<", "DESC")
        with connection.cursor() as cursor:
            cursor.execute(
                _NEAR.format(compare=compare, direction=direction, limit=limit), {"project_id": project_id, "key": key}
            )
            near = [row[0] for row in cursor.fetchall()]
            cursor.execute(_VERIFIED, {"project_id": project_id, "region_ids": near})
            verified = {row[0] for row in cursor.fetchall()}
        looked_to = near[-1] if len(near) == limit else None
        return VerifiedStretch([region_id for region_id in near if region_id in verified], looked_to)


def _judgement(region: VerifiedRegion) -> Judgement:
    decisions = [(decision, True) for decision in region.accepted] + [(decision, False) for decision in region.rejected]
    return Judgement(
        loop_number=region.loop_number,
        people=region.people,
        first_on=region.first_on,
        last_on=region.last_on,
        decisions=tuple(
            Decision(decision.concept_id, is_right, decision.role_mask, decision.loop_number)
            for decision, is_right in decisions
        ),
    )
