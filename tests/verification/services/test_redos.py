"""A package below the threshold goes whole to another annotator, then to a new expert; the third time to the lead."""

from typing import Any

import pytest

from tests.verification.judgements import items_of, judge
from tests.verification.packages import (
    child_of,
    contents,
    judge_again,
    judged_sample,
    member,
    packed,
    review,
    reviewed,
    said,
)
from verification.models import (
    Assignment,
    ItemState,
    PackageItem,
    PackageState,
    ReviewPackage,
    SampleItem,
    Skip,
)
from verification.selectors.verified import verified_regions
from verification.services.packages import pack
from verification.services.queue import lease_items
from verification.services.redos import settle_redos
from verification.services.reviews import take_package
from verification.services.samples import close_sample
from webapp.accounts.models import User
from webapp.core.errors import Conflict

pytestmark = pytest.mark.django_db


def _failed(project: Any, ana: Any, edo: Any, *, items: int = 4) -> ReviewPackage:
    (package,) = packed(judged_sample(reviewed(project, size=items), ana, items=items))
    review(package, edo, wrong=items)
    package.refresh_from_db()
    return package


def _regions(package: ReviewPackage) -> dict[int, Any]:
    regions = [item.region_ids[0] for item in items_of(package.sample)]
    return verified_regions(project_id=package.project_id, region_ids=regions)


def test_all_items_go_to_one_other_annotator_in_slots_only_they_get(project: Any, ana: Any, edo: Any) -> None:
    bo, cy = member(project, "bo", "annotator"), member(project, "cy", "annotator")
    package = _failed(project, ana, edo)
    child = child_of(package)
    assert (package.state, child.state, child.author, child.attempt) == (PackageState.FAILED, PackageState.REDO, bo, 2)
    assert (child.size, child.threshold) == (package.size, package.threshold)
    assert {item.item_id for item in contents(child)} == {item.item_id for item in contents(package)}
    assert {item.round for item in contents(child)} == {1}
    assert set(PackageItem.objects.filter(is_live=True).values_list("package", flat=True)) == {child.pk}
    slots = Assignment.objects.filter(round=1)
    assert {(slot.held_for_id, slot.state) for slot in slots} == {(bo.pk, "open")}
    assert lease_items(project_id=project.pk, user_id=cy.pk, count=20) == []
    assert lease_items(project_id=project.pk, user_id=ana.pk, count=20) == []


def test_who_does_it_again_sees_neither_marks_nor_rulings_also_when_the_sample_is_closed(
    project: Any, ana: Any, edo: Any
) -> None:
    bo = member(project, "bo", "annotator")
    package = _failed(project, ana, edo)
    close_sample(package.sample_id)
    leased = lease_items(project_id=project.pk, user_id=bo.pk, count=20)
    assert {item.item_id for item in leased} == {item.item_id for item in contents(package)}
    assert {field for item in leased for field in item.__slots__} == {
        *("assignment_id", "item_id", "image_id", "width", "height", "mean_luma", "box", "tags", "question"),
    }
    for item in items_of(package.sample):
        judge(item, bo)
    assert settle_redos(loop_id=package.sample.loop_id) == 1
    assert child_of(package).state == PackageState.READY


def test_when_all_is_judged_anew_a_new_expert_gets_it_and_what_they_accept_counts(
    project: Any, ana: Any, edo: Any
) -> None:
    member(project, "bo", "annotator")
    ina = member(project, "ina", "expert")
    package = _failed(project, ana, edo)
    child = child_of(package)
    assert settle_redos(loop_id=package.sample.loop_id) == 0
    judge_again(child, wrong=True)
    assert settle_redos(loop_id=package.sample.loop_id) == 1
    assert settle_redos(loop_id=package.sample.loop_id) == 0
    child.refresh_from_db()
    assert child.state == PackageState.READY
    for item in contents(child):
        assert item.rejected_ids == [item.item.shown["tags"][0]["concept_id"]]
        assert len(item.verdict_ids) == 1
    with pytest.raises(Conflict):
        take_package(project_id=project.pk, user_id=edo.pk, package_id=child.pk)
    assert _regions(package) == {}
    assert review(child, ina).state is PackageState.ACCEPTED
    found = _regions(package)
    assert len(found) == 4
    assert all(len(region.rejected) == 1 for region in found.values())
    assert pack(sample_id=package.sample_id, final=True) == 0


def test_a_package_that_fails_three_times_goes_to_the_lead(project: Any, ana: Any, edo: Any) -> None:
    for name in ("bo", "cy", "di"):
        member(project, name, "annotator")
    package = _failed(project, ana, edo)
    people = [ana]
    for attempt in (2, 3):
        package = child_of(package)
        assert package.attempt == attempt
        people.append(package.author)
        judge_again(package)
        settle_redos(loop_id=package.sample.loop_id)
        package.refresh_from_db()
        review(package, member(project, f"expert{attempt}", "expert"), wrong=1)
        package.refresh_from_db()
    assert len(set(people)) == 3
    assert (package.state, package.escalation) == (PackageState.ESCALATED, "failures")
    assert not ReviewPackage.objects.filter(parent=package).exists()
    assert _regions(package) == {}


def test_nobody_else_to_judge_them_sends_the_package_to_the_lead(project: Any, ana: Any, edo: Any) -> None:
    package = _failed(project, ana, edo)
    assert (package.state, package.escalation) == (PackageState.ESCALATED, "no_annotator")


def test_who_may_do_it_again(project: Any, ana: Any, edo: Any, lea: Any, otto: Any) -> None:
    """Not whoever judged, skipped or ruled on one of the items, left, is paused, or has no such role."""
    from verification.services.standing import pause_person

    gone = member(project, "gone", "annotator")
    User.objects.filter(pk=gone.pk).update(is_active=False)
    paused = member(project, "paused", "annotator")
    pause_person(project_id=project.pk, person_id=paused.pk, by_id=lea.pk, reason="")
    skipped = member(project, "skipped", "annotator")
    both = member(project, "both", "annotator", "expert")
    (package,) = packed(judged_sample(reviewed(project, size=3), ana, items=3))
    Skip.objects.create(item=contents(package)[1].item, annotator=skipped, reason="unsure")
    free = member(project, "free", "annotator")
    review(package, both, wrong=3)
    assert child_of(package).author == free


def test_the_one_with_the_least_to_do_gets_it(project: Any, ana: Any, edo: Any) -> None:
    bo, cy = member(project, "bo", "annotator"), member(project, "cy", "annotator")
    first, second, third = packed(judged_sample(reviewed(project, size=2), ana, items=6))
    authors = []
    for package in (first, second, third):
        review(package, edo, wrong=2)
        authors.append(child_of(package).author)
    assert authors == [bo, cy, bo]


def test_an_annotator_who_skips_an_item_hands_all_of_it_on(project: Any, ana: Any, edo: Any) -> None:
    bo, cy = member(project, "bo", "annotator"), member(project, "cy", "annotator")
    package = _failed(project, ana, edo)
    child = child_of(package)
    done, skipped, *_rest = [item.item for item in contents(child)]
    said(done, bo)
    Skip.objects.create(item=skipped, annotator=bo, reason="unsure")
    assert settle_redos(loop_id=package.sample.loop_id) == 1
    child.refresh_from_db()
    assert (child.state, child.author) == (PackageState.REDO, cy)
    assert {(item.item_id, item.round) for item in contents(child)} == {
        (item.item_id, 2 if item.item_id == done.pk else 1) for item in contents(child)
    }
    judge_again(child)
    assert settle_redos(loop_id=package.sample.loop_id) == 1
    child.refresh_from_db()
    assert child.state == PackageState.READY
    assert {item.verdict_ids != [] for item in contents(child)} == {True}


def test_an_annotator_who_left_with_nobody_else_there_sends_it_to_the_lead(project: Any, ana: Any, edo: Any) -> None:
    bo = member(project, "bo", "annotator")
    package = _failed(project, ana, edo)
    User.objects.filter(pk=bo.pk).update(is_active=False)
    assert settle_redos(loop_id=package.sample.loop_id) == 1
    child = child_of(package)
    assert (child.state, child.escalation, child.expert) == (PackageState.ESCALATED, "no_annotator", None)


def test_a_paused_annotator_does_not_hold_a_package_up(project: Any, ana: Any, edo: Any, lea: Any) -> None:
    from verification.services.standing import pause_person

    bo, cy = member(project, "bo", "annotator"), member(project, "cy", "annotator")
    package = _failed(project, ana, edo)
    assert child_of(package).author == bo
    pause_person(project_id=project.pk, person_id=bo.pk, by_id=lea.pk, reason="")
    assert settle_redos(loop_id=package.sample.loop_id) == 1
    assert child_of(package).author == cy


def test_items_that_go_to_the_lead_or_are_removed_leave_the_package(project: Any, ana: Any, edo: Any) -> None:
    member(project, "bo", "annotator")
    package = _failed(project, ana, edo)
    child = child_of(package)
    first, second, *_rest = contents(child)
    SampleItem.objects.filter(pk=first.item_id).update(state=ItemState.ESCALATED)
    SampleItem.objects.filter(pk=second.item_id).update(state=ItemState.REMOVED)
    judge_again(child)
    settle_redos(loop_id=package.sample.loop_id)
    child.refresh_from_db()
    assert (child.state, child.size) == (PackageState.READY, 2)


def test_with_overlap_one_other_person_judges_all_of_it(project: Any, ana: Any, edo: Any) -> None:
    crowd = [ana, member(project, "bo", "annotator"), member(project, "cy", "annotator")]
    di, ina = member(project, "di", "annotator"), member(project, "ina", "expert")
    (package,) = packed(judged_sample(reviewed(project, size=3), *crowd, items=3))
    review(package, edo, wrong=3)
    child = child_of(package)
    assert (child.author, Assignment.objects.filter(round=1).count()) == (di, 3)
    judge_again(child)
    settle_redos(loop_id=package.sample.loop_id)
    assert review(ReviewPackage.objects.get(pk=child.pk), ina).state is PackageState.ACCEPTED
    assert {region.people for region in _regions(package).values()} == {1}
