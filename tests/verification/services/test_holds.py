"""What is kept for people comes free when they are gone or the sample is closed; what belongs to a package does not."""

from typing import Any

import pytest

from tests.factories import make_sample
from tests.verification.judgements import items_of
from tests.verification.packages import child_of, judged_sample, member, packed, review, reviewed
from verification.models import Assignment, AssignmentState, ItemChange, PackageState, SampleItem
from verification.services.holds import free_holds, free_holds_of_absent
from verification.services.queue import lease_items
from verification.services.redos import settle_redos
from verification.services.samples import close_sample
from verification.services.standing import pause_person, require_requalification
from verification.services.work_assignment import assign_items
from webapp.projects.models import Membership, Project

pytestmark = pytest.mark.django_db


def keep(project: Any, lea: Any, person: Any, items: int = 3) -> list[int]:
    ids = [item.pk for item in items_of(make_sample(project, items=items))]
    assign_items(project_id=project.pk, by_id=lea.pk, item_ids=ids, person_ids=[person.pk])
    return ids


def failed_package(project: Any, ana: Any, edo: Any) -> Any:
    """Its child, which somebody else is to judge anew, and the sample."""
    reviewed(project, size=4)
    sample = judged_sample(project, ana, items=4)
    (package,) = packed(sample, final=False)
    assert review(package, edo, wrong=2).state == PackageState.FAILED
    return child_of(package), sample


@pytest.mark.parametrize("stop", [pause_person, require_requalification])
def test_what_was_kept_for_a_paused_person_is_anybodys(project: Any, lea: Any, ana: Any, stop: Any) -> None:
    ids = keep(project, lea, ana)
    ben = member(project, "ben", "annotator")
    assert lease_items(project_id=project.pk, user_id=ben.pk, count=5) == []
    stop(project_id=project.pk, person_id=ana.pk, by_id=lea.pk, reason="")
    assert {item.item_id for item in lease_items(project_id=project.pk, user_id=ben.pk, count=5)} == set(ids)
    assert ItemChange.objects.filter(kind="let_go", by=None).count() == 3


@pytest.mark.parametrize("how", ["removed", "deactivated", "no annotator any more"])
def test_the_timer_frees_what_was_kept_for_people_who_left(project: Any, lea: Any, ana: Any, how: str) -> None:
    keep(project, lea, ana)
    assert free_holds_of_absent() == 0
    if how == "removed":
        Membership.objects.filter(user=ana).delete()
    elif how == "deactivated":
        type(ana).objects.filter(pk=ana.pk).update(is_active=False)
    else:
        Membership.objects.filter(user=ana).update(role="consumer")
    assert free_holds_of_absent() == 3
    assert free_holds_of_absent() == 0
    assert not Assignment.objects.exclude(held_for=None).exists()


def test_who_left_one_project_keeps_what_waits_in_another(project: Any, lea: Any, ana: Any) -> None:
    other = Project.objects.create(name="Other", slug="other")
    Membership.objects.create(project=other, user=ana, role="annotator")
    keep(project, lea, ana)
    there = keep(other, lea, ana, items=2)
    Membership.objects.filter(project=project, user=ana).delete()
    assert free_holds_of_absent() == 3
    assert set(Assignment.objects.filter(held_for=ana).values_list("item_id", flat=True)) == set(there)
    assert free_holds(project_id=project.pk, person_id=ana.pk) == 0
    assert free_holds(project_id=other.pk, person_id=ana.pk) == 2


def test_a_closed_sample_hands_out_nothing_that_was_kept(project: Any, lea: Any, ana: Any) -> None:
    keep(project, lea, ana)
    assert len(lease_items(project_id=project.pk, user_id=ana.pk, count=1)) == 1
    close_sample(SampleItem.objects.earliest("id").sample_id)
    assert lease_items(project_id=project.pk, user_id=ana.pk, count=5) == []
    assert not Assignment.objects.exclude(held_for=None).exists()
    assert set(Assignment.objects.values_list("state", flat=True)) == {AssignmentState.OPEN}


def test_a_package_judged_anew_goes_on_in_a_closed_sample_and_whole_to_another_when_its_person_leaves(
    project: Any, lea: Any, ana: Any, edo: Any
) -> None:
    ben, carl = (member(project, name, "annotator") for name in ("ben", "carl"))
    child, sample = failed_package(project, ana, edo)
    close_sample(sample.pk)
    assert Assignment.objects.filter(held_for=child.author_id, state="open").count() == 4
    assert len(lease_items(project_id=project.pk, user_id=child.author_id, count=2)) == 2
    pause_person(project_id=project.pk, person_id=child.author_id, by_id=lea.pk, reason="")
    assert free_holds_of_absent() == 0, "it is the package's"
    assert settle_redos(loop_id=sample.loop_id) == 1
    other = carl if child.author_id == ben.pk else ben
    assert Assignment.objects.filter(held_for=other, state="open").count() == 4


def test_gold_stays_with_its_person(project: Any, lea: Any, ana: Any) -> None:
    ids = keep(project, lea, ana)
    SampleItem.objects.filter(pk=ids[0]).update(is_gold=True)
    pause_person(project_id=project.pk, person_id=ana.pk, by_id=lea.pk, reason="")
    assert list(Assignment.objects.exclude(held_for=None).values_list("item_id", flat=True)) == ids[:1]
    close_sample(SampleItem.objects.get(pk=ids[0]).sample_id)
    assert Assignment.objects.get(item_id=ids[0]).held_for_id == ana.pk
