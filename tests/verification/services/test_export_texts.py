"""Questions and captions that leave: right answers, captions whose answers all stood, AS-Core lines."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from annotation.models import Concept, QuestionAnswer, RegionAnnotation
from annotation.services.partitions import create_partitions
from tests.factories import WORDS, make_sample
from tests.verification.exports_read import exported, lines_of, rows_of
from tests.verification.judgements import items_of, judge, reopen
from tests.verification.packages import member
from tests.verification.questions import answer, check, make_question_sample
from verification.exports.schemas import SCHEMA_OF, schema_file
from verification.models import ExportKind, Sample, SampleItem
from verification.rejections import REJECTION_ANSWERS

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pairs(project: Any, ana: Any) -> list[SampleItem]:
    """Two regions whose best tag is right, described by the models, with two open pairs each."""
    tags = make_sample(project, items=2)
    for item in items_of(tags):
        judge(item, ana)
    sample = make_question_sample(tags, pairs=2)
    _describe(sample)
    return items_of(sample)


def _describe(sample: Sample) -> None:
    """The rows behind a QA sample's items, as the models wrote them, and a caption of each region."""
    loop_id, concept = sample.annotated_loop_id, Concept.objects.get(text=WORDS[0])
    create_partitions(loop_id)
    for item in items_of(sample):
        QuestionAnswer.objects.create(
            loop_id=loop_id, id=item.question_answer_id, image_id=item.image_id, region_id=item.region_ids[0],
            concept_id=concept.pk, ordinal=(item.question_answer_id or 0) % 10, question=item.shown["question"],
            answer=item.shown["answer"], producer_id=1,
        )  # fmt: skip
        RegionAnnotation.objects.get_or_create(
            loop_id=loop_id, region_id=item.region_ids[0],
            defaults={
                "image_id": item.image_id, "concept_ids": [concept.pk], "scores": [0.5], "role_masks": [1],
                "raw_score": 0.5, "size_class": 1, "producer_id": 1, "caption": f"Caption {item.region_ids[0]}.",
            },
        )  # fmt: skip


def _records(project: Any, kind: str, **choices: Any) -> list[dict[str, Any]]:
    """Each valid by its schema, and the same as Parquet."""
    records = lines_of(exported(project, kind, **choices))
    schema = schema_file(SCHEMA_OF[ExportKind(kind)])
    assert schema
    validator = Draft202012Validator(json.loads(schema.read_text()), format_checker=FormatChecker())
    for record in records:
        validator.validate(record)
    assert rows_of(exported(project, kind, "parquet", **choices)) == records
    return records


def test_every_decision_leaves_with_its_right_answer(project: Any, ana: Any, pairs: list[SampleItem]) -> None:
    bob = member(project, "bob", "annotator")
    check(pairs[0], ana, "correct")
    check(pairs[1], ana, "wrong_answer")
    check(pairs[2], ana, "unanswerable")
    assert [record["choice"] for record in _records(project, "qa")] == ["correct", "unanswerable"]
    answer(pairs[1], bob, "=It is <b>blue</b>.")
    records = _records(project, "qa")
    assert [(record["choice"], record["answer"]) for record in records] == [
        ("correct", pairs[0].shown["answer"]),
        ("wrong_answer", "=It is <b>blue</b>."),
        ("unanswerable", REJECTION_ANSWERS["unanswerable"]),
    ]
    assert {record["tag"] for record in records} == {WORDS[0]}
    assert len(_records(project, "qa", loop=1)) == 3
    assert _records(project, "qa", concepts=[WORDS[1]]) == []
    assert "bob" not in json.dumps(records)


def test_a_pair_about_a_tag_that_was_rejected_later_stays(project: Any, ana: Any, pairs: list[SampleItem]) -> None:
    bob = member(project, "bob", "annotator")
    check(pairs[0], ana, "correct")
    check(pairs[2], ana, "correct")
    assert len(_records(project, "qa")) == 2
    tag_item = SampleItem.objects.get(sample__task_kind="tag", region_ids=pairs[0].region_ids)
    reopen(tag_item)
    judge(tag_item, bob, WORDS[0])
    assert [record["pair"] for record in _records(project, "qa")] == [pairs[2].question_answer_id]


def test_a_caption_leaves_when_all_its_answers_stood(project: Any, ana: Any, pairs: list[SampleItem]) -> None:
    bob = member(project, "bob", "annotator")
    check(pairs[0], ana, "correct")
    assert _records(project, "captions") == []
    check(pairs[1], ana, "correct")
    check(pairs[2], ana, "correct")
    check(pairs[3], ana, "wrong_answer")
    answer(pairs[3], bob, "It is green.")
    (record,) = _records(project, "captions")
    region = pairs[0].region_ids[0]
    assert (record["region"], record["tag"], record["caption"]) == (region, WORDS[0], f"Caption {region}.")
    first, second = _records(project, "regions")
    assert first["verified"] == ["tag", "qa", "caption"]
    assert second["verified"] == ["tag", "qa"]
    assert [pair["answer"] for pair in second["qa"]] == [pairs[2].shown["answer"], "It is green."]


def test_as_core_lines_are_the_authors_layout(project: Any, ana: Any, pairs: list[SampleItem]) -> None:
    check(pairs[0], ana, "correct")
    check(pairs[1], ana, "correct")
    lines = lines_of(exported(project, "qa", "as_core"))
    assert [list(line) for line in lines] == [["image", "bbox", "width", "height", "question", "answer"]] * 2
    x1, y1, x2, y2 = lines[0]["bbox"]
    assert 0 <= x1 < x2 <= lines[0]["width"] == 640
    assert 0 <= y1 < y2 <= lines[0]["height"] == 427
    (caption,) = lines_of(exported(project, "captions", "as_core"))
    assert list(caption) == ["image", "bbox", "width", "height", "caption"]


def test_gold_and_removed_pairs_never_leave(project: Any, ana: Any, pairs: list[SampleItem]) -> None:
    for item in pairs[:3]:
        check(item, ana, "correct")
    SampleItem.objects.filter(pk=pairs[0].pk).update(is_gold=True)
    SampleItem.objects.filter(pk=pairs[1].pk).update(state="removed")
    assert [record["pair"] for record in _records(project, "qa")] == [pairs[2].question_answer_id]
