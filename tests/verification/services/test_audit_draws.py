from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from annotation import dispatch
from annotation.models import Loop, LoopState, RegionAnnotation
from annotation.pipeline.loop_configs import SamplingConfig
from tests.annotation.scenes import ask, make_scene, rename
from tests.conftest import _member
from tests.factories import make_sample
from tests.verification.judgements import judge_all
from tests.verification.questions import answer, check, make_question_sample
from tests.verification.services.annotated import annotated_loop
from verification.models import Audit, AuditItem, AuditKind, AuditPopulation, AuditSlot, Sample, SampleItem
from verification.rejections import REJECTION_ANSWERS
from verification.services.audit_draws import (
    draw_audit,
    draw_requested_audit,
    enqueue_waiting_audits,
    request_audit,
)
from verification.services.audit_populations import NothingToAudit
from verification.services.samples import close_sample, draw_tag_sample
from webapp.core.errors import BadInput

pytestmark = pytest.mark.django_db

TAIL = {"cup": 200, "jug": 60, "spoon": 9}


def running_loop(project: Any, parent: Loop) -> Loop:
    return Loop.objects.create(project=project, number=1, parent=parent, config_digest="1" * 64)


def regions_of(audit: Audit) -> set[int]:
    return set(audit.items.values_list("region_id", flat=True))


def test_an_audit_takes_as_many_regions_as_are_asked_for_by_equal_chance(project: Any) -> None:
    audit = draw_audit(loop=annotated_loop(project, TAIL), size=40, seed=3)
    items = list(audit.items.order_by("position"))
    assert [item.position for item in items] == list(range(40))
    assert len({item.region_id for item in items}) == 40
    assert {item.inclusion_probability for item in items} == {40 / 269}
    assert audit.frame_size == 269


def test_over_many_seeds_every_region_is_drawn_equally_often(project: Any) -> None:
    loop = annotated_loop(project, {"cup": 20, "jug": 4})
    drawn: Counter[int] = Counter()
    for seed in range(80):
        drawn.update(regions_of(draw_audit(loop=loop, size=6, seed=seed)))
        Audit.objects.all().delete()
    assert len(drawn) == 24
    # 80 draws of a quarter: 20 times each, with a standard deviation of under 4.
    assert min(drawn.values()) > 4
    assert max(drawn.values()) < 36


def test_the_same_seed_draws_the_same_regions(project: Any) -> None:
    loop = annotated_loop(project, TAIL)
    first = regions_of(draw_audit(loop=loop, size=20, seed=9))
    Audit.objects.all().delete()
    assert regions_of(draw_audit(loop=loop, size=20, seed=9)) == first
    Audit.objects.all().delete()
    assert regions_of(draw_audit(loop=loop, size=20, seed=10)) != first


def test_a_cut_that_was_too_low_is_widened(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # Statistics that are far too high: the first cut finds almost nothing.
    loop = annotated_loop(project, TAIL)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE pg_class SET reltuples = 100000 WHERE relname = %s", [f"annotation_regionannotation_{loop.pk}"]
        )
    audit = draw_audit(loop=loop, size=100, seed=1)
    assert audit.items.count() == 100
    whole = {
        row[0]
        for row in sorted(
            RegionAnnotation.objects.filter(loop_id=loop.pk)
            .extra(select={"h": "hashint8extended(region_id, 1)"})
            .values_list("region_id", "h"),
            key=lambda row: row[1],
        )[:100]
    }
    assert regions_of(audit) == whole


def test_a_second_draw_gives_the_first_audit(project: Any) -> None:
    loop = annotated_loop(project, TAIL)
    once = draw_audit(loop=loop, size=20)
    assert draw_audit(loop=loop, size=50) == once
    assert once.items.count() == 20


def test_a_share_of_the_items_is_seen_by_two_experts(project: Any) -> None:
    audit = draw_audit(loop=annotated_loop(project, TAIL), size=50, overlap_share=0.2)
    assert AuditSlot.objects.filter(audit=audit, slot=0).count() == 50
    assert AuditSlot.objects.filter(audit=audit, slot=1).count() == 10


def test_what_is_shown_is_frozen_and_what_figures_need_is_kept(project: Any) -> None:
    loop = annotated_loop(project, {"cup": 12, "jug": 3})
    rename("jug", "pitcher")
    audit = draw_audit(loop=loop, size=15)
    texts = Counter(item.shown["tags"][0]["text"] for item in audit.items.all())
    assert texts == {"cup": 12, "pitcher": 3}
    item = audit.items.filter(shown__tags__0__text="cup").first()
    assert item is not None
    assert [(tag["text"], tag["claim"]) for tag in item.shown["tags"]] == [("cup", True), ("thing", True)]
    assert (item.source_mask, item.size_class, item.barred_ids) == (1, 1, [])
    bands = dict(audit.items.values_list("shown__tags__0__text", "band"))
    assert bands == {"cup": 1, "pitcher": 0}


def test_regions_that_people_judged_or_are_judging_are_not_audited(project: Any, ana: Any) -> None:
    zero = annotated_loop(project, {"cup": 40})
    one = running_loop(project, zero)
    sample = draw_tag_sample(loop=one, annotated_loop=zero, budget=15)
    sampled = {ids[0] for ids in sample.items.values_list("region_ids", flat=True)}
    assert not regions_of(draw_audit(loop=zero, size=40)) & sampled
    Audit.objects.all().delete()
    judge_all(sample, [ana])
    close_sample(sample.pk)
    assert len(regions_of(draw_audit(loop=zero, size=40)) & sampled) == 0


def test_regions_of_a_sample_that_closed_early_and_nobody_judged_are_audited(project: Any) -> None:
    zero = annotated_loop(project, {"cup": 10})
    sample = draw_tag_sample(loop=running_loop(project, zero), annotated_loop=zero, budget=4)
    close_sample(sample.pk)
    assert draw_audit(loop=zero, size=40).items.count() == 10


def test_audited_regions_enter_no_later_sample(project: Any) -> None:
    zero = annotated_loop(project, {"cup": 30})
    audited = regions_of(draw_audit(loop=zero, size=12))
    sample = draw_tag_sample(loop=running_loop(project, zero), annotated_loop=zero)
    sampled = {ids[0] for ids in sample.items.values_list("region_ids", flat=True)}
    assert len(sampled) == 6
    assert not sampled & audited
    assert sample.config["drawn"]["regions"] == 18


def test_pairs_are_audited_with_the_words_they_have(project: Any) -> None:
    loop = make_scene(project, photos=2, regions=3)
    for region in RegionAnnotation.objects.filter(loop_id=loop.pk):
        for ordinal in range(3):
            ask(loop, _region(region), "milk jug", f"What is it? {ordinal}", "A jug.", ordinal)
    audit = draw_audit(loop=loop, task_kind=AuditKind.QA, size=10)
    assert audit.items.count() == 10
    assert audit.frame_size == 18
    item = audit.items.order_by("position")[0]
    assert item.question_answer_id is not None
    assert item.shown["tag"]["text"] == "milk jug"
    assert item.shown["answer"] == "A jug."
    masks = set(audit.items.values_list("source_mask", flat=True))
    assert masks <= {0, 1, 4}  # nobody, the spotter, the imaginator: wherever the tag stood


def _region(row: RegionAnnotation) -> Any:
    from annotation.models import Region

    return Region.objects.get(pk=row.region_id)


def test_the_verified_set_is_audited_with_what_people_decided(project: Any, ana: Any) -> None:
    zero = annotated_loop(project, {"cup": 30})
    one = running_loop(project, zero)
    sample = draw_tag_sample(loop=one, annotated_loop=zero, config=SamplingConfig(low=12))
    judge_all(sample, [ana], wrong_every=4)
    audit = draw_audit(loop=one, population=AuditPopulation.VERIFIED, size=100)
    assert regions_of(audit) == {ids[0] for ids in sample.items.values_list("region_ids", flat=True)}
    for item in audit.items.all():
        tags = [(tag["text"], tag["claim"]) for tag in item.shown["tags"]]
        # Where people rejected the first tag, the second one is what the region is called now.
        assert tags in ([("cup", True), ("thing", True)], [("thing", True), ("cup", False)])
        assert item.barred_ids == [ana.pk]
    assert AuditItem.objects.filter(audit=audit, shown__tags__0__text="thing").count() == 3


def test_a_verified_audit_leaves_the_sampling_frame_alone(project: Any, ana: Any) -> None:
    zero = annotated_loop(project, {"cup": 6})
    one = running_loop(project, zero)
    judge_all(draw_tag_sample(loop=one, annotated_loop=zero), [ana])
    draw_audit(loop=one, population=AuditPopulation.VERIFIED)
    assert Sample.objects.get().items.count() == 6


def test_answers_are_audited_as_they_count_now(project: Any, ana: Any, edo: Any, lea: Any) -> None:
    tags = make_sample(project, items=4)
    questions = make_question_sample(tags)
    writer = _member(project, "wilma", "annotator")
    right, wrong, lost, _open = questions.items.order_by("pk")
    check(right, ana, "correct")
    check(wrong, ana, "wrong_answer")
    check(lost, ana, "unanswerable")
    answer(wrong, writer, "The milk jug is white.")
    audit = draw_audit(loop=tags.loop, population=AuditPopulation.VERIFIED, task_kind=AuditKind.QA)
    assert audit.frame_size == 3
    found = {item.question_answer_id: item for item in audit.items.all()}
    assert found[right.pk].shown["answer"] == "The milk jug is red."
    assert found[wrong.pk].shown["answer"] == "The milk jug is white."
    assert found[lost.pk].shown["answer"] == REJECTION_ANSWERS["unanswerable"]
    assert found[wrong.pk].shown["question"] == wrong.shown["question"]
    assert sorted(found[wrong.pk].barred_ids) == sorted([ana.pk, writer.pk])
    assert found[right.pk].barred_ids == [ana.pk]


def test_nothing_to_audit_is_said(project: Any) -> None:
    loop = Loop.objects.create(project=project, number=5, config_digest="5" * 64, state=LoopState.FINISHED)
    for population in AuditPopulation:
        for kind in AuditKind:
            with pytest.raises(NothingToAudit):
                draw_audit(loop=loop, population=population, task_kind=kind)
    assert not Audit.objects.exists()


@pytest.mark.parametrize(("size", "share"), [(0, 0.1), (20_001, 0.1), (10, -0.1), (10, 1.1)])
def test_impossible_sizes_are_refused(project: Any, size: int, share: float) -> None:
    with pytest.raises(BadInput):
        draw_audit(loop=annotated_loop(project, {"cup": 1}), size=size, overlap_share=share)


def test_what_was_asked_for_is_drawn_once_however_often_its_message_comes(project: Any) -> None:
    loop = annotated_loop(project, {"cup": 30})
    audit = request_audit(loop=loop, size=20)
    assert (audit.drawn_at, audit.items.count()) == (None, 0)
    assert request_audit(loop=loop, size=5).pk == audit.pk
    for _message in range(2):
        draw_requested_audit(audit.pk)
    audit.refresh_from_db()
    assert (audit.items.count(), audit.frame_size, audit.size) == (20, 30, 20)
    assert audit.drawn_at is not None
    assert draw_audit(loop=loop).pk == audit.pk
    draw_requested_audit(audit.pk + 1)  # one that is not there


def test_a_lost_message_is_sent_again_by_the_timer(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    monkeypatch.setattr(dispatch, "enqueue_audit", sent.append)
    audit = request_audit(loop=annotated_loop(project, {"cup": 5}), size=5)
    assert (sent, enqueue_waiting_audits()) == ([audit.pk], 0)
    Audit.objects.filter(pk=audit.pk).update(enqueued_at=timezone.now() - timedelta(hours=1))
    assert (enqueue_waiting_audits(), enqueue_waiting_audits()) == (1, 0)
    assert sent == [audit.pk] * 2
    draw_requested_audit(audit.pk)
    Audit.objects.filter(pk=audit.pk).update(enqueued_at=timezone.now() - timedelta(hours=1))
    assert enqueue_waiting_audits() == 0


def test_an_item_that_was_not_drawn_but_asked_about_weighs_no_more_in_the_audit(project: Any, ana: Any) -> None:
    """A region asked about because its tag was called wrong stands in the sample with the chance 1, not its own."""
    zero = annotated_loop(project, {"cup": 60, "jug": 20})
    sample = draw_tag_sample(loop=running_loop(project, zero), annotated_loop=zero, budget=40, seed=1)
    drawn = list(sample.items.order_by("pk"))
    SampleItem.objects.filter(pk__in=[item.pk for item in drawn[:10]]).update(
        reason="wrong_tag", inclusion_probability=1.0
    )
    judge_all(sample, [ana], wrong_every=10**6)
    audit = draw_audit(loop=sample.loop, population=AuditPopulation.VERIFIED, size=30, seed=2)
    assert {item.inclusion_probability for item in audit.items.all()} == {30 / 40}
    asked = {item.region_ids[0] for item in drawn[:10]}
    assert 2 <= len(regions_of(audit) & asked) <= 10, "they are drawn like the others"
