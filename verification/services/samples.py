"""Samples: drawn set-wise from a loop's annotations, opened to people, closed.

The arithmetic is in verification/sampling.py. Whatever touches regions is one statement, so that a sample of ten
million regions costs two or three passes over the annotations and no memory here.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.utils.translation import gettext as _

from annotation.models import Loop
from annotation.pipeline.loop_configs import SamplingConfig
from annotation.services.copy_format import Column, Scalar, binary_rows
from verification.models import Sample, TaskKind
from verification.sampling import Draw, Ints, draw_counts, hash_cut, most_frequent
from verification.selectors.audits import AUDITED_REGIONS_SQL
from verification.selectors.verified import ACCEPTED_REGIONS_SQL
from verification.services.holds import clear_holds
from webapp.core.errors import Conflict

log = logging.getLogger(__name__)

WORK_MEM = "64MB"
EVERYTHING = 2.0  # a cut above all hashes, which are at most 1


class NothingToSample(Conflict):
    """The frame is empty: there is nothing that people could be asked about."""

    code = "nothing_to_sample"


@dataclass(frozen=True, slots=True)
class Frame:
    """What a sample of some kind of task is drawn from, as SQL.

    left_out: ids that are not asked about, for `sample_left_out`; units: `unit_id` and `concept_id` of what may be
    drawn; unless_left_out: the condition to add where some are left out; items: writes the items of `sample_drawn`, in
    the order in which they are handed out.
    """

    left_out: str
    units: str
    unless_left_out: str
    items: str


def draw_tag_sample(
    *,
    loop: Loop,
    annotated_loop: Loop,
    budget: int | None = None,
    seed: int | None = None,
    config: SamplingConfig | None = None,
) -> Sample:
    """The loop's tag sample, drawn from the annotations of `annotated_loop`; open, with all items and slots.

    Drawn once: a second call gives the sample that is there. The same annotations, configuration and seed give the same
    regions. `budget` and `seed` come before those of `config`. Raises NothingToSample.
    """
    config = config or SamplingConfig()
    budget = config.budget if budget is None else budget
    seed = config.seed if seed is None else seed
    seed = secrets.randbelow(2**62) if seed is None else seed
    with transaction.atomic():
        Loop.objects.select_for_update(no_key=True).get(pk=loop.pk)
        there = Sample.objects.filter(loop=loop, task_kind=TaskKind.TAG).first()
        if there is not None:
            return there
        sample = Sample.objects.create(
            project_id=loop.project_id,
            loop=loop,
            annotated_loop=annotated_loop,
            task_kind=TaskKind.TAG,
            seed=seed,
            overlap=loop.project.overlap,
        )
        report = fill_sample(sample, TAG_FRAME, config, budget)
        sample.config = {**config.model_dump(mode="json"), "budget": budget, "seed": seed, "drawn": report}
        sample.save(update_fields=["config"])
    log.info("sample %s of loop %s: %s", sample.pk, loop.pk, report)
    return sample


def close_sample(sample_id: int) -> bool:
    """Hand out no more of its items and free what people hold, or what is kept for them; False when it was closed.

    Only what belongs to a package that is judged anew is handed out on.

    Verdicts stand. One that is sent after this is kept as a late verdict and not counted.
    """
    with transaction.atomic():
        closed = Sample.objects.filter(pk=sample_id, is_open=True).update(is_open=False)
        revoke_leases(sample_id)
        clear_holds(sample_id)
    return bool(closed)


def revoke_leases(sample_id: int) -> int:
    """Free every leased slot of the sample. Returns how many. Slots that are being submitted are waited for."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE verification_assignment SET state = 'open', annotator_id = NULL, leased_until = NULL "
            "WHERE sample_id = %s AND state = 'leased'",
            [sample_id],
        )
        return int(cursor.rowcount)


def fill_sample(sample: Sample, frame: Frame, config: SamplingConfig, budget: int | None) -> dict[str, Any]:
    """Draw items and slots. Returns what was drawn and what was left out, for the sample's page. Raises
    NothingToSample."""
    values: dict[str, Any] = {
        "sample": sample.pk,
        "project_id": sample.project_id,
        "annotated": sample.annotated_loop_id,
        "seed": sample.seed,
        "overlap": sample.overlap,
    }
    with connection.cursor() as cursor:
        # A million concepts are a table of 100 MB to count in; with less room it is written to disk in parts.
        cursor.execute("SELECT set_config('work_mem', %s, true)", [WORK_MEM])
        cursor.execute(_LAST_IMAGE, {**values, "offset": config.first_images - 1})
        last = cursor.fetchone()
        values["last_image"] = last[0] if last else 2**62
        for table in _TABLES:
            cursor.execute(table)
        cursor.execute(f"INSERT INTO sample_alias {ALIASES_SQL}")
        cursor.execute(f"INSERT INTO sample_left_out {frame.left_out}", values)
        done_before = cursor.rowcount
        cursor.execute("ANALYZE sample_left_out, sample_alias")
        # An empty table would be asked once per region: a third of the time of each pass.
        units = f"{frame.units} {frame.unless_left_out}" if done_before else frame.units
        cursor.execute(_FREQUENCIES.format(units=units), values)
        found = np.array(cursor.fetchall(), dtype=np.int64).reshape(-1, 2)
    frequent = found[found[:, 1] >= config.min_frequency]
    chosen = frequent[most_frequent(frequent[:, 1], config.max_concepts)]
    if not len(chosen):
        raise NothingToSample(
            _(
                "There is nothing to ask people about: of %(found)s regions none is left whose tag stands on at least "
                "%(least)s regions and was not verified before. Annotate more photos first."
            )
            % {"found": int(found[:, 1].sum()), "least": config.min_frequency}
        )
    draw = draw_counts(
        chosen[:, 1], np.random.default_rng(sample.seed), low=config.low, high=config.high, budget=budget
    )
    _draw_units(units, chosen, draw, values)
    items = _insert_items(frame, values)
    return {
        "regions": int(chosen[:, 1].sum()),
        "concepts": len(chosen),
        "items": items,
        "asked_for": draw.total,
        "left_out": {
            "regions_verified_before": done_before,
            "concepts_below_minimum": len(found) - len(frequent),
            "regions_below_minimum": int(found[:, 1].sum() - frequent[:, 1].sum()),
            "concepts_cut": len(frequent) - len(chosen),
            "regions_cut": int(frequent[:, 1].sum() - chosen[:, 1].sum()),
        },
    }


def _draw_units(units: str, chosen: Ints, draw: Draw, values: dict[str, Any]) -> None:
    """Fill `sample_drawn` in one pass over the units."""
    drawn = draw.counts > 0
    concepts, frequencies, counts = chosen[drawn, 0], chosen[drawn, 1], draw.counts[drawn]
    columns: list[Column] = [
        Scalar(concepts, "i8"),
        Scalar(counts, "i8"),
        Scalar(np.where(counts >= frequencies, EVERYTHING, hash_cut(counts, frequencies)), "f8"),
        Scalar(draw.probabilities[drawn], "f8"),
    ]
    with connection.cursor() as cursor:
        with connection.connection.cursor() as raw, raw.copy("COPY sample_quota FROM STDIN BINARY") as copy:
            for block in binary_rows(columns, len(concepts)):
                copy.write(block)
        cursor.execute("ANALYZE sample_quota")
        cursor.execute(_DRAWN.format(units=units), values)
        taken = cursor.rowcount
        if taken != int(counts.sum()):  # less likely than a broken disk: then without the short cut
            log.warning("the pre-filter of the hash took %s of %s units", taken, int(counts.sum()))
            cursor.execute("TRUNCATE sample_drawn")
            cursor.execute("UPDATE sample_quota SET cut = %s", [EVERYTHING])
            cursor.execute(_DRAWN.format(units=units), values)
        cursor.execute("ANALYZE sample_drawn")


def _insert_items(frame: Frame, values: dict[str, Any]) -> int:
    """Items and slots of what was drawn. Returns the number of items."""
    with connection.cursor() as cursor:
        cursor.execute(frame.items, values)
        items = int(cursor.rowcount)
        cursor.execute(_SLOTS, values)
        cursor.execute("DROP TABLE sample_drawn, sample_quota, sample_left_out, sample_alias")
    return items


_LAST_IMAGE = """
SELECT id FROM annotation_image WHERE project_id = %(project_id)s ORDER BY id OFFSET %(offset)s LIMIT 1
"""

_TABLES = (
    "CREATE TEMP TABLE sample_left_out (region_id bigint PRIMARY KEY) ON COMMIT DROP",
    "CREATE TEMP TABLE sample_alias (concept_id bigint PRIMARY KEY, stands_for bigint, display text) ON COMMIT DROP",
    """CREATE TEMP TABLE sample_quota (concept_id bigint PRIMARY KEY, count bigint, cut float8, probability float8)
        ON COMMIT DROP""",
    "CREATE TEMP TABLE sample_drawn (unit_id bigint, probability float8) ON COMMIT DROP",
)

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

# A region's concept is its first tag; what is an alias counts for the concept it stands for. `sample_alias` and
# `sample_left_out` hold the rows of the two statements above (the preview has them as named queries instead).
_REGIONS = """
SELECT annotation.region_id AS unit_id, coalesce(alias.stands_for, annotation.concept_ids[1]) AS concept_id
FROM annotation_regionannotation annotation
LEFT JOIN sample_alias alias ON alias.concept_id = annotation.concept_ids[1]
WHERE annotation.loop_id = %(annotated)s AND annotation.image_id <= %(last_image)s
"""
_REGION_IS_IN = "AND NOT EXISTS (SELECT 1 FROM sample_left_out WHERE sample_left_out.region_id = annotation.region_id)"
FRAME_SQL = f"{_REGIONS} {_REGION_IS_IN}"

_FREQUENCIES = """
SELECT concept_id, count(*) FROM ({units}) frame GROUP BY concept_id ORDER BY concept_id
"""

# The smallest hashes of each concept. The hash depends on unit and seed alone, so the draw can be repeated.
_DRAWN = """
INSERT INTO sample_drawn
SELECT unit_id, probability FROM (
    SELECT frame.unit_id, quota.probability, quota.count,
           row_number() OVER (PARTITION BY frame.concept_id
                              ORDER BY hashint8extended(frame.unit_id, %(seed)s), frame.unit_id) AS place
    FROM ({units}) frame JOIN sample_quota quota ON quota.concept_id = frame.concept_id
    WHERE hashint8extended(frame.unit_id, %(seed)s)::float8 / 18446744073709551616::float8 + 0.5 < quota.cut
) ranked WHERE place <= count
"""

# What was shown is frozen here: display texts of today, each concept once, best first. Items are written in the random
# order in which they will be handed out, so that a crowd works on neighbouring pages of the tables. The hash is another
# one than the draw's, which is small for the regions of frequent concepts.
_ITEMS = """
INSERT INTO verification_sampleitem (sample_id, image_id, region_ids, shown, inclusion_probability, reason, state)
SELECT %(sample)s, shown.image_id, ARRAY[shown.region_id], jsonb_build_object('tags', shown.tags), shown.probability,
       'concept', 'open'
FROM (
    SELECT region_id, image_id, probability, jsonb_agg(jsonb_build_object(
               'concept_id', concept_id, 'text', text, 'score', score, 'role_mask', role_mask) ORDER BY place) AS tags
    FROM (
        SELECT region.id AS region_id, region.image_id, drawn.probability, listed.*,
               coalesce(alias.display, concept.display) AS text,
               row_number() OVER (PARTITION BY region.id, coalesce(alias.stands_for, concept.id)
                                  ORDER BY listed.place) AS again
        FROM sample_drawn drawn
        JOIN annotation_region region ON region.id = drawn.unit_id
        JOIN annotation_regionannotation annotation
          ON annotation.loop_id = %(annotated)s AND annotation.region_id = drawn.unit_id
        CROSS JOIN LATERAL unnest(annotation.concept_ids, annotation.scores, annotation.role_masks)
             WITH ORDINALITY AS listed (concept_id, score, role_mask, place)
        JOIN annotation_concept concept ON concept.id = listed.concept_id
        LEFT JOIN sample_alias alias ON alias.concept_id = concept.id
    ) named
    WHERE again = 1 GROUP BY region_id, image_id, probability
) shown
ORDER BY hashint8extended(shown.region_id, ~ %(seed)s::bigint)
"""

TAG_FRAME = Frame(
    left_out=LEFT_OUT_SQL,
    units=_REGIONS,
    unless_left_out=_REGION_IS_IN,
    items=_ITEMS,
)

# The slots of an item stand together: items are finished one after the other, and an early stop leaves few half done.
_SLOTS = """
INSERT INTO verification_assignment (sample_id, item_id, round, slot, rank, state)
SELECT %(sample)s, item.id, 0, slot, item.id * 16 + slot, 'open'
FROM verification_sampleitem item CROSS JOIN generate_series(0, %(overlap)s::int - 1) slot
WHERE item.sample_id = %(sample)s
ORDER BY item.id, slot
"""
