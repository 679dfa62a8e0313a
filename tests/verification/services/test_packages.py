"""Finished items become packages: whose, how large, and what stays out."""

import uuid
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from tests.factories import WORDS, make_sample
from tests.verification.judgements import items_of, judge, judge_all, reopen
from tests.verification.packages import child_of, contents, judged_sample, member, packed, review, reviewed, said
from tests.verification.services.crowds import people
from verification.models import (
    Assignment,
    ItemState,
    PackageItem,
    PackageState,
    ReviewPackage,
    SampleItem,
    TaskKind,
    Verdict,
)
from verification.services.packages import cancel_packages, is_anything_waiting, pack
from verification.services.verdicts import withdraw_verdict

pytestmark = pytest.mark.django_db


def test_a_package_holds_one_persons_items_with_what_they_said(project: Any, ana: Any) -> None:
    sample = judged_sample(reviewed(project, size=10), ana, items=10, wrong_every=2)
    (package,) = packed(sample, final=False)
    assert (package.author, package.size, package.threshold, package.state) == (ana, 10, 0.95, PackageState.READY)
    for item in contents(package):
        (verdict,) = Verdict.objects.filter(item=item.item)
        assert (item.verdict_ids, item.rejected_ids, item.round) == ([verdict.pk], verdict.rejected_ids, 0)
        assert item.is_live
    assert [item.position for item in contents(package)] == list(range(10))


def test_only_whole_packages_are_made_before_the_end_and_nothing_is_packed_twice(project: Any, ana: Any) -> None:
    sample = judged_sample(reviewed(project, size=10), ana, items=37)
    assert [package.size for package in packed(sample, final=False)] == [10, 10, 10]
    assert pack(sample_id=sample.pk, final=False) == 0
    assert pack(sample_id=sample.pk, final=True) == 1
    assert pack(sample_id=sample.pk, final=True) == 0
    assert PackageItem.objects.count() == 37


def test_what_is_judged_later_joins_what_was_left_over(project: Any, ana: Any) -> None:
    sample = make_sample(reviewed(project, size=4), items=6)
    items = items_of(sample)
    for item in items[:3]:
        judge(item, ana)
    assert packed(sample, final=False) == []
    for item in items[3:5]:
        judge(item, ana)
    (package,) = packed(sample, final=False)
    assert [item.item for item in contents(package)] == items[:4]
    judge(items[5], ana)
    assert len(packed(sample, final=False)) == 1
    assert len(packed(sample, final=True)) == 2
    assert {item.item for item in contents(ReviewPackage.objects.latest("pk"))} == set(items[4:])


def test_a_small_remainder_allows_no_error_a_larger_one_does(project: Any, ana: Any) -> None:
    sample = judged_sample(reviewed(project, size=50), ana, items=69)
    assert [(package.size, package.threshold) for package in packed(sample)] == [(50, 0.95), (19, 1.0)]
    other = judged_sample(reviewed(type(project).objects.create(name="Other", slug="other"), size=50), ana, items=70)
    assert [(package.size, package.threshold) for package in packed(other)] == [(50, 0.95), (20, 0.95)]


def test_each_annotator_has_packages_of_their_own(project: Any, ana: Any) -> None:
    sample = make_sample(reviewed(project, size=5), items=8)
    bo = member(project, "bo", "annotator")
    for number, item in enumerate(items_of(sample)):
        said(item, ana if number % 4 else bo)
    assert {(package.author, package.size) for package in packed(sample)} == {(ana, 5), (ana, 1), (bo, 2)}


def test_three_people_per_item_make_one_package_of_what_most_said_and_a_tie_stays_out(project: Any) -> None:
    sample = make_sample(reviewed(project, size=5), items=2, overlap=4)
    first, second = items_of(sample)
    crowd = people(project, 4)
    for number, person in enumerate(crowd):
        said(first, person, *([WORDS[0]] if number < 3 else []))
        said(second, person, *([WORDS[0]] if number < 2 else []))
    (package,) = packed(sample)
    assert package.author is None
    (item,) = contents(package)
    assert item.item == first
    assert item.rejected_ids == [first.shown["tags"][0]["concept_id"]]
    assert len(item.verdict_ids) == 4


def test_gold_removed_and_escalated_items_and_unfinished_ones_stay_out(project: Any, ana: Any) -> None:
    sample = make_sample(reviewed(project, size=5), items=5)
    gold, removed, escalated, unfinished, fine = items_of(sample)
    judge_all(sample, [ana])
    SampleItem.objects.filter(pk=gold.pk).update(is_gold=True)
    SampleItem.objects.filter(pk=removed.pk).update(state=ItemState.REMOVED)
    SampleItem.objects.filter(pk=escalated.pk).update(state=ItemState.ESCALATED)
    reopen(unfinished)
    (package,) = packed(sample)
    assert [item.item for item in contents(package)] == [fine]


def test_answers_of_questions_are_packed_with_their_choice(project: Any, ana: Any) -> None:
    sample = make_sample(reviewed(project, size=2), items=2)
    sample.task_kind = TaskKind.QA
    sample.save()
    SampleItem.objects.filter(sample=sample).update(
        shown={"tag": {"concept_id": 1, "text": "cup"}, "question": "What?", "answer": "A cup.", "others": []}
    )
    for item in items_of(sample):
        said(item, ana, choice="unanswerable")
    (package,) = packed(sample, final=False)
    assert {(item.choice, tuple(item.rejected_ids)) for item in contents(package)} == {("unanswerable", ())}


def test_a_packed_verdict_cannot_be_withdrawn_by_the_database_itself(project: Any, ana: Any) -> None:
    sample = make_sample(reviewed(project), items=1)
    key = judge(items_of(sample)[0], ana)
    packed(sample)
    verdict = Verdict.objects.get(key=key)
    with pytest.raises(IntegrityError, match="review package"), transaction.atomic():
        Verdict.objects.create(
            assignment=verdict.assignment,
            item=verdict.item,
            annotator=ana,
            key=uuid.uuid4(),
            is_withdrawal=True,
            supersedes=verdict,
        )


def test_a_withdrawn_verdict_is_not_packed(project: Any, ana: Any) -> None:
    sample = make_sample(reviewed(project), items=1)
    key = judge(items_of(sample)[0], ana)
    withdraw_verdict(project_id=project.pk, user_id=ana.pk, verdict_key=key, key=uuid.uuid4())
    assert packed(sample) == []


def test_a_later_round_of_an_accepted_item_is_packed_again(project: Any, ana: Any, edo: Any) -> None:
    sample = judged_sample(reviewed(project, size=3), ana, items=3)
    (package,) = packed(sample)
    review(package, edo)
    item = items_of(sample)[1]
    reopen(item)
    assert pack(sample_id=sample.pk, final=True) == 0
    bo = member(project, "bo", "annotator")
    said(item, bo, WORDS[2])
    assert pack(sample_id=sample.pk, final=True) == 1
    again = ReviewPackage.objects.latest("pk")
    assert (again.author, again.size, again.threshold) == (bo, 1, 1.0)
    assert [(one.package_id, one.round) for one in PackageItem.objects.filter(item=item, is_live=True)] == [
        (again.pk, 1)
    ]


def test_cancelling_leaves_accepted_packages_and_frees_held_slots(project: Any, ana: Any, edo: Any) -> None:
    member(project, "bo", "annotator")
    sample = judged_sample(reviewed(project, size=3), ana, items=9)
    accepted, failed, waiting = packed(sample)
    review(accepted, edo)
    review(failed, edo, wrong=3)
    assert is_anything_waiting(loop_id=sample.loop_id)
    assert cancel_packages(loop_id=sample.loop_id) == 2
    assert not is_anything_waiting(loop_id=sample.loop_id)
    states = {p.pk: p.state for p in ReviewPackage.objects.all()}
    assert states == {
        accepted.pk: "accepted",
        failed.pk: "failed",
        waiting.pk: "cancelled",
        child_of(failed).pk: "cancelled",
    }
    assert not Assignment.objects.filter(held_for__isnull=False).exists()
    assert cancel_packages(loop_id=sample.loop_id) == 0
