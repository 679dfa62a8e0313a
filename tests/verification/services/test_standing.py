"""What a lead does about somebody's work: pausing, qualifying again, sending back."""

import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from tests.factories import make_sample
from tests.verification.judgements import items_of, judge
from tests.verification.packages import packed, reviewed, said
from tests.verification.questions import check, make_question_sample
from tests.verification.services.crowds import people, verdict_of
from verification.models import Assignment, LateVerdict, LedgerEntry, Standing, StandingChange, Verdict
from verification.selectors.verified import verified_regions
from verification.services.queue import lease_items, lease_next
from verification.services.standing import (
    note_qualified,
    pause_person,
    require_requalification,
    resume_person,
    send_back_work,
)
from verification.services.submissions import submit_verdict
from verification.services.verdicts import withdraw_verdict
from webapp.core.errors import BadInput, Conflict, NotFound

pytestmark = pytest.mark.django_db


def lease(project: Any, user: Any, count: int = 3) -> list[Any]:
    return lease_items(project_id=project.pk, user_id=user.pk, count=count)


def earned(user: Any) -> Decimal:
    return sum(LedgerEntry.objects.filter(annotator=user).values_list("amount", flat=True), Decimal(0))


def send_back(project: Any, person: Any, lead: Any, **more: Any) -> StandingChange:
    more = {"count": 100, "reason": "Too fast", **more}
    return send_back_work(project_id=project.pk, person_id=person.pk, by_id=lead.pk, **more)


def test_a_paused_person_gets_nothing_and_gives_back_what_they_hold(project: Any, ana: Any, lea: Any) -> None:
    make_sample(project, items=5)
    lease(project, ana)
    for _again in range(2):
        pause_person(project_id=project.pk, person_id=ana.pk, by_id=lea.pk, reason="Look at the guide")
    assert not Assignment.objects.exclude(state="open").exists()
    assert lease(project, ana) == []
    assert lease_next(project_id=project.pk, user_id=ana.pk, count=1) == []
    (change,) = StandingChange.objects.all()
    assert (change.kind, change.reason, change.by, change.person) == ("paused", "Look at the guide", lea, ana)
    resume_person(project_id=project.pk, person_id=ana.pk, by_id=lea.pk)
    assert len(lease(project, ana)) == 3
    assert [one.kind for one in StandingChange.objects.order_by("pk")] == ["paused", "resumed"]


def test_submitting_brings_a_paused_person_no_next_item(project: Any, ana: Any, lea: Any) -> None:
    make_sample(project, items=5)
    (item,) = lease(project, ana, 1)
    Standing.objects.create(project=project, person=ana, paused_at=project.created_at)
    receipt, items = submit_verdict(
        project_id=project.pk,
        user_id=ana.pk,
        assignment_id=item.assignment_id,
        rejected_ids=[],
        seconds=2,
        key=uuid.uuid4(),
        want=2,
    )
    assert Verdict.objects.filter(pk=receipt.verdict_id).exists()
    assert items == []


@pytest.mark.parametrize("keep_from_working", [pause_person, require_requalification])
def test_a_late_verdict_of_who_is_kept_from_working_is_kept_and_counts_nowhere(
    project: Any, ana: Any, lea: Any, keep_from_working: Any
) -> None:
    """The slot is free, and they had it: what keeps the verdict from counting is their standing alone."""
    make_sample(project, items=1)
    (item,) = lease(project, ana, 1)
    keep_from_working(project_id=project.pk, person_id=ana.pk, by_id=lea.pk, reason="")
    key = uuid.uuid4()
    for _again in range(2):
        with pytest.raises(Conflict) as refused:
            verdict_of(project, ana, item, wrong=2, key=key)
        assert refused.value.code == "held_back"
    late = LateVerdict.objects.get()
    assert (late.annotator, late.key, len(late.rejected_ids)) == (ana, key, 2)
    assert not Verdict.objects.exists()
    assert not LedgerEntry.objects.exists()
    assert Assignment.objects.get().state == "open"
    resume_person(project_id=project.pk, person_id=ana.pk, by_id=lea.pk)
    with pytest.raises(Conflict):  # they were told that it does not count
        verdict_of(project, ana, item, wrong=2, key=key)
    verdict_of(project, ana, item, wrong=1)
    assert Verdict.objects.count() == LedgerEntry.objects.count() == 1


@pytest.mark.parametrize("keep_from_working", [pause_person, require_requalification])
def test_who_is_kept_from_working_cannot_undo_and_gets_no_slot_by_it(
    project: Any, ana: Any, lea: Any, keep_from_working: Any
) -> None:
    make_sample(project, items=2)
    (item,) = lease(project, ana, 1)
    key = uuid.uuid4()
    verdict_of(project, ana, item, wrong=1, key=key)
    before = earned(ana)
    keep_from_working(project_id=project.pk, person_id=ana.pk, by_id=lea.pk, reason="")
    undo = {"project_id": project.pk, "user_id": ana.pk, "verdict_key": key, "key": uuid.uuid4()}
    for _again in range(2):
        with pytest.raises(Conflict) as refused:
            withdraw_verdict(**undo)
        assert refused.value.code == "held_back"
        assert "stands as you sent it" in refused.value.message
    assert not Assignment.objects.filter(annotator=ana, state="leased").exists()
    assert (Verdict.objects.count(), earned(ana)) == (1, before)
    resume_person(project_id=project.pk, person_id=ana.pk, by_id=lea.pk)
    withdraw_verdict(**undo)
    assert Assignment.objects.get(annotator=ana).state == "leased"
    assert earned(ana) == 0


def test_others_work_on_and_so_does_the_person_elsewhere(project: Any, ana: Any, lea: Any) -> None:
    from webapp.projects.models import Membership, Project

    other = Project.objects.create(name="Other", slug="other")
    Membership.objects.create(project=other, user=ana, role="annotator")
    make_sample(project, items=2)
    make_sample(other, items=2)
    ben = people(project, 1)[0]
    pause_person(project_id=project.pk, person_id=ana.pk, by_id=lea.pk, reason="")
    assert len(lease(project, ben)) == 2
    assert len(lease(other, ana)) == 2


def test_who_must_qualify_again_waits_until_they_have(project: Any, ana: Any, lea: Any) -> None:
    make_sample(project, items=5)
    require_requalification(project_id=project.pk, person_id=ana.pk, by_id=lea.pk, reason="")
    assert lease(project, ana) == []
    note_qualified(project_id=project.pk, person_id=ana.pk)
    assert len(lease(project, ana)) == 3


@pytest.mark.parametrize("who", ["edo", "otto"])
def test_only_annotators_of_the_project_can_be_paused(project: Any, lea: Any, request: Any, who: str) -> None:
    person = request.getfixturevalue(who)
    for act in (pause_person, require_requalification):
        with pytest.raises(NotFound):
            act(project_id=project.pk, person_id=person.pk, by_id=lea.pk, reason="")
    with pytest.raises(NotFound):
        resume_person(project_id=project.pk, person_id=person.pk, by_id=lea.pk)
    with pytest.raises(NotFound):
        send_back(project, person, lea)


def test_a_reason_that_is_too_long_changes_nothing(project: Any, ana: Any, lea: Any) -> None:
    with pytest.raises(BadInput):
        pause_person(project_id=project.pk, person_id=ana.pk, by_id=lea.pk, reason="x" * 501)
    assert not Standing.objects.filter(paused_at__isnull=False).exists()


def test_what_leads_did_cannot_be_rewritten(project: Any, ana: Any, lea: Any) -> None:
    pause_person(project_id=project.pk, person_id=ana.pk, by_id=lea.pk, reason="")
    for act in (lambda: StandingChange.objects.update(reason="other"), StandingChange.objects.all().delete):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            act()


def test_sent_back_items_go_to_others_and_the_verdicts_count_no_more(project: Any, ana: Any, lea: Any) -> None:
    sample = make_sample(project, items=4)
    items = items_of(sample)
    for item in items[:3]:
        judge(item, ana, "milk jug")
    regions = [item.region_ids[0] for item in items]
    assert len(verified_regions(project_id=project.pk, region_ids=regions)) == 3
    from verification.services.queue import release_items

    release_items(project_id=project.pk, user_id=ana.pk)
    change = send_back(project, ana, lea, count=2)
    assert (change.items, change.pay_taken_back) == (2, False)
    assert len(verified_regions(project_id=project.pk, region_ids=regions)) == 1
    assert earned(ana) == 3 * project.tag_rate
    assert {item.item_id for item in lease(project, ana, 10)} == {items[3].pk}
    release_items(project_id=project.pk, user_id=ana.pk)
    ben = people(project, 1)[0]
    theirs = lease(project, ben, 10)
    assert {item.item_id for item in theirs} == {items[1].pk, items[2].pk, items[3].pk}
    for item in theirs:
        verdict_of(project, ben, item)
    found = verified_regions(project_id=project.pk, region_ids=regions)
    assert len(found) == 4
    assert not found[regions[2]].rejected  # Ben's word, not Ana's


def test_with_overlap_the_verdicts_of_the_others_stand(project: Any, ana: Any, lea: Any) -> None:
    sample = make_sample(project, items=2, overlap=3)
    ben, carl, dora = people(project, 3)
    item = items_of(sample)[0]
    for person in (ben, ana, carl):
        said(item, person, *(["milk jug"] if person == ana else []))
    send_back(project, ana, lea)
    latest = Assignment.objects.filter(item=item, round=1)
    assert sorted((slot.state, slot.annotator_id) for slot in latest if slot.annotator_id) == sorted(
        [("done", ben.pk), ("done", carl.pk)]
    )
    assert latest.count() == 3
    assert item.pk not in {leased.item_id for person in (ana, ben, carl) for leased in lease(project, person, 5)}
    given = next(leased for leased in lease(project, dora, 5) if leased.item_id == item.pk)
    verdict_of(project, dora, given)
    region = verified_regions(project_id=project.pk, region_ids=item.region_ids)[item.region_ids[0]]
    assert (region.people, region.agreement) == (3, 1.0)


def test_pay_is_taken_back_only_if_the_lead_says_so_and_only_once(project: Any, ana: Any, lea: Any) -> None:
    sample = make_sample(project, items=3)
    keys = [judge(item, ana) for item in items_of(sample)]
    change = send_back(project, ana, lea, take_pay_back=True)
    assert (change.items, change.pay_taken_back, earned(ana)) == (3, True, Decimal(0))
    assert LedgerEntry.objects.count() == 6
    with pytest.raises(Conflict) as refused:
        send_back(project, ana, lea, take_pay_back=True)
    assert refused.value.code == "nothing_to_send_back"
    for key in keys:
        with pytest.raises(Conflict):
            withdraw_verdict(project_id=project.pk, user_id=ana.pk, verdict_key=key, key=uuid.uuid4())
    assert earned(ana) == Decimal(0)


def test_what_is_packed_stays_with_the_experts(project: Any, ana: Any, lea: Any) -> None:
    sample = make_sample(reviewed(project, size=2), items=3)
    for item in items_of(sample):
        judge(item, ana)
    packed(sample, final=False)
    assert send_back(project, ana, lea).items == 1
    with pytest.raises(Conflict):
        send_back(project, ana, lea)


def test_an_answer_that_somebody_writes_already_keeps_its_question(project: Any, ana: Any, lea: Any) -> None:
    questions = make_question_sample(make_sample(project, items=2))
    begun, free = questions.items.order_by("pk")
    check(begun, ana, "wrong_answer")
    check(free, ana, "wrong_answer")
    ben = people(project, 1)[0]
    from verification.models import TaskKind

    held = lease_items(project_id=project.pk, user_id=ben.pk, count=1, kind=TaskKind.ANSWER)
    assert len(held) == 1
    assert send_back(project, ana, lea).items == 1


@pytest.mark.parametrize("count", [0, 1001])
def test_a_count_that_makes_no_sense_is_refused(project: Any, ana: Any, lea: Any, count: int) -> None:
    with pytest.raises(BadInput):
        send_back(project, ana, lea, count=count)
