"""The sample of questions: pairs of the annotated loop, drawn like regions by the concept that they were asked about.

Quotas, budget, seed and inclusion probabilities are those of the tag sample (samples.py, verification/sampling.py).
"""

from __future__ import annotations

import logging
import secrets

from django.db import transaction

from annotation.models import Loop
from annotation.pipeline.loop_configs import SamplingConfig
from verification.models import Sample, TaskKind
from verification.selectors.audits import AUDITED_REGIONS_SQL
from verification.selectors.verified import verified_items_sql
from verification.services.sample_draws import NothingToSample, fill_sample
from verification.services.sample_frames import Frame

log = logging.getLogger(__name__)

TAG_ITEMS_PER_QUESTION = 2
"""Without a budget of their own there is one question for so many tag items: a pair costs about twice as much as a tag
item (0.02 to check, 0.07 to correct the third or so that is wrong: papers V1 appendix A, Q25), so that tags and
questions get about the same money."""


def draw_question_sample(
    *,
    loop: Loop,
    annotated_loop: Loop,
    budget: int | None = None,
    seed: int | None = None,
    config: SamplingConfig | None = None,
) -> Sample | None:
    """The loop's sample of question-answer pairs of `annotated_loop`; open, with all items and slots.

    To be called after the tag sample is drawn. None when the budget is 0 or there is nothing to ask about. Drawn once:
    a second call gives the sample that is there. `budget` and `seed` come before those of `config`.
    """
    config = config or SamplingConfig()
    budget = config.question_budget if budget is None else budget
    seed = config.seed if seed is None else seed
    seed = secrets.randbelow(2**62) if seed is None else seed
    try:
        with transaction.atomic():
            Loop.objects.select_for_update(no_key=True).get(pk=loop.pk)
            there = Sample.objects.filter(loop=loop, task_kind=TaskKind.QA).first()
            if there is not None:
                return there
            budget = _fair_budget(loop) if budget is None else budget
            if budget == 0:
                return None
            sample = Sample.objects.create(
                project_id=loop.project_id,
                loop=loop,
                annotated_loop=annotated_loop,
                task_kind=TaskKind.QA,
                seed=seed,
                overlap=loop.project.overlap,
            )
            report = fill_sample(sample, QUESTION_FRAME, config, budget)
            report["pairs"] = report.pop("regions")
            sample.config = {**config.model_dump(mode="json"), "budget": budget, "seed": seed, "drawn": report}
            sample.save(update_fields=["config"])
    except NothingToSample:
        return None
    log.info("question sample %s of loop %s: %s", sample.pk, loop.pk, report)
    return sample


def _fair_budget(loop: Loop) -> int:
    tags = Sample.objects.filter(loop=loop, task_kind=TaskKind.TAG).first()
    return -(-tags.items.count() // TAG_ITEMS_PER_QUESTION) if tags else 0


# Pairs that people judged already; those of audited regions, which measure the models; and those about a tag that
# people rejected for the region, which are known to be meaningless.
_LEFT_OUT = f"""
SELECT item.question_answer_id
FROM verification_sample sample JOIN verification_sampleitem item ON item.sample_id = sample.id
WHERE sample.project_id = %(project_id)s AND sample.task_kind = 'qa' AND sample.annotated_loop_id = %(annotated)s
  AND EXISTS (SELECT 1 FROM verification_assignment slot WHERE slot.item_id = item.id)
  AND NOT EXISTS (SELECT 1 FROM verification_assignment slot WHERE slot.item_id = item.id AND slot.state <> 'done')
UNION
SELECT pair.id FROM ({AUDITED_REGIONS_SQL}) audited (region_id)
JOIN annotation_questionanswer pair ON pair.loop_id = %(annotated)s AND pair.region_id = audited.region_id
UNION
SELECT pair.id FROM ({verified_items_sql("true")}) verified
CROSS JOIN LATERAL unnest(verified.concept_ids, verified.against) AS decision (concept_id, against)
JOIN annotation_questionanswer pair
  ON pair.loop_id = %(annotated)s AND pair.region_id = verified.region_id AND pair.concept_id = decision.concept_id
WHERE 2 * decision.against > verified.people
"""  # noqa: S608  # made of constants

_UNITS = """
SELECT pair.id AS unit_id, pair.concept_id
FROM annotation_questionanswer pair
WHERE pair.loop_id = %(annotated)s AND pair.region_id IS NOT NULL AND pair.image_id <= %(last_image)s
"""
_PAIR_IS_IN = "AND NOT EXISTS (SELECT 1 FROM sample_left_out WHERE sample_left_out.region_id = pair.id)"

# A frozen copy of what is shown, in the random order in which it is handed out (see samples.py).
_ITEMS = """
INSERT INTO verification_sampleitem
    (sample_id, image_id, region_ids, question_answer_id, shown, inclusion_probability, reason, state)
SELECT %(sample)s, region.image_id, ARRAY[region.id], pair.id,
       jsonb_build_object(
           'tag', jsonb_build_object('concept_id', concept.id, 'text', coalesce(alias.display, concept.display)),
           'question', pair.question, 'answer', pair.answer, 'others', others.listed),
       drawn.probability, 'concept', 'open'
FROM sample_drawn drawn
JOIN annotation_questionanswer pair ON pair.loop_id = %(annotated)s AND pair.id = drawn.unit_id
JOIN annotation_region region ON region.id = pair.region_id
JOIN annotation_concept concept ON concept.id = pair.concept_id
LEFT JOIN sample_alias alias ON alias.concept_id = concept.id
CROSS JOIN LATERAL (
    SELECT coalesce(
        jsonb_agg(jsonb_build_object('question', other.question, 'answer', other.answer)
                  ORDER BY other.ordinal, other.id),
        '[]') AS listed
    FROM annotation_questionanswer other
    WHERE other.loop_id = %(annotated)s AND other.region_id = pair.region_id AND other.id <> pair.id
) others
ORDER BY hashint8extended(pair.id, ~ %(seed)s::bigint)
"""

QUESTION_FRAME = Frame(left_out=_LEFT_OUT, units=_UNITS, unless_left_out=_PAIR_IS_IN, items=_ITEMS)
