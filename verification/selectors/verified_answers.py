"""Which question-answer pairs count as verified, and what their right answer is. The one rule; its twin for tags is
verified.py, which also says when an item is decided at all.

A pair is verified when its QA check is decided and more than half of the people chose the same (a tie is disputed), or
an accepted package says what is right. Where that is *wrong answer*, the right one must be there too: written by the
expert in the ruling, or by somebody in stage 2 whose item is decided in the same way.

Its *effective answer* is the model's where it is correct, what people wrote where it is not, and a rejection answer
(verification/rejections.py) where the question is unanswerable or the tag wrong. An erased text leaves the pair
unverified.
"""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from django.db import connection

from verification.models import QAChoice
from verification.rejections import REJECTION_ANSWERS
from verification.selectors.verified import DECIDED_SQL

_DECIDED = """
SELECT item.id AS item_id, item.image_id, item.region_ids[1] AS region_id, item.question_answer_id, item.shown,
       loop.number AS loop, sample.annotated_loop_id, decided.people, decided.first_on, decided.last_on,
       coalesce(decided.choice, voted.choice) AS choice, wording.text
FROM verification_sample sample
JOIN projects_project project ON project.id = sample.project_id
JOIN annotation_loop loop ON loop.id = sample.loop_id
JOIN verification_sampleitem item ON item.sample_id = sample.id
CROSS JOIN LATERAL (__decided__) decided
CROSS JOIN LATERAL (
    SELECT verdict.choice, count(*) AS votes FROM verification_verdict verdict
    WHERE verdict.id = ANY (decided.verdict_ids)
    GROUP BY verdict.choice ORDER BY count(*) DESC LIMIT 1
) voted
LEFT JOIN verification_wording wording
  ON wording.kind = 'correction'
 AND CASE WHEN decided.ruling_id IS NULL THEN wording.verdict_id = decided.verdict_ids[1]
          ELSE wording.ruling_id = decided.ruling_id END
WHERE sample.project_id = %(project_id)s AND sample.task_kind = '__kind__'
  AND item.state = 'open' AND NOT item.is_gold
  AND (decided.choice IS NOT NULL OR 2 * voted.votes > decided.people)
  AND __scope__
""".replace("__decided__", DECIDED_SQL)

_EFFECTIVE = f"""
SELECT * FROM (
    SELECT checked.question_answer_id AS pair_id, checked.region_id, checked.image_id, checked.loop,
           checked.shown ->> 'question' AS question,
           CASE final.choice WHEN 'correct' THEN checked.shown ->> 'answer'
                             WHEN 'unanswerable' THEN '{REJECTION_ANSWERS[QAChoice.UNANSWERABLE]}'
                             WHEN 'wrong_tag' THEN '{REJECTION_ANSWERS[QAChoice.WRONG_TAG]}'
                             ELSE coalesce(nullif(checked.text, ''), nullif(written.text, '')) END AS answer,
           final.choice, (checked.shown -> 'tag' ->> 'concept_id')::bigint AS concept_id,
           checked.shown -> 'tag' ->> 'text' AS tag, checked.shown ->> 'answer' AS shown_answer, checked.item_id,
           checked.annotated_loop_id, checked.people, checked.first_on,
           greatest(checked.last_on, written.last_on) AS last_on
    FROM (__checked__) checked
    LEFT JOIN LATERAL (__written__) written
           ON checked.choice = 'wrong_answer' AND coalesce(checked.text, '') = ''
    CROSS JOIN LATERAL (
        SELECT coalesce(nullif(written.choice, ''), checked.choice) AS choice
    ) final
) effective WHERE answer IS NOT NULL
"""  # noqa: S608  # made of constants


class VerifiedAnswer(NamedTuple):
    """One verified pair: `choice` is what people decided (QAChoice), `answer` the effective answer.

    `pair_id` is the pair's id in the annotations of `annotated_loop_id`, `loop` the number of the loop that asked; the
    dates (UTC) are those of the first and the last decision that counts.
    """

    pair_id: int
    region_id: int
    image_id: int
    loop: int
    question: str
    answer: str
    choice: str
    concept_id: int
    tag: str
    shown_answer: str
    item_id: int
    annotated_loop_id: int
    people: int
    first_on: date
    last_on: date


def verified_answers_sql(scope: str) -> str:
    """SQL whose rows are VerifiedAnswer, in no order; parameters: `project_id` and those of `scope`.

    scope: a condition on `item` (verification_sampleitem), written by the caller, never made of input.
    """
    checked = _DECIDED.replace("__kind__", "qa").replace("__scope__", scope)
    written = _DECIDED.replace("__kind__", "answer").replace("__scope__", "item.parent_id = checked.item_id")
    return _EFFECTIVE.replace("__checked__", checked).replace("__written__", written)


def verified_answers(*, project_id: int, region_ids: Iterable[int]) -> dict[int, list[VerifiedAnswer]]:
    """The verified pairs of the given regions by region, in one query; of a pair asked about in several loops the
    latest decision, in the order of the pairs."""
    # Arrays of one region each are what the unique index over (sample, region_ids) is searched for.
    scope = "item.region_ids IN (SELECT ARRAY[id] FROM unnest(%(region_ids)s::bigint[]) AS wanted (id))"
    statement = f"{verified_answers_sql(scope)} ORDER BY region_id, annotated_loop_id, pair_id, loop"
    with connection.cursor() as cursor:
        cursor.execute(statement, {"project_id": project_id, "region_ids": list(region_ids)})
        pairs = [VerifiedAnswer._make(row) for row in cursor.fetchall()]
    latest = {(pair.region_id, pair.annotated_loop_id, pair.pair_id): pair for pair in pairs}
    found: dict[int, list[VerifiedAnswer]] = {}
    for pair in latest.values():
        found.setdefault(pair.region_id, []).append(pair)
    return found
