"""What an audit is drawn from: a loop's rows of regions that people did not judge, or what people verified.

The smallest hashes of (id, seed) are taken, so a draw can be repeated and nothing is chosen here. One pass over an
index finds the rows below a cut; which of them belong to the population is then asked for these few alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection
from django.utils.translation import gettext as _

from annotation.models import Loop
from annotation.pipeline.cleaning import size_classes
from verification.models import Audit, AuditItem, AuditKind, AuditPopulation
from verification.selectors.verified import VerifiedRegion, verified_regions
from verification.selectors.verified_answers import VerifiedAnswer, verified_answers
from webapp.core.errors import Conflict


class NothingToAudit(Conflict):
    """The population is empty."""

    code = "nothing_to_audit"


@dataclass(frozen=True, slots=True)
class Found:
    """ids: of the population, in the order of their hashes; frame: about how many there are in all."""

    ids: list[int]
    frame: int


Filler = Callable[[Audit, Found], None]


def population_of(
    loop: Loop, population: AuditPopulation, kind: AuditKind, size: int, seed: int
) -> tuple[Found, Filler]:
    """What is drawn, and what makes items of it. Raises NothingToAudit."""
    values = {"loop": loop.pk, "project_id": loop.project_id, "seed": seed}
    draw = _DRAWS[population, kind]
    found, fill = draw(values, size)
    if not found.ids:
        raise NothingToAudit(_reason(population))
    return found, fill


def _model_tags(values: dict[str, Any], size: int) -> tuple[Found, Filler]:
    return _model_rows(values, size, "annotation_regionannotation", _MODEL_TAGS, _MODEL_TAG_ITEMS)


def _model_answers(values: dict[str, Any], size: int) -> tuple[Found, Filler]:
    return _model_rows(values, size, "annotation_questionanswer", _MODEL_QA, _MODEL_QA_ITEMS)


def _model_rows(values: dict[str, Any], size: int, table: str, statement: str, items: str) -> tuple[Found, Filler]:
    about = _about_rows(f"{table}_{values['loop']}")
    found = _smallest_hashes(lambda cut: _rows(statement, values | {"cut": cut}), size, about)
    return found, _by_statement(items)


def _verified_tags(values: dict[str, Any], size: int) -> tuple[Found, Filler]:
    """Regions with a tag that people accepted."""
    regions: dict[int, VerifiedRegion] = {}

    def verified(cut: float) -> list[tuple[int]]:
        ids = [row[0] for row in _rows(_JUDGED, values | {"cut": cut})]
        known = verified_regions(project_id=values["project_id"], region_ids=ids)
        regions.update({key: region for key, region in known.items() if region.effective is not None})
        return [(region_id,) for region_id in ids if region_id in regions]

    about = _rows(_OF_SAMPLES_COUNT, values | {"kind": "tag"})[0][0]
    found = _smallest_hashes(verified, size, about)
    return found, lambda audit, found: _fill_verified(audit, found, regions)


def _verified_answers(values: dict[str, Any], size: int) -> tuple[Found, Filler]:
    """Pairs with the answers that count now: the model's, those that people wrote, and rejections. Their ids are those
    of the items that asked about them."""
    pairs: dict[int, VerifiedAnswer] = {}

    def verified(cut: float) -> list[tuple[int]]:
        regions = [row[0] for row in _rows(_JUDGED_QUESTIONS, values | {"cut": cut})]
        found = verified_answers(project_id=values["project_id"], region_ids=regions)
        below = {row[0] for row in _rows(_QUESTIONS, values | {"cut": cut})}
        pairs.update({one.item_id: one for group in found.values() for one in group if one.item_id in below})
        return _rows(_BY_HASH, {"ids": list(pairs), "seed": values["seed"]})

    about = _rows(_OF_SAMPLES_COUNT, values | {"kind": "qa"})[0][0]
    found = _smallest_hashes(verified, size, about)
    return found, lambda audit, found: _fill_answers(audit, found, pairs)


def _smallest_hashes(select: Callable[[float], list[tuple[Any, ...]]], size: int, about: int) -> Found:
    """The `size` smallest hashes of the population; the cut is widened until enough of it lie below."""
    cut = min(1.0, (2 * size + 200) / max(about, 1))
    while True:
        ids = [row[0] for row in select(cut)]
        if len(ids) >= size or cut >= 1:
            return Found(ids[:size], round(len(ids) / cut))
        cut = min(1.0, 4 * cut)


def _fill_verified(audit: Audit, found: Found, regions: dict[int, VerifiedRegion]) -> None:
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
                inclusion_probability=min(1.0, len(found.ids) / found.frame),
                concept_id=first.concept_id,
                source_mask=first.role_mask,
                producer_id=None,
                size_class=size_class,
                barred_ids=facts[region_id][5],
            )
        )
    AuditItem.objects.bulk_create(items, batch_size=1_000)


def _fill_answers(audit: Audit, found: Found, pairs: dict[int, VerifiedAnswer]) -> None:
    """Items of the answers that count now."""
    chosen = [pairs[key] for key in found.ids]
    values = {"ids": [pair.region_id for pair in chosen], "project_id": audit.project_id}
    facts = {row[0]: row[1:] for row in _rows(_FACTS, values)}
    masks = dict(_rows(_ASKED_MASKS, {"items": found.ids}))
    sizes = size_classes(np.array([facts[pair.region_id][1:5] for pair in chosen], dtype=np.float64).reshape(-1, 4))
    AuditItem.objects.bulk_create(
        [
            AuditItem(
                audit=audit,
                position=position,
                image_id=pair.image_id,
                region_id=pair.region_id,
                question_answer_id=pair.item_id,
                shown={
                    "tag": {"concept_id": pair.concept_id, "text": pair.tag},
                    "question": pair.question,
                    "answer": pair.answer,
                },
                inclusion_probability=min(1.0, len(found.ids) / found.frame),
                concept_id=pair.concept_id,
                source_mask=masks.get(pair.item_id) or 0,
                producer_id=None,
                size_class=size_class,
                barred_ids=facts[pair.region_id][5],
            )
            for position, (pair, size_class) in enumerate(zip(chosen, sizes.tolist(), strict=True))
        ],
        batch_size=1_000,
    )


def _by_statement(statement: str) -> Filler:
    def fill(audit: Audit, found: Found) -> None:
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


_DRAWS = {
    (AuditPopulation.MODEL, AuditKind.TAG): _model_tags,
    (AuditPopulation.MODEL, AuditKind.QA): _model_answers,
    (AuditPopulation.VERIFIED, AuditKind.TAG): _verified_tags,
    (AuditPopulation.VERIFIED, AuditKind.QA): _verified_answers,
}

_HASH = "hashint8extended({key}, %(seed)s::bigint)::float8 / 18446744073709551616::float8 + 0.5 < %(cut)s::float8"
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
WHERE sample.project_id = %(project_id)s AND NOT item.is_gold
  AND loop.number <= (SELECT number FROM annotation_loop WHERE id = %(loop)s)
"""
_OF_SAMPLES_COUNT = f"SELECT count(*) {_OF_SAMPLES} AND sample.task_kind = %(kind)s"
_JUDGED = f"""
SELECT region_id FROM (
    SELECT DISTINCT item.region_ids[1] AS region_id
    {_OF_SAMPLES} AND sample.task_kind = 'tag' AND {_HASH.format(key="item.region_ids[1]")}
) judged
ORDER BY hashint8extended(region_id, %(seed)s::bigint), region_id
"""  # noqa: S608
_QUESTIONS = f"SELECT item.id {_OF_SAMPLES} AND sample.task_kind = 'qa' AND {_HASH.format(key='item.id')}"
_JUDGED_QUESTIONS = f"""
SELECT DISTINCT item.region_ids[1] {_OF_SAMPLES} AND sample.task_kind = 'qa' AND {_HASH.format(key="item.id")}
"""
_BY_HASH = """
SELECT id FROM unnest(%(ids)s::bigint[]) wanted (id) ORDER BY hashint8extended(id, %(seed)s::bigint), id
"""
# Who proposed the tag that was asked about, where the annotations still are.
_ASKED_MASKS = """
SELECT item.id, annotation.role_masks[array_position(
    annotation.concept_ids, (item.shown #>> '{tag,concept_id}')::bigint)]
FROM verification_sampleitem item
JOIN verification_sample sample ON sample.id = item.sample_id
JOIN annotation_regionannotation annotation
  ON annotation.loop_id = sample.annotated_loop_id AND annotation.region_id = item.region_ids[1]
WHERE item.id = ANY (%(items)s::bigint[])
"""
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
