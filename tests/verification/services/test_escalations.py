"""What the lead does with a package that nobody else can bring forward."""

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
)
from verification.models import Assignment, PackageItem, PackageState, ReviewPackage
from verification.selectors.verified import verified_regions
from verification.services.escalations import accept_escalated, ask_again, give_package
from verification.services.packages import pack
from verification.services.redos import settle_redos
from verification.services.samples import close_sample
from webapp.accounts.models import User
from webapp.core.errors import BadInput, Conflict, NotFound

pytestmark = pytest.mark.django_db


def _escalated(project: Any, ana: Any, edo: Any, *, items: int = 3) -> ReviewPackage:
    (package,) = packed(judged_sample(reviewed(project, size=items), ana, items=items))
    review(package, edo, wrong=items)
    package.refresh_from_db()
    assert package.state == PackageState.ESCALATED
    return package


def _who(package: ReviewPackage, lead: Any) -> dict[str, int]:
    return {"project_id": package.project_id, "lead_id": lead.pk, "package_id": package.pk}


def _verified(package: ReviewPackage) -> dict[int, Any]:
    regions = [item.region_ids[0] for item in items_of(package.sample)]
    return verified_regions(project_id=package.project_id, region_ids=regions)


def test_the_lead_names_somebody_and_it_goes_on_as_a_redo(project: Any, ana: Any, edo: Any, lea: Any) -> None:
    package = _escalated(project, ana, edo)
    bo, ina = member(project, "bo", "annotator"), member(project, "ina", "expert")
    give_package(**_who(package, lea), annotator_id=bo.pk)
    package.refresh_from_db()
    child = child_of(package)
    assert (package.state, package.settled_by, child.author) == (PackageState.FAILED, lea, bo)
    judge_again(child)
    settle_redos(loop_id=package.sample.loop_id)
    assert review(ReviewPackage.objects.get(pk=child.pk), ina).state is PackageState.ACCEPTED
    assert len(_verified(package)) == 3
    with pytest.raises(Conflict) as caught:
        give_package(**_who(package, lea), annotator_id=bo.pk)
    assert caught.value.code == "not_escalated"


def test_only_somebody_who_may_judge_them_can_be_named(project: Any, ana: Any, edo: Any, lea: Any, cleo: Any) -> None:
    package = _escalated(project, ana, edo)
    for person in (ana, cleo, edo):
        with pytest.raises(BadInput):
            give_package(**_who(package, lea), annotator_id=person.pk)
    package.refresh_from_db()
    assert package.state == PackageState.ESCALATED
    assert not ReviewPackage.objects.filter(parent=package).exists()


def test_accepted_as_it_is_the_rulings_count_and_the_reason_is_kept(project: Any, ana: Any, edo: Any, lea: Any) -> None:
    package = _escalated(project, ana, edo)
    with pytest.raises(BadInput):
        accept_escalated(**_who(package, lea), note="  ")
    accept_escalated(**_who(package, lea), note="Rare species; the expert is sure.")
    package.refresh_from_db()
    assert (package.state, package.settled_by, package.note) == (
        PackageState.ACCEPTED,
        lea,
        "Rare species; the expert is sure.",
    )
    found = _verified(package)
    tag = contents(package)[0].item.shown["tags"][0]["concept_id"]
    assert [[decision.concept_id for decision in region.rejected] for region in found.values()] == [[tag]] * 3


def test_asked_again_the_items_go_to_new_people_one_by_one_and_are_packed_anew(
    project: Any, ana: Any, edo: Any, lea: Any
) -> None:
    package = _escalated(project, ana, edo)
    close_sample(package.sample_id)
    assert ask_again(**_who(package, lea), note="The guide is clearer now.")
    package.refresh_from_db()
    assert package.state == PackageState.CANCELLED
    package.sample.refresh_from_db()
    assert package.sample.is_open
    assert not PackageItem.objects.filter(is_live=True).exists()
    bo = member(project, "bo", "annotator")
    for item in items_of(package.sample):
        judge(item, bo)
    assert pack(sample_id=package.sample_id, final=True) == 1
    again = ReviewPackage.objects.latest("pk")
    assert (again.author, again.attempt, again.size) == (bo, 1, 3)


def test_asked_again_in_a_sample_that_was_closed_early_they_wait_for_the_next_one(
    project: Any, ana: Any, edo: Any, lea: Any
) -> None:
    package = _escalated(project, ana, edo)
    left = items_of(package.sample)[0]
    PackageItem.objects.filter(item=left).delete()
    Assignment.objects.create(sample=package.sample, item=left, round=1, slot=0, rank=1)
    close_sample(package.sample_id)
    assert not ask_again(**_who(package, lea), note="x")
    package.sample.refresh_from_db()
    assert not package.sample.is_open
    assert _verified(package) == {}


def test_a_redo_that_found_nobody_can_be_given_but_not_accepted(project: Any, ana: Any, edo: Any, lea: Any) -> None:
    bo = member(project, "bo", "annotator")
    (package,) = packed(judged_sample(reviewed(project, size=3), ana, items=3))
    review(package, edo, wrong=3)
    User.objects.filter(pk=bo.pk).update(is_active=False)
    settle_redos(loop_id=package.sample.loop_id)
    child = child_of(package)
    with pytest.raises(Conflict) as caught:
        accept_escalated(**_who(child, lea), note="x")
    assert caught.value.code == "not_ruled"
    cy = member(project, "cy", "annotator")
    give_package(**_who(child, lea), annotator_id=cy.pk)
    child.refresh_from_db()
    assert (child.state, child.author, child.escalation) == (PackageState.REDO, cy, "")
    assert set(Assignment.objects.filter(round=1).values_list("held_for", flat=True)) == {cy.pk}


def test_packages_of_other_projects_are_not_found(project: Any, ana: Any, edo: Any, lea: Any) -> None:
    package = _escalated(project, ana, edo)
    for call in (
        lambda: give_package(project_id=0, lead_id=lea.pk, package_id=package.pk, annotator_id=ana.pk),
        lambda: accept_escalated(project_id=0, lead_id=lea.pk, package_id=package.pk, note="x"),
        lambda: ask_again(project_id=0, lead_id=lea.pk, package_id=package.pk, note="x"),
    ):
        with pytest.raises(NotFound):
            call()
