import uuid
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now

from tests.conftest import _member
from tests.verification.services.annotated import annotated_loop
from tests.verification.services.crowds import in_threads
from verification.models import Audit, AuditChoice, AuditSlot
from verification.services.audit_draws import draw_audit
from verification.services.audits import (
    AuditTask,
    close_audit,
    judge_task,
    lease_tasks,
    release_tasks,
    take_back,
)
from webapp.core.errors import BadInput, Conflict, NotFound

pytestmark = pytest.mark.django_db


def audit_of(project: Any, items: int = 6, **options: Any) -> Audit:
    return draw_audit(loop=annotated_loop(project, {"cup": items}), size=items, seed=1, **options)


def lease(project: Any, user: Any, count: int = 3) -> list[AuditTask]:
    return lease_tasks(project_id=project.pk, user_id=user.pk, count=count)


def judge(project: Any, user: Any, task: AuditTask, *right: int, **options: Any) -> Any:
    return judge_task(
        **{
            "project_id": project.pk,
            "user_id": user.pk,
            "slot_id": task.slot_id,
            "key": uuid.uuid4(),
            "choice": AuditChoice.JUDGED,
            "right_ids": right,
            "seconds": 3.5,
            **options,
        }
    )


def lapse() -> None:
    AuditSlot.objects.filter(state="leased").update(leased_until=Now() - timedelta(hours=1))


def test_an_expert_gets_what_they_hold_again_and_no_more_than_asked(project: Any, edo: Any) -> None:
    audit_of(project)
    first = lease(project, edo)
    assert len(first) == 3
    assert lease(project, edo) == first
    assert len(lease(project, edo, 5)) == 5


def test_a_judgement_is_kept(project: Any, edo: Any) -> None:
    audit_of(project)
    task = lease(project, edo)[0]
    assert not judge(project, edo, task, task.tags[0].concept_id).repeated
    slot = AuditSlot.objects.get(pk=task.slot_id)
    assert (slot.state, slot.expert, slot.right_ids, slot.choice) == ("done", edo, [task.tags[0].concept_id], "judged")
    assert slot.seconds == 3.5
    assert slot.decided_at is not None


def test_two_experts_never_have_the_same_slot_and_nobody_both_slots_of_an_item(project: Any, edo: Any) -> None:
    ella = _member(project, "ella", "expert")
    audit_of(project, 6, overlap_share=1.0)
    for person in (edo, ella):
        while tasks := lease(project, person, 4):
            for task in tasks:
                judge(project, person, task)
    assert AuditSlot.objects.filter(state="done").count() == 12
    by_item = Counter(AuditSlot.objects.values_list("item_id", "expert_id"))
    assert set(by_item.values()) == {1}


def test_the_database_itself_refuses_one_expert_twice(project: Any, edo: Any) -> None:
    audit_of(project, 1, overlap_share=1.0)
    lease(project, edo)
    other = AuditSlot.objects.get(state="open")
    with pytest.raises(IntegrityError), transaction.atomic():
        AuditSlot.objects.filter(pk=other.pk).update(state="leased", expert=edo, leased_until=Now())


def test_the_order_of_tags_is_by_chance_and_another_one_for_the_other_expert(project: Any, edo: Any) -> None:
    ella = _member(project, "ella", "expert")
    audit_of(project, 40, overlap_share=1.0)
    orders: dict[int, list[tuple[str, ...]]] = {}
    for person in (edo, ella):
        while tasks := lease(project, person, 10):
            for task in tasks:
                item = AuditSlot.objects.get(pk=task.slot_id).item_id
                orders.setdefault(item, []).append(tuple(tag.text for tag in task.tags))
                judge(project, person, task)
    firsts = Counter(order[0] for pair in orders.values() for order in pair)
    assert firsts["cup"] > 20  # of 80; rank 1 would be 80
    assert firsts["thing"] > 20
    assert sum(first != second for first, second in orders.values()) > 8


def test_people_who_took_part_in_what_is_judged_are_not_given_it(project: Any, edo: Any) -> None:
    audit = audit_of(project)
    audit.items.update(barred_ids=[edo.pk])
    assert lease(project, edo) == []
    assert len(lease(project, _member(project, "ella", "expert"))) == 3


def test_the_same_key_is_the_same_judgement(project: Any, edo: Any) -> None:
    audit_of(project)
    first, second, _ = lease(project, edo)
    key = uuid.uuid4()
    judge(project, edo, first, key=key)
    assert judge(project, edo, first, key=key).repeated
    with pytest.raises(Conflict) as other_marks:
        judge(project, edo, first, first.tags[0].concept_id, key=key)
    with pytest.raises(Conflict) as other_item:
        judge(project, edo, second, key=key)
    assert other_marks.value.code == other_item.value.code == "key_reused"


def test_a_lapsed_lease_goes_to_whoever_finds_nothing_open(project: Any, edo: Any) -> None:
    ella = _member(project, "ella", "expert")
    audit_of(project, 2)
    (task, _) = lease(project, edo)
    assert lease(project, ella) == []
    lapse()
    assert len(lease(project, ella)) == 2
    with pytest.raises(Conflict) as lost:
        judge(project, edo, task)
    assert lost.value.code == "lease_lost"


def test_a_lapsed_lease_that_nobody_else_took_still_counts(project: Any, edo: Any) -> None:
    audit_of(project)
    task = lease(project, edo)[0]
    lapse()
    judge(project, edo, task)
    assert AuditSlot.objects.get(pk=task.slot_id).state == "done"


def test_an_expert_takes_a_judgement_back_and_judges_again(project: Any, edo: Any) -> None:
    audit_of(project)
    task = lease(project, edo)[0]
    judge(project, edo, task)
    who = {"project_id": project.pk, "user_id": edo.pk, "slot_id": task.slot_id}
    assert take_back(**who)
    assert take_back(**who)  # sent twice
    assert lease(project, edo)[0] == task
    judge(project, edo, task, task.tags[1].concept_id)
    assert AuditSlot.objects.get(pk=task.slot_id).right_ids == [task.tags[1].concept_id]


def test_nobody_takes_back_what_somebody_else_judged_or_what_is_long_ago(project: Any, edo: Any) -> None:
    ella = _member(project, "ella", "expert")
    audit_of(project)
    task = lease(project, edo)[0]
    judge(project, edo, task)
    assert not take_back(project_id=project.pk, user_id=ella.pk, slot_id=task.slot_id)
    AuditSlot.objects.filter(pk=task.slot_id).update(decided_at=Now() - timedelta(hours=2))
    assert not take_back(project_id=project.pk, user_id=edo.pk, slot_id=task.slot_id)


def test_only_tags_that_were_shown_can_be_right(project: Any, edo: Any) -> None:
    audit_of(project)
    task = lease(project, edo)[0]
    for options in (
        {"right_ids": [999_999]},
        {"choice": AuditChoice.CORRECT},
        {"choice": AuditChoice.UNCLEAR, "right_ids": [task.tags[0].concept_id]},
    ):
        with pytest.raises(BadInput):
            judge(project, edo, task, **options)
    judge(project, edo, task, choice=AuditChoice.UNCLEAR)


def test_a_closed_audit_hands_out_nothing_and_keeps_what_was_judged(project: Any, edo: Any) -> None:
    audit = audit_of(project)
    first, second, _ = lease(project, edo)
    judge(project, edo, first)
    assert close_audit(audit=audit, user=None)
    assert not close_audit(audit=audit, user=None)
    with pytest.raises(Conflict) as closed:
        judge(project, edo, second)
    assert closed.value.code == "audit_closed"
    assert lease(project, edo) == []
    assert Counter(AuditSlot.objects.values_list("state", flat=True)) == {
        "done": 1,
        "open": 6,
    }  # one of the six has two slots


def test_a_paused_project_hands_out_nothing(project: Any, edo: Any) -> None:
    audit_of(project)
    project.paused_at = "2026-01-01T00:00Z"
    project.save()
    assert lease(project, edo) == []


def test_items_that_were_removed_are_not_handed_out(project: Any, edo: Any) -> None:
    audit = audit_of(project, 3)
    audit.items.filter(position=1).update(is_removed=True)
    assert len(lease(project, edo)) == 2


def test_another_projects_slots_do_not_exist(project: Any, edo: Any) -> None:
    from webapp.projects.models import Project

    audit_of(project)
    task = lease(project, edo)[0]
    other = Project.objects.create(name="Other", slug="other")
    with pytest.raises(NotFound):
        judge(other, edo, task)
    assert lease(other, edo) == []


def test_what_somebody_gives_back_goes_to_others(project: Any, edo: Any) -> None:
    audit_of(project, 3)
    lease(project, edo)
    assert release_tasks(project_id=project.pk, user_id=edo.pk) == 3
    assert release_tasks(project_id=project.pk, user_id=edo.pk) == 0
    assert len(lease(project, _member(project, "ella", "expert"))) == 3


@pytest.mark.django_db(transaction=True)
def test_eight_experts_at_once_judge_every_slot_once(project: Any) -> None:
    experts = [_member(project, f"expert{number}", "expert") for number in range(8)]
    audit_of(project, 24, overlap_share=0.5)

    def work(person: Any) -> None:
        while tasks := lease(project, person, 2):
            for task in tasks:
                judge(project, person, task)

    in_threads([lambda person=person: work(person) for person in experts])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(DISTINCT (item_id, expert_id)), count(*) FILTER (WHERE state = 'done') "
            "FROM verification_auditslot"
        )
        assert cursor.fetchone() == (36, 36, 36)
