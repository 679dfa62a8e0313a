"""What an annotator reads of experts' rulings: their own items alone, of closed packages alone."""

from typing import Any

import pytest

from tests.factories import WORDS, make_sample
from tests.verification.judgements import items_of
from tests.verification.packages import (
    contents,
    disagreement,
    judged_sample,
    member,
    packed,
    review,
    reviewed,
    rule_all,
    said,
)
from tests.verification.services.crowds import people
from verification.models import ReviewPackage
from verification.selectors.expert_agreement import agreement_by_expert, agreement_of_experts
from verification.selectors.feedback import feedback_of, feedback_summary
from verification.services.reviews import decide_package, rule_item

pytestmark = pytest.mark.django_db


def test_nothing_is_told_before_the_package_is_closed_then_what_was_wrong_and_why(
    project: Any, ana: Any, edo: Any
) -> None:
    (package,) = packed(judged_sample(reviewed(project, size=20), ana, items=20))
    rule_all(package, edo)
    first = contents(package)[0]
    who = {"project_id": project.pk, "user_id": edo.pk, "package_id": package.pk}
    rule_item(**who, item_id=first.pk, mark=disagreement(first, note="It is a jar."))
    mine = {"project_id": project.pk, "user_id": ana.pk}
    assert feedback_of(**mine) == ([], None)
    assert feedback_summary(**mine).packages == 0
    decide_package(**who)
    ((one,), after) = feedback_of(**mine)
    assert after is None
    assert (one.item_id, one.note, one.reason) == (first.item_id, "It is a jar.", "wrong_left")
    assert [(tag.text, tag.was_left) for tag in one.tags] == [(WORDS[0], True)]
    summary = feedback_summary(**mine)
    assert (summary.packages, summary.accepted, summary.items, summary.right) == (1, 1, 20, 19)


def test_nobody_reads_what_others_got_wrong(project: Any, ana: Any, edo: Any) -> None:
    member(project, "bo", "annotator")
    (package,) = packed(judged_sample(reviewed(project, size=5), ana, items=5))
    review(package, edo, wrong=5)
    bo = type(ana).objects.get(username="bo")
    assert feedback_of(project_id=project.pk, user_id=bo.pk) == ([], None)
    assert len(feedback_of(project_id=project.pk, user_id=ana.pk)[0]) == 5


def test_pages_of_feedback_follow_each_other_by_key(project: Any, ana: Any, edo: Any) -> None:
    (package,) = packed(judged_sample(reviewed(project, size=5), ana, items=5))
    review(package, edo, wrong=5)
    mine = {"project_id": project.pk, "user_id": ana.pk, "limit": 2}
    keys, before = [], None
    for _page in range(3):
        found, before = feedback_of(**mine, before=before)
        keys += [one.key for one in found]
    assert before is None
    assert keys == sorted((item.pk for item in contents(package)), reverse=True)


def test_with_overlap_only_who_said_it_is_told(project: Any, edo: Any) -> None:
    sample = make_sample(reviewed(project, size=1), items=1, overlap=3)
    (item,) = items_of(sample)
    one, two, dissenter = people(project, 3)
    said(item, one)
    said(item, two)
    said(item, dissenter, WORDS[0])
    (package,) = packed(sample)
    review(package, edo, wrong=1)  # the expert says that the first tag is wrong, as the dissenter did
    told = {
        person.username: len(feedback_of(project_id=project.pk, user_id=person.pk)[0])
        for person in (one, two, dissenter)
    }
    assert told == {"crowd0": 1, "crowd1": 1, "crowd2": 0}


def test_agreement_of_experts_is_measured_by_second_looks(project: Any, ana: Any, edo: Any) -> None:
    ina = member(project, "ina", "expert")
    (package,) = packed(judged_sample(reviewed(project, size=20, second_looks=1.0), ana, items=20))
    review(package, edo, wrong=4)
    copy = ReviewPackage.objects.get(second_look_of=package)
    rule_all(copy, ina, wrong=2)
    assert agreement_of_experts(project_id=project.pk).items == 0
    decide_package(project_id=project.pk, user_id=ina.pk, package_id=copy.pk)
    found = agreement_of_experts(project_id=project.pk, user_id=ina.pk)
    assert (found.items, found.same) == (20, 18)
    # Observed 0.9, by chance 0.8 x 0.9 + 0.2 x 0.1 = 0.74.
    assert found.kappa == pytest.approx((0.9 - 0.74) / (1 - 0.74))
    rows = agreement_by_expert(project_id=project.pk)
    assert [(row.name, row.agreement.same) for row in rows] == [("edo", 18), ("ina", 18)]
    assert agreement_of_experts(project_id=project.pk, user_id=ana.pk).items == 0
