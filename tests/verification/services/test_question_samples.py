"""Pairs drawn like regions: by the concept they were asked about, with a budget, a seed and their probabilities."""

from collections import Counter
from typing import Any

import pytest
from django.db import connection

from annotation.models import Concept, Loop
from annotation.pipeline.loop_configs import SamplingConfig
from tests.verification.questions import decide, lease_kind
from tests.verification.services.annotated import annotated_loop
from tests.verification.services.test_samples import running_loop
from verification.models import Audit, AuditItem, Sample, TaskKind
from verification.services.question_samples import draw_question_sample
from verification.services.queue import lease_items
from verification.services.samples import draw_tag_sample
from verification.services.verdicts import record_verdict

pytestmark = pytest.mark.django_db

SKEWED = {"cup": 300, "jug": 40, "whisk": 1}
PER_REGION = 2


def described_loop(project: Any, frequencies: dict[str, int], *, number: int = 0) -> Loop:
    """An annotated loop with two pairs about the first tag of each region."""
    loop = annotated_loop(project, frequencies, number=number)
    with connection.cursor() as cursor:
        cursor.execute(_PAIRS, {"loop": loop.pk, "each": PER_REGION})
    return loop


_PAIRS = """
INSERT INTO annotation_questionanswer
    (loop_id, id, image_id, region_id, concept_id, ordinal, question, answer, producer_id)
SELECT %(loop)s, region_id * 10 + n, image_id, region_id, concept_ids[1], n, 'What is it (' || n || ')?',
       'It is thing ' || n || '.', producer_id
FROM annotation_regionannotation CROSS JOIN generate_series(0, %(each)s - 1) n WHERE loop_id = %(loop)s
"""


def draw(project: Any, zero: Loop, *, number: int = 1, **options: Any) -> Sample | None:
    return draw_question_sample(loop=running_loop(project, zero, number), annotated_loop=zero, **options)


def words(sample: Sample) -> Counter[str]:
    return Counter(item.shown["tag"]["text"] for item in sample.items.all())


def test_pairs_come_by_the_quota_of_their_concept_with_their_probability(project: Any) -> None:
    sample = draw(project, described_loop(project, SKEWED), budget=1000, seed=1)
    assert sample is not None
    found = words(sample)
    assert (found["cup"], found["whisk"]) == (90, 2)
    for item in sample.items.all():
        frequency = PER_REGION * SKEWED[item.shown["tag"]["text"]]
        assert item.inclusion_probability == pytest.approx(found[item.shown["tag"]["text"]] / frequency, rel=0.05)
    assert sample.config["drawn"]["pairs"] == PER_REGION * sum(SKEWED.values())


def test_what_is_shown_is_frozen_with_the_regions_other_pairs(project: Any, ana: Any) -> None:
    zero = described_loop(project, {"cup": 2})
    sample = draw(project, zero, budget=100)
    assert sample is not None
    item = sample.items.order_by("pk")[0]
    assert item.question_answer_id is not None
    place = item.question_answer_id - item.region_ids[0] * 10
    cup = Concept.objects.get(text="cup")
    assert item.shown == {
        "tag": {"concept_id": cup.pk, "text": "cup"},
        "question": f"What is it ({place})?",
        "answer": f"It is thing {place}.",
        "others": [{"question": f"What is it ({1 - place})?", "answer": f"It is thing {1 - place}."}],
    }
    (slot, *_rest) = lease_kind(project, ana)
    assert slot.question is not None


def test_the_same_seed_draws_the_same_pairs_and_a_second_call_is_the_first(project: Any) -> None:
    zero = described_loop(project, SKEWED)
    drawn = []
    for number, seed in ((1, 5), (2, 5), (3, 6)):
        sample = draw(project, zero, number=number, seed=seed, budget=40)
        assert sample is not None
        assert sample == draw_question_sample(loop=sample.loop, annotated_loop=zero, budget=7)
        drawn.append(set(sample.items.values_list("question_answer_id", flat=True)))
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(drawn[0]) == 40


def test_without_a_budget_there_is_a_question_for_every_two_tag_items_and_with_none_no_sample(project: Any) -> None:
    zero = described_loop(project, {"cup": 21})
    loop = running_loop(project, zero)
    tags = draw_tag_sample(loop=loop, annotated_loop=zero)
    none = SamplingConfig(question_budget=0)
    assert draw_question_sample(loop=loop, annotated_loop=zero, config=none) is None
    sample = draw_question_sample(loop=loop, annotated_loop=zero)
    assert sample is not None
    assert sample.items.count() == -(-tags.items.count() // 2)


def test_a_loop_that_was_never_described_has_no_questions(project: Any) -> None:
    assert draw(project, annotated_loop(project, {"cup": 3}), budget=5) is None
    assert not Sample.objects.filter(task_kind=TaskKind.QA).exists()


def test_judged_pairs_audited_regions_and_rejected_tags_are_not_asked_about(project: Any, ana: Any, lea: Any) -> None:
    zero = described_loop(project, {"cup": 4})
    first = draw(project, zero, budget=1, seed=1)
    assert first is not None
    (judged,) = first.items.all()
    (slot,) = lease_kind(project, ana)
    decide(project, ana, slot, "correct")
    tags = draw_tag_sample(loop=first.loop, annotated_loop=zero)
    slots = lease_items(project_id=project.pk, user_id=ana.pk, count=4)
    regions = dict(tags.items.values_list("pk", "region_ids"))
    rejected = next(slot for slot in slots if regions[slot.item_id] != judged.region_ids)
    record_verdict(
        project_id=project.pk,
        user_id=ana.pk,
        assignment_id=rejected.assignment_id,
        rejected_ids=[rejected.tags[0].concept_id],
        seconds=1,
        key="00000000-0000-4000-8000-000000000001",  # type: ignore[arg-type]
    )
    left = [ids[0] for item, ids in regions.items() if item != rejected.item_id and ids != judged.region_ids]
    audit = Audit.objects.create(
        project=project, loop=zero, population="model", task_kind="tag", seed=1, size=1, frame_size=4, created_by=lea
    )
    AuditItem.objects.create(
        audit=audit,
        position=0,
        image_id=judged.image_id,
        region_id=left[0],
        shown={},
        inclusion_probability=0.25,
        concept_id=judged.shown["tag"]["concept_id"],
        source_mask=1,
        producer_id=1,
        size_class=1,
    )
    again = draw(project, zero, number=2, budget=100)
    assert again is not None
    asked = {item.question_answer_id for item in again.items.all()}
    other = next(pair for pair in range(judged.region_ids[0] * 10, judged.region_ids[0] * 10 + 2))
    assert judged.question_answer_id not in asked
    assert asked <= {left[1] * 10, left[1] * 10 + 1, other, other + 1}
    assert {left[1] * 10, left[1] * 10 + 1} <= asked
