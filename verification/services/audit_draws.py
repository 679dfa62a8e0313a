"""Audits are drawn: uniform over a loop's rows of regions that people did not judge, or over what people verified.

The smallest hashes of (id, seed) are taken, so a draw can be repeated and nothing is chosen here. One pass over an
index finds the rows below a cut; which of them belong to the population is then asked for these few alone.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.utils.translation import gettext as _

from annotation.models import Loop
from annotation.pipeline.cleaning import size_classes
from annotation.pipeline.loop_configs import AuditConfig
from verification.models import Audit, AuditItem, AuditKind, AuditPopulation
from verification.selectors.verified import VerifiedRegion, verified_regions
from webapp.accounts.models import User
from webapp.core.errors import BadInput, Conflict

log = logging.getLogger(__name__)

MOST = 20_000
SIZE, OVERLAP_SHARE = AuditConfig().size, AuditConfig().overlap_share
# What can be audited. People's answers join when questions are verified as well.
POSSIBLE = (
    (AuditPopulation.MODEL, AuditKind.TAG),
    (AuditPopulation.MODEL, AuditKind.QA),
    (AuditPopulation.VERIFIED, AuditKind.TAG),
)
BANDS = (10, 100, 1_000)
"""Regions of the first tag's concept in the loop: below the first bound is band 0, from the last one on band 3."""


class NothingToAudit(Conflict):
    """The population is empty."""

    code = "nothing_to_audit"


@dataclass(frozen=True, slots=True)
class _Found:
    """ids: of the population, in the order of their hashes; frame: about how many there are in all."""

    ids: list[int]
    frame: int


def draw_audit(
    *,
    loop: Loop,
    population: AuditPopulation = AuditPopulation.MODEL,
    task_kind: AuditKind = AuditKind.TAG,
    size: int = SIZE,
    overlap_share: float = OVERLAP_SHARE,
    seed: int | None = None,
    user: User | None = None,
) -> Audit:
    """The loop's audit of this population and kind, open, with all items and slots.

    Drawn once: a second call gives the one that is there. `overlap_share` of the items are judged by two experts.
    Locks the loop's row. Raises NothingToAudit, BadInput.
    """
    if not 1 <= size <= MOST or not 0 <= overlap_share <= 1:
        raise BadInput(
            _("An audit takes 1 to %(most)s items, of which a share from 0 to 1 is seen twice.") % {"most": MOST}
        )
    seed = secrets.randbelow(2**62) if seed is None else seed
    with transaction.atomic():
        Loop.objects.select_for_update(no_key=True).get(pk=loop.pk)
        there = Audit.objects.filter(loop=loop, population=population, task_kind=task_kind).first()
        if there is not None:
            return there
        found, fill = _population(loop, population, task_kind, size, seed)
        if not found.ids:
            raise NothingToAudit(_reason(population))
        audit = Audit.objects.create(
            project_id=loop.project_id,
            loop=loop,
            population=population,
            task_kind=task_kind,
            seed=seed,
            size=size,
            overlap_share=overlap_share,
            frame_size=found.frame,
            created_by=user,
        )
        fill(audit, found)
        with connection.cursor() as cursor:
            cursor.execute(_BANDS, {"audit": audit.pk, "bounds": list(BANDS), "most": BANDS[-1]})
            cursor.execute(_SLOTS, {"audit": audit.pk, "twice": round(overlap_share * len(found.ids))})
    log.info("audit %s of loop %s: %s of about %s %s", audit.pk, loop.pk, len(found.ids), found.frame, task_kind)
    return audit


def draw_wanted_audits(*, loop: Loop, config: AuditConfig) -> list[Audit]:
    """The audits that the loop was told to have when it is finished; those of empty populations are left out.
    Idempotent."""
    audits = []
    for population, kind in POSSIBLE if config.automatic else ():
        with contextlib.suppress(NothingToAudit):
            audits.append(
                draw_audit(
                    loop=loop,
                    population=population,
                    task_kind=kind,
                    size=config.size,
                    overlap_share=config.overlap_share,
                )
            )
    return audits


Filler = Callable[[Audit, _Found], None]


def _population(
    loop: Loop, population: AuditPopulation, kind: AuditKind, size: int, seed: int
) -> tuple[_Found, Filler]:
    values = {"loop": loop.pk, "project_id": loop.project_id, "seed": seed}
    if population == AuditPopulation.MODEL:
        table = "annotation_regionannotation" if kind == AuditKind.TAG else "annotation_questionanswer"
        statement = _MODEL_TAGS if kind == AuditKind.TAG else _MODEL_QA
        items = _MODEL_TAG_ITEMS if kind == AuditKind.TAG else _MODEL_QA_ITEMS
        about = _about_rows(f"{table}_{loop.pk}")
        return _smallest_hashes(lambda cut: _rows(statement, values | {"cut": cut}), size, about), _by_statement(items)
    if kind == AuditKind.QA:
        raise NothingToAudit(_reason(population))
    regions: dict[int, VerifiedRegion] = {}

    def verified(cut: float) -> list[int]:
        ids = [row[0] for row in _rows(_JUDGED, values | {"cut": cut})]
        known = {
            region_id: region
            for region_id, region in verified_regions(project_id=loop.project_id, region_ids=ids).items()
            if region.effective is not None
        }
        regions.update(known)
        return [region_id for region_id in ids if region_id in known]

    about = sum(row[0] for row in _rows(_ITEMS_OF_SAMPLES, values))
    found = _smallest_hashes(lambda cut: [(region_id,) for region_id in verified(cut)], size, about)
    return found, lambda audit, found: _fill_verified(audit, found, regions)


def _smallest_hashes(select: Callable[[float], list[tuple[Any, ...]]], size: int, about: int) -> _Found:
    """The `size` smallest hashes of the population; the cut is widened until enough of it lie below."""
    cut = min(1.0, (2 * size + 200) / max(about, 1))
    while True:
        ids = [row[0] for row in select(cut)]
        if len(ids) >= size or cut >= 1:
            return _Found(ids[:size], round(len(ids) / cut))
        cut = min(1.0, 4 * cut)


def _fill_verified(audit: Audit, found: _Found, regions: dict[int, VerifiedRegion]) -> None:
    """Items of what people verified: all decided tags, each with the decision as its claim."""
    concept_ids = {one.concept_id for key in found.ids for one in (*regions[key].accepted, *regions[key].rejected)}
    texts = dict(_rows(_TEXTS, {"ids": list(concept_ids)}))
    facts = {row[0]: row[1:] for row in _rows(_FACTS, {"ids": found.ids, "project_id": audit.project_id})}
    sizes = size_classes(np.array([facts[key][1:5] for key in found.ids], dtype=np.float64).reshape(-1, 4))
    items = []
    for position, (region_id, size_class) in enumerate(zip(found.ids, sizes.tolist(), strict=True)):
        region = regions[region_id]
        first = region.accepted[0]
        claims = [(one, True) for one in region.accepted] + [(one, False) for one in region.rejected]
        tags = [
            {"concept_id": one.concept_id, "text": texts[one.concept_id], "claim": claim} for one, claim in claims[:5]
        ]
        items.append(
            AuditItem(
                audit=audit,
                position=position,
                image_id=facts[region_id][0],
                region_id=region_id,
                shown={"tags": tags},
                inclusion_probability=len(found.ids) / found.frame,
                concept_id=first.concept_id,
                source_mask=first.role_mask,
                producer_id=None,
                size_class=size_class,
                barred_ids=facts[region_id][5],
            )
        )
    AuditItem.objects.bulk_create(items, batch_size=1_000)


def _by_statement(statement: str) -> Filler:
    def fill(audit: Audit, found: _Found) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                statement,
                {
                    "audit": audit.pk,
                    "loop": audit.loop_id,
                    "ids": found.ids,
                    "probability": min(1.0, len(found.ids) / found.frame),
                },
            )

    return fill


def _rows(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def _about_rows(partition: str) -> int:
    ((rows,),) = _rows(
        "SELECT coalesce((SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass(%(name)s)), 0)",
        {"name": partition},
    )
    return max(int(rows), 0)


def _reason(population: AuditPopulation) -> str:
    if population == AuditPopulation.MODEL:
        return _("This loop annotated no regions that people did not judge. Audit the loop that annotated the photos.")
    return _("Nothing of this kind is verified yet. Let people judge a sample first.")


_HASH = "hashint8extended({key}, %(seed)s::bigint) / 18446744073709551616.0 + 0.5 < %(cut)s::float8"
# Nobody judged the region, and nobody is going to: it is in no sample that is open.
_NOT_JUDGED = """
NOT EXISTS (
    SELECT 1 FROM verification_sample sample
    JOIN verification_sampleitem item ON item.sample_id = sample.id AND item.region_ids = ARRAY[{region}]
    WHERE sample.project_id = %(project_id)s
      AND (sample.is_open OR EXISTS (
          SELECT 1 FROM verification_assignment slot WHERE slot.item_id = item.id AND slot.state <> 'open'))
)
"""
# The cut comes first and reads the primary key's index alone.
_MODEL_TAGS = f"""
WITH below AS MATERIALIZED (
    SELECT region_id FROM annotation_regionannotation
    WHERE loop_id = %(loop)s AND {_HASH.format(key="region_id")}
)
SELECT region_id FROM below WHERE {_NOT_JUDGED.format(region="below.region_id")}
ORDER BY hashint8extended(region_id, %(seed)s::bigint), region_id
"""  # noqa: S608  # made of constants
_MODEL_QA = f"""
WITH below AS MATERIALIZED (
    SELECT id FROM annotation_questionanswer WHERE loop_id = %(loop)s AND {_HASH.format(key="id")}
)
SELECT pair.id
FROM below JOIN annotation_questionanswer pair ON pair.loop_id = %(loop)s AND pair.id = below.id
WHERE pair.region_id IS NOT NULL AND {_NOT_JUDGED.format(region="pair.region_id")}
ORDER BY hashint8extended(pair.id, %(seed)s::bigint), pair.id
"""  # noqa: S608

_CONCEPT_TEXT = "coalesce(target.display, concept.display)"
_MODEL_TAG_ITEMS = f"""
INSERT INTO verification_audititem (audit_id, position, image_id, region_id, shown, inclusion_probability, concept_id,
                                    source_mask, producer_id, size_class, band, barred_ids)
SELECT %(audit)s, wanted.place - 1, annotation.image_id, annotation.region_id, shown.tags, %(probability)s::float8,
       annotation.concept_ids[1], annotation.role_masks[1], annotation.producer_id, annotation.size_class, 0, '{{}}'
FROM unnest(%(ids)s::bigint[]) WITH ORDINALITY wanted (id, place)
JOIN annotation_regionannotation annotation ON annotation.loop_id = %(loop)s AND annotation.region_id = wanted.id
CROSS JOIN LATERAL (
    SELECT jsonb_build_object('tags', jsonb_agg(jsonb_build_object(
        'concept_id', listed.concept_id, 'text', {_CONCEPT_TEXT}, 'claim', true) ORDER BY listed.place)) AS tags
    FROM unnest(annotation.concept_ids) WITH ORDINALITY AS listed (concept_id, place)
    JOIN annotation_concept concept ON concept.id = listed.concept_id
    LEFT JOIN annotation_concept target ON target.id = concept.alias_of_id
) shown
"""  # noqa: S608
_MODEL_QA_ITEMS = f"""
INSERT INTO verification_audititem (audit_id, position, image_id, region_id, question_answer_id, shown,
                                    inclusion_probability, concept_id, source_mask, producer_id, size_class, band,
                                    barred_ids)
SELECT %(audit)s, wanted.place - 1, pair.image_id, pair.region_id, pair.id,
       jsonb_build_object('tag', jsonb_build_object('concept_id', pair.concept_id, 'text', {_CONCEPT_TEXT}),
                          'question', pair.question, 'answer', pair.answer),
       %(probability)s::float8, pair.concept_id,
       coalesce(annotation.role_masks[array_position(annotation.concept_ids, pair.concept_id)], 0), pair.producer_id,
       coalesce(annotation.size_class, 0), 0, '{{}}'
FROM unnest(%(ids)s::bigint[]) WITH ORDINALITY wanted (id, place)
JOIN annotation_questionanswer pair ON pair.loop_id = %(loop)s AND pair.id = wanted.id
JOIN annotation_concept concept ON concept.id = pair.concept_id
LEFT JOIN annotation_concept target ON target.id = concept.alias_of_id
LEFT JOIN annotation_regionannotation annotation
  ON annotation.loop_id = %(loop)s AND annotation.region_id = pair.region_id
"""  # noqa: S608

# Regions on which people were asked up to this loop, without gold items.
_OF_SAMPLES = """
FROM verification_sample sample
JOIN annotation_loop loop ON loop.id = sample.loop_id
JOIN verification_sampleitem item ON item.sample_id = sample.id
WHERE sample.project_id = %(project_id)s AND sample.task_kind = 'tag' AND NOT item.is_gold
  AND loop.number <= (SELECT number FROM annotation_loop WHERE id = %(loop)s)
"""
_ITEMS_OF_SAMPLES = f"SELECT count(*) {_OF_SAMPLES}"
_JUDGED = f"""
SELECT region_id FROM (
    SELECT DISTINCT item.region_ids[1] AS region_id {_OF_SAMPLES} AND {_HASH.format(key="item.region_ids[1]")}
) judged
ORDER BY hashint8extended(region_id, %(seed)s::bigint), region_id
"""  # noqa: S608
_TEXTS = """
SELECT concept.id, coalesce(target.display, concept.display)
FROM annotation_concept concept LEFT JOIN annotation_concept target ON target.id = concept.alias_of_id
WHERE concept.id = ANY (%(ids)s::bigint[])
"""
# Where a region is, and who had a hand in its verification.
_FACTS = """
SELECT region.id, region.image_id, region.x1, region.y1, region.x2, region.y2, ARRAY(
    SELECT verdict.annotator_id
    FROM verification_sample sample
    JOIN verification_sampleitem item ON item.sample_id = sample.id AND item.region_ids = ARRAY[region.id]
    JOIN verification_verdict verdict ON verdict.item_id = item.id
    WHERE sample.project_id = %(project_id)s
    UNION
    SELECT ruling.expert_id
    FROM verification_sample sample
    JOIN verification_sampleitem item ON item.sample_id = sample.id AND item.region_ids = ARRAY[region.id]
    JOIN verification_packageitem packed ON packed.item_id = item.id
    JOIN verification_ruling ruling ON ruling.package_item_id = packed.id
    WHERE sample.project_id = %(project_id)s
)
FROM annotation_region region WHERE region.id = ANY (%(ids)s::bigint[])
"""

# Frequencies are counted no further than the last bound, by the index over the first tag.
_BANDS = """
WITH concepts AS (
    SELECT DISTINCT item.concept_id, coalesce(rows.loop_id, audit.loop_id) AS loop_id
    FROM verification_audititem item JOIN verification_audit audit ON audit.id = item.audit_id
    LEFT JOIN LATERAL (
        SELECT sample.annotated_loop_id AS loop_id FROM verification_sample sample
        WHERE audit.population = 'verified' AND sample.project_id = audit.project_id AND sample.task_kind = 'tag'
        ORDER BY sample.id DESC LIMIT 1
    ) rows ON true
    WHERE item.audit_id = %(audit)s
), counted AS MATERIALIZED (
    SELECT concepts.concept_id, (
        SELECT count(*) FROM (
            SELECT 1 FROM annotation_regionannotation annotation
            WHERE annotation.loop_id = concepts.loop_id AND annotation.concept_ids[1] = concepts.concept_id
            LIMIT %(most)s
        ) first_tags
    ) AS frequency
    FROM concepts
)
UPDATE verification_audititem item
SET band = (SELECT count(*) FROM unnest(%(bounds)s::bigint[]) bound WHERE counted.frequency >= bound)
FROM counted WHERE item.audit_id = %(audit)s AND counted.concept_id = item.concept_id
"""
# All first judgements come before the second ones: an expert alone does not wait among items of their own.
_SLOTS = """
INSERT INTO verification_auditslot (audit_id, item_id, slot, rank, state, choice, right_ids, seconds)
SELECT item.audit_id, item.id, slot, item.position + slot * 1000000000::bigint, 'open', '', '{}', 0
FROM verification_audititem item CROSS JOIN generate_series(0, 1) slot
WHERE item.audit_id = %(audit)s AND (slot = 0 OR item.position < %(twice)s)
"""
