"""What counts as the right answer of a pair, and when it does."""

from typing import Any

import pytest

from tests.factories import make_sample
from tests.verification.judgements import items_of
from tests.verification.questions import answer, check, make_question_sample
from tests.verification.services.crowds import people
from verification.models import (
    Assignment,
    PackageItem,
    ReviewPackage,
    Ruling,
    SampleItem,
    Verdict,
    Wording,
)
from verification.selectors.verified_answers import VerifiedAnswer, verified_answers

pytestmark = pytest.mark.django_db


def question(project: Any, *, overlap: int = 1) -> SampleItem:
    (item,) = items_of(make_question_sample(make_sample(project, items=1, overlap=overlap), overlap=overlap))
    return item


def verified(item: SampleItem) -> VerifiedAnswer | None:
    found = verified_answers(project_id=item.sample.project_id, region_ids=item.region_ids)
    pairs = found.get(item.region_ids[0], [])
    return pairs[0] if pairs else None


def effective(item: SampleItem) -> tuple[str, str] | None:
    pair = verified(item)
    return (pair.choice, pair.answer) if pair else None


@pytest.mark.parametrize(
    ("choice", "right"),
    [
        ("correct", "The milk jug is red."),
        ("unanswerable", "This question is unanswerable according to the image."),
        ("wrong_tag", "The object in this region is incorrectly labeled."),
    ],
)
def test_a_checked_pair_has_its_answer_or_the_papers_rejection(project: Any, ana: Any, choice: str, right: str) -> None:
    item = question(project)
    assert effective(item) is None
    check(item, ana, choice)
    assert effective(item) == (choice, right)
    pair = verified(item)
    assert pair is not None
    assert (pair.pair_id, pair.tag, pair.shown_answer) == (1000, "milk jug", "The milk jug is red.")
    assert (pair.loop, pair.annotated_loop_id, pair.people) == (1, item.sample.annotated_loop_id, 1)


def test_a_wrong_answer_counts_once_the_right_one_is_written(project: Any, ana: Any, edo: Any) -> None:
    item = question(project)
    check(item, ana, "wrong_answer")
    assert effective(item) is None
    answer(item, edo, "It is blue.")
    assert effective(item) == ("wrong_answer", "It is blue.")
    Wording.objects.update(text="", erased_at="2026-01-01T00:00Z")
    assert effective(item) is None


def test_who_should_write_it_may_find_that_there_is_none(project: Any, ana: Any, edo: Any) -> None:
    item = question(project)
    check(item, ana, "wrong_answer")
    answer(item, edo, choice="unanswerable")
    assert effective(item) == ("unanswerable", "This question is unanswerable according to the image.")


def test_the_majority_decides_and_a_tie_leaves_it_open(project: Any) -> None:
    ada, ben, cem = people(project, 3)
    item = question(project, overlap=3)
    check(item, ada, "correct")
    check(item, ben, "unanswerable")
    assert effective(item) is None
    check(item, cem, "correct")
    assert effective(item) == ("correct", "The milk jug is red.")


def test_a_tie_is_disputed(project: Any) -> None:
    ada, ben = people(project, 2)
    item = question(project, overlap=2)
    check(item, ada, "correct")
    check(item, ben, "unanswerable")
    assert effective(item) is None


@pytest.mark.parametrize("state", [{"state": "escalated"}, {"state": "removed"}, {"is_gold": True}])
def test_what_is_with_the_lead_removed_or_gold_does_not_count(project: Any, ana: Any, state: dict[str, Any]) -> None:
    item = question(project)
    check(item, ana, "correct")
    SampleItem.objects.filter(pk=item.pk).update(**state)
    assert effective(item) is None


def test_a_new_round_makes_it_unverified_until_it_is_done(project: Any, ana: Any, edo: Any) -> None:
    item = question(project)
    check(item, ana, "correct")
    Assignment.objects.create(sample=item.sample, item=item, round=1, slot=0, rank=1)
    assert effective(item) is None
    check(item, edo, "unanswerable")
    assert effective(item) is not None


def pack(item: SampleItem, expert: Any, *, state: str = "accepted", choice: str = "", agrees: bool = True) -> Ruling:
    """The item alone in a package of this state, with its expert's ruling."""
    project = item.sample.project
    type(project).objects.filter(pk=project.pk).update(review_required=True)
    verdict = Verdict.objects.filter(item=item, superseded_by=None).latest("pk")
    package = ReviewPackage.objects.create(
        project=project,
        sample=item.sample,
        author=verdict.annotator,
        size=1,
        threshold=0.95,
        state=state,
        expert=expert,
    )
    packed = PackageItem.objects.create(
        package=package, item=item, position=0, verdict_ids=[verdict.pk], choice=verdict.choice
    )
    return Ruling.objects.create(
        package_item=packed,
        expert=expert,
        agrees=agrees,
        choice=verdict.choice if agrees else choice,
        reason="" if agrees else "wrong_choice",
    )


def test_where_experts_review_only_an_accepted_package_counts_and_the_ruling_replaces_the_verdict(
    project: Any, ana: Any, edo: Any
) -> None:
    item = question(project)
    check(item, ana, "correct")
    ruling = pack(item, edo, agrees=False, choice="unanswerable")
    assert effective(item) == ("unanswerable", "This question is unanswerable according to the image.")
    ReviewPackage.objects.update(state="reviewing")
    assert effective(item) is None
    ReviewPackage.objects.update(state="accepted")
    Ruling.objects.filter(pk=ruling.pk).update(choice="wrong_answer")
    assert effective(item) is None  # the right one is missing
    Wording.objects.create(ruling=ruling, kind="correction", text="It is green.", writer=edo)
    assert effective(item) == ("wrong_answer", "It is green.")


def test_where_experts_review_the_written_answer_is_reviewed_too(project: Any, ana: Any, edo: Any) -> None:
    (ben,) = people(project, 1)
    item = question(project)
    check(item, ana, "wrong_answer")
    answer(item, ben, "It is blue.")
    pack(item, edo)
    assert effective(item) is None
    written = SampleItem.objects.get(parent=item)
    ruling = pack(written, edo)
    assert effective(item) == ("wrong_answer", "It is blue.")
    Ruling.objects.filter(pk=ruling.pk).update(agrees=False, reason="bad_answer")
    Wording.objects.create(ruling=ruling, kind="correction", text="It is green.", writer=edo)
    assert effective(item) == ("wrong_answer", "It is green.")


def test_regions_of_another_project_are_out_of_reach(project: Any, ana: Any) -> None:
    item = question(project)
    check(item, ana, "correct")
    assert verified_answers(project_id=project.pk + 1, region_ids=item.region_ids) == {}
