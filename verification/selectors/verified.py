"""What counts as verified. This is the one rule; everything that asks uses this module (pairs: verified_pairs.py).

An item of the tag task is verified when it is not with the lead (escalated), not removed, no gold item, and

* where its project asks for no review: every slot of its latest round holds a verdict that stands, one of each of the
  sample's n people, and the majority of them decided every shown tag: a tie leaves the item disputed;
* where experts review: it is in a package that was accepted, and no later round of it has begun. The expert's ruling
  counts where it differs from what the people said (papers V1 appendix B.3, design §7).

A box that shows no one thing (most of the people, or the expert, said so) is not verified at all.

A region may be verified in several loops: for each concept the decision of the latest loop counts. Its *effective
tag* is the highest-ranked accepted concept of the latest loop that accepted one; a region whose candidates were all
rejected is verified without a tag.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from django.db import connection

from verification.quality import Outcome, agreement, majorities
from verification.selectors.concept_names import ConceptNames

# How an item came to be decided: one row, or none when it is not verified. For `item`, `sample` and `project`; shared
# by all kinds of task. Each of the two halves is skipped by a condition on the project that costs nothing.
#   people, verdict_ids: who decided; rejected: all that they marked wrong, with repetitions; first_on, last_on: UTC;
#   ruled: NULL where people decided, else the tags that are wrong by the accepted package; choice: of a question;
#   ruling_id: the ruling that replaced what people said.
DECIDED_SQL = """
    SELECT voted.people, voted.verdict_ids, voted.rejected, voted.first_on, voted.last_on,
           NULL::bigint[] AS ruled, NULL::text AS choice, NULL::bigint AS ruling_id
    FROM (
        SELECT count(verdict.id) AS people, array_agg(verdict.id ORDER BY slot.slot) AS verdict_ids,
               -- Arrays of different lengths cannot be aggregated, so they pass through text.
               string_to_array(string_agg(nullif(array_to_string(verdict.rejected_ids, ','), ''), ','), ',')::bigint[]
                   AS rejected,
               min(verdict.created_at)::date AS first_on, max(verdict.created_at)::date AS last_on,
               count(*) AS slots, count(*) FILTER (WHERE verdict.is_bad_box) AS bad_boxes
        FROM verification_assignment slot
        LEFT JOIN verification_verdict verdict ON verdict.id = slot.verdict_id AND NOT verdict.is_withdrawal
        WHERE NOT project.review_required AND slot.item_id = item.id
        -- The latest round, in the order of an index: that of the slots is read once.
        GROUP BY slot.round ORDER BY slot.round DESC LIMIT 1
    ) voted
    WHERE voted.slots = sample.overlap AND voted.people = sample.overlap AND 2 * voted.bad_boxes < voted.slots
    UNION ALL
    SELECT cardinality(packed.verdict_ids), packed.verdict_ids, said.rejected,
           said.first_on, greatest(said.last_on, package.decided_at::date),
           CASE WHEN ruling.agrees THEN packed.rejected_ids ELSE ruling.rejected_ids END,
           CASE WHEN ruling.agrees THEN packed.choice ELSE ruling.choice END,
           CASE WHEN NOT ruling.agrees THEN ruling.id END
    FROM verification_packageitem packed
    JOIN verification_reviewpackage package ON package.id = packed.package_id AND package.state = 'accepted'
    JOIN verification_ruling ruling ON ruling.package_item_id = packed.id
    CROSS JOIN LATERAL (
        SELECT string_to_array(
                   string_agg(nullif(array_to_string(verdict.rejected_ids, ','), ''), ','), ',')::bigint[] AS rejected,
               min(verdict.created_at)::date AS first_on, max(verdict.created_at)::date AS last_on
        FROM verification_verdict verdict WHERE verdict.id = ANY (packed.verdict_ids)
    ) said
    WHERE project.review_required AND packed.item_id = item.id AND packed.is_live
      AND NOT CASE WHEN ruling.agrees THEN packed.is_bad_box ELSE ruling.is_bad_box END
      AND NOT EXISTS (SELECT 1 FROM verification_assignment later
                      WHERE later.item_id = item.id AND later.round > packed.round)
"""

# Regions of which somebody said in the QA check that the tag is wrong, and that therefore have an item of their own
# that is not decided yet: what an earlier loop found about them does not count meanwhile. They are few, and looked up
# once.
_ASKED_AGAIN = """
    SELECT again.region_ids
    FROM verification_reopening asked
    JOIN verification_sampleitem again
      ON again.id = asked.item_id AND again.state = 'open' AND again.reason = 'wrong_tag'
    JOIN verification_sample its ON its.id = again.sample_id AND its.project_id = %(project_id)s
    JOIN projects_project settings ON settings.id = its.project_id
    WHERE asked.round = 0
      AND (EXISTS (SELECT 1 FROM verification_assignment slot WHERE slot.item_id = again.id AND slot.state <> 'done')
           OR settings.review_required AND NOT EXISTS (
               SELECT 1 FROM verification_packageitem packed
               JOIN verification_reviewpackage package ON package.id = packed.package_id AND package.state = 'accepted'
               WHERE packed.item_id = again.id AND packed.is_live))
"""

# The tie is decided here set-wise and by quality.majority for one tag; a property test holds the two together.
# {scope} narrows the items; it must name an index of verification_sampleitem, or the whole project is read.
# Where an expert's ruling differs from what people voted, it counts as if all of them had said so.
_VERIFIED_ITEMS = """
SELECT item.id AS item_id, item.image_id, item.region_ids[1] AS region_id,
       loop.number AS loop_number, sample.annotated_loop_id,
       votes.people, votes.first_on, votes.last_on,
       tags.concept_ids, tags.scores, tags.role_masks, tags.against
FROM verification_sample sample
JOIN projects_project project ON project.id = sample.project_id
JOIN annotation_loop loop ON loop.id = sample.loop_id
JOIN verification_sampleitem item ON item.sample_id = sample.id
CROSS JOIN LATERAL (__decided__) votes
CROSS JOIN LATERAL (
    SELECT array_agg(concept_id ORDER BY place) AS concept_ids, array_agg(score ORDER BY place) AS scores,
           array_agg(role_mask ORDER BY place) AS role_masks, array_agg(decided ORDER BY place) AS against,
           bool_or(2 * decided = votes.people) AS is_disputed
    FROM (
        SELECT place, concept_id, score, role_mask,
               CASE WHEN votes.ruled IS NULL OR (concept_id = ANY (votes.ruled)) = (2 * against > votes.people)
                         AND 2 * against <> votes.people THEN against
                    WHEN concept_id = ANY (votes.ruled) THEN votes.people
                    ELSE 0 END AS decided
        FROM (
            SELECT place, concept_id, score, role_mask,
                   coalesce(cardinality(array_positions(votes.rejected, concept_id)), 0) AS against
            FROM ROWS FROM (jsonb_to_recordset(item.shown -> 'tags')
                            AS (concept_id bigint, score float8, role_mask integer))
                 WITH ORDINALITY AS shown (concept_id, score, role_mask, place)
            OFFSET 0  -- each vote is counted once, not wherever it is named
        ) counted
    ) ruled
) tags
WHERE sample.project_id = %(project_id)s AND sample.task_kind = 'tag'
  AND item.state = 'open' AND NOT item.is_gold
  AND NOT tags.is_disputed
  AND item.region_ids NOT IN (__asked_again__)
  AND {scope}
""".replace("__decided__", DECIDED_SQL).replace("__asked_again__", _ASKED_AGAIN)


def verified_items_sql(scope: str) -> str:
    """SQL whose rows are VerifiedItem, in no order; parameters: `project_id` and those of `scope`.

    scope: a condition on `item` (verification_sampleitem), written by the caller, never made of input.
    """
    return _VERIFIED_ITEMS.format(scope=scope)


# One row per region whose latest decision on some concept is "right": such regions need no further tag item
# (design §7, sampling frame). Reads all items of the project. Parameter: project_id.
ACCEPTED_REGIONS_SQL = f"""
SELECT DISTINCT region_id FROM (
    SELECT DISTINCT ON (verified.region_id, decision.concept_id)
           verified.region_id, 2 * decision.against < verified.people AS is_accepted
    FROM ({verified_items_sql("true")}) verified
    CROSS JOIN LATERAL unnest(verified.concept_ids, verified.against) AS decision (concept_id, against)
    ORDER BY verified.region_id, decision.concept_id, verified.loop_number DESC
) latest WHERE is_accepted
"""  # noqa: S608  # made of constants


class VerifiedItem(NamedTuple):
    """One verified item. The lists are parallel, in the order in which the tags were shown (best first)."""

    item_id: int
    image_id: int
    region_id: int
    loop_number: int
    annotated_loop_id: int
    people: int
    first_on: date
    last_on: date
    concept_ids: list[int]
    scores: list[float]
    role_masks: list[int]
    against: list[int]


class TagDecision(NamedTuple):
    """What people decided about one tag of a region. `concept_id` is the one shown, aliases not resolved."""

    concept_id: int
    score: float
    role_mask: int
    loop_number: int
    annotated_loop_id: int


class VerifiedRegion(NamedTuple):
    """A region and what counts about it now; accepted and rejected are best first, the latest loop's before others.

    people and agreement are those of the latest loop that verified it; the dates (UTC) span all of them.
    """

    region_id: int
    loop_number: int
    people: int
    agreement: float
    first_on: date
    last_on: date
    accepted: tuple[TagDecision, ...]
    rejected: tuple[TagDecision, ...]

    @property
    def effective(self) -> TagDecision | None:
        """The effective tag, None when all candidates were rejected."""
        return self.accepted[0] if self.accepted else None


def merge_items(items: Sequence[VerifiedItem], canonical: Callable[[int], int]) -> VerifiedRegion:
    """One region's items of all loops -> what counts. Pure.

    canonical: concept id -> the id that its alias stands for. When a merge of concepts makes one item say both right
    and wrong of the same concept, it is right: people saw the thing under one of its names.
    """
    newest_first = items if len(items) == 1 else sorted(items, key=attrgetter("loop_number"), reverse=True)
    decided: dict[int, tuple[Outcome, TagDecision]] = {}
    for item in newest_first:
        loop_number, annotated_loop_id = item.loop_number, item.annotated_loop_id
        outcomes = majorities(tuple(item.against), item.people)
        for concept_id, score, mask, outcome in zip(
            item.concept_ids, item.scores, item.role_masks, outcomes, strict=True
        ):
            key = canonical(concept_id)
            known = decided.get(key)
            if known is None or _merged_into_right(known, outcome, loop_number):
                decided[key] = outcome, TagDecision(concept_id, score, mask, loop_number, annotated_loop_id)
    latest = newest_first[0]
    is_only = len(items) == 1
    return VerifiedRegion(
        latest.region_id,
        latest.loop_number,
        latest.people,
        agreement(tuple(latest.against), latest.people),
        latest.first_on if is_only else min(item.first_on for item in items),
        latest.last_on if is_only else max(item.last_on for item in items),
        tuple([decision for outcome, decision in decided.values() if outcome is Outcome.ACCEPTED]),
        tuple([decision for outcome, decision in decided.values() if outcome is Outcome.REJECTED]),
    )


def _merged_into_right(known: tuple[Outcome, TagDecision], outcome: Outcome, loop_number: int) -> bool:
    return known[1].loop_number == loop_number and known[0] is Outcome.REJECTED and outcome is Outcome.ACCEPTED


def verified_regions(*, project_id: int, region_ids: Iterable[int]) -> dict[int, VerifiedRegion]:
    """Those of the given regions that are verified, by id, in two queries: for a page, or a shard of photos."""
    wanted = list(region_ids)
    if not wanted:
        return {}
    # Arrays of one region each are what the unique index over (sample, region_ids) is searched for.
    scope = "item.region_ids IN (SELECT ARRAY[id] FROM unnest(%(region_ids)s::bigint[]) AS wanted (id))"
    with connection.cursor() as cursor:
        cursor.execute(
            f"{verified_items_sql(scope)} ORDER BY region_id", {"project_id": project_id, "region_ids": wanted}
        )
        items = [VerifiedItem(*row) for row in cursor.fetchall()]
        names = ConceptNames(cursor)
        names.load(concept_id for item in items for concept_id in item.concept_ids)
    return {
        region_id: merge_items(list(group), names.canonical)
        for region_id, group in groupby(items, attrgetter("region_id"))
    }
