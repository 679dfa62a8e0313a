"""What samples are drawn from, as SQL: the frame of the tag task, and what all frames are made of.

The statements name working tables (verification/services/sample_draws.py): `sample_left_out` (region_id) holds ids
that are not asked about, `sample_alias` (concept_id, stands_for, display) what each alias stands for, `sample_drawn`
(unit_id, concept_id, probability) what was drawn. The preview has the first two as named queries instead.
"""

from __future__ import annotations

from dataclasses import dataclass

from verification.selectors.audits import AUDITED_REGIONS_SQL
from verification.selectors.verified import ACCEPTED_REGIONS_SQL


@dataclass(frozen=True, slots=True)
class Frame:
    """What a sample of some kind of task is drawn from.

    left_out: ids that are not asked about; units: `unit_id` and `concept_id` of what may be drawn, aliases not
    resolved; unless_left_out: the condition to add where some are left out; items: writes the items of what was drawn,
    in the order in which they are handed out.
    """

    left_out: str
    units: str
    unless_left_out: str
    items: str


# What each alias stands for at the end of its chain. There are few of them.
ALIASES_SQL = """
WITH RECURSIVE chain AS (
    SELECT id AS concept_id, alias_of_id, 1 AS length FROM annotation_concept WHERE alias_of_id IS NOT NULL
    UNION ALL
    SELECT chain.concept_id, next.alias_of_id, chain.length + 1
    FROM chain JOIN annotation_concept next ON next.id = chain.alias_of_id
    WHERE next.alias_of_id IS NOT NULL AND chain.length < 16
)
SELECT DISTINCT ON (chain.concept_id) chain.concept_id, target.id, target.display
FROM chain JOIN annotation_concept target ON target.id = chain.alias_of_id
ORDER BY chain.concept_id, chain.length DESC
"""

# Regions with an accepted tag; and those that people judged already in these very annotations: if all five tags
# were wrong, there is nothing new to show until the region is annotated again. And those that measure the models.
LEFT_OUT_SQL = f"""
{ACCEPTED_REGIONS_SQL}
UNION
{AUDITED_REGIONS_SQL}
UNION
SELECT item.region_ids[1]
FROM verification_sample sample JOIN verification_sampleitem item ON item.sample_id = sample.id
WHERE sample.project_id = %(project_id)s AND sample.task_kind = 'tag' AND sample.annotated_loop_id = %(annotated)s
  AND EXISTS (SELECT 1 FROM verification_assignment slot WHERE slot.item_id = item.id)
  AND NOT EXISTS (SELECT 1 FROM verification_assignment slot WHERE slot.item_id = item.id AND slot.state <> 'done')
"""  # noqa: S608  # made of constants

# A region's concept is its first tag; what is an alias counts for the concept it stands for.
_REGIONS = """
SELECT annotation.region_id AS unit_id, annotation.concept_ids[1] AS concept_id
FROM annotation_regionannotation annotation
WHERE annotation.loop_id = %(annotated)s AND annotation.image_id <= %(last_image)s
"""
_REGION_IS_IN = "AND NOT EXISTS (SELECT 1 FROM sample_left_out WHERE sample_left_out.region_id = annotation.region_id)"
FRAME_SQL = f"""
SELECT frame.unit_id, coalesce(alias.stands_for, frame.concept_id) AS concept_id
FROM ({_REGIONS} {_REGION_IS_IN}) frame LEFT JOIN sample_alias alias ON alias.concept_id = frame.concept_id
"""  # noqa: S608  # made of constants

# What was shown is frozen here: display texts of today, each concept once, best first. Items are written in the random
# order in which they will be handed out, so that a crowd works on neighbouring pages of the tables. The hash is another
# one than the draw's, which is small for the regions of frequent concepts. Tags are brought into that order before they
# become objects, which are many times as large.
_ITEMS = """
INSERT INTO verification_sampleitem (sample_id, image_id, region_ids, shown, inclusion_probability, reason, state)
SELECT %(sample)s, image_id, ARRAY[region_id], jsonb_build_object('tags', jsonb_agg(jsonb_build_object(
           'concept_id', concept_id, 'text', text, 'score', score, 'role_mask', role_mask) ORDER BY place)),
       probability, 'concept', 'open'
FROM (
    SELECT handed_out, region_id, image_id, probability, tag.*, coalesce(alias.display, concept.display) AS text,
           row_number() OVER (PARTITION BY handed_out, region_id, coalesce(alias.stands_for, concept.id)
                              ORDER BY tag.place) AS again
    FROM (
        SELECT hashint8extended(unit_id, ~ %(seed)s::bigint) AS handed_out, unit_id, probability FROM sample_drawn
    ) drawn
    JOIN annotation_regionannotation annotation
      ON annotation.loop_id = %(annotated)s AND annotation.region_id = drawn.unit_id
    CROSS JOIN LATERAL unnest(annotation.concept_ids, annotation.scores, annotation.role_masks)
         WITH ORDINALITY AS tag (concept_id, score, role_mask, place)
    JOIN annotation_concept concept ON concept.id = tag.concept_id
    LEFT JOIN sample_alias alias ON alias.concept_id = concept.id
) named
WHERE again = 1
GROUP BY handed_out, region_id, image_id, probability
ORDER BY handed_out, region_id
"""

TAG_FRAME = Frame(left_out=LEFT_OUT_SQL, units=_REGIONS, unless_left_out=_REGION_IS_IN, items=_ITEMS)
