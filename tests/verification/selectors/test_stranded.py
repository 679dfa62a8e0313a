"""Items that nobody may take: found at the beginning of the queue, with the reason."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.factories import make_sample
from tests.verification.judgements import items_of
from tests.verification.judgements import judge as judge_and_hold
from tests.verification.packages import member
from tests.verification.questions import check, make_question_sample
from verification.models import Assignment, ItemState, Priority, QualifyingRound, SampleItem, Skip, TaskKind
from verification.selectors import stranded as module
from verification.selectors.stranded import Absence, stranded_in
from verification.services.priorities import set_priority
from verification.services.queue import lease_items, release_items
from verification.services.standing import pause_person, resume_person
from verification.services.work_assignment import assign_items

pytestmark = pytest.mark.django_db

PAGE = "/p/street/items/waiting/"


def judge(item: SampleItem, person: Any) -> None:
    judge_and_hold(item, person)
    release_items(project_id=item.sample.project_id, user_id=person.pk)


def test_while_somebody_may_take_each_item_nothing_is_stranded(project: Any, ana: Any) -> None:
    sample = make_sample(project, items=3, overlap=2)
    assert not stranded_in(project).is_any, "ana may take all"
    member(project, "ben", "annotator")
    judge(items_of(sample)[0], ana)
    found = stranded_in(project)
    assert (found.is_any, found.workers, found.count) == (False, 2, 0)


def test_an_item_that_everybody_judged_skipped_or_holds_is_named_with_them(project: Any, ana: Any) -> None:
    sample = make_sample(project, items=5, overlap=3)
    ben = member(project, "ben", "annotator")
    items = items_of(sample)
    for item in items[:3]:
        judge(item, ana)
    judge(items[0], ben)
    Skip.objects.create(item=items[1], annotator=ben, reason="unsure")
    held = lease_items(project_id=project.pk, user_id=ben.pk, count=20)
    assert {one.item_id for one in held} == {item.pk for item in items[2:]}
    found = stranded_in(project)
    assert [item.id for item in found.items] == [item.pk for item in items[:3]]
    assert found.items[0].names == ("ana", "ben")
    assert found.items[0].words[0] == "milk jug"
    release_items(project_id=project.pk, user_id=ben.pk)
    assert [item.id for item in stranded_in(project).items] == [item.pk for item in items[:2]]
    member(project, "carl", "annotator")
    assert not stranded_in(project).is_any


def test_removed_items_those_with_the_lead_and_gold_do_not_count(project: Any, ana: Any) -> None:
    items = items_of(make_sample(project, items=4, overlap=2))
    for item in items:
        judge(item, ana)
    assert stranded_in(project).count == 4
    SampleItem.objects.filter(pk=items[0].pk).update(state=ItemState.REMOVED)
    SampleItem.objects.filter(pk=items[1].pk).update(state=ItemState.ESCALATED)
    SampleItem.objects.filter(pk=items[2].pk).update(is_gold=True)
    assert [item.id for item in stranded_in(project).items] == [items[3].pk]


def test_items_of_every_priority_are_looked_at(project: Any, ana: Any, lea: Any) -> None:
    items = items_of(make_sample(project, items=4, overlap=2))
    for item in items[:2]:
        judge(item, ana)
    set_priority(project_id=project.pk, user_id=lea.pk, item_ids=[items[0].pk], priority=Priority.URGENT)
    set_priority(project_id=project.pk, user_id=lea.pk, item_ids=[items[1].pk], priority=Priority.LATER)
    assert {item.id for item in stranded_in(project).items} == {items[0].pk, items[1].pk}


def test_an_answer_that_only_its_checker_could_write(project: Any, ana: Any) -> None:
    tags = make_sample(project, items=1)
    (item,) = items_of(make_question_sample(tags))
    SampleItem.objects.filter(sample=tags).update(state=ItemState.REMOVED)
    check(item, ana, "wrong_answer")
    answer = SampleItem.objects.get(parent=item)
    assert answer.sample.task_kind == TaskKind.ANSWER
    assert [one.id for one in stranded_in(project).items] == [answer.pk]
    member(project, "ben", "annotator")
    assert not stranded_in(project).is_any


def test_without_anybody_at_work_the_reasons_are_told(project: Any, lea: Any, ana: Any) -> None:
    make_sample(project, items=2)
    pause_person(project_id=project.pk, person_id=ana.pk, by_id=lea.pk, reason="")
    found = stranded_in(project)
    assert (found.workers, found.is_open, found.is_any, found.items) == (0, True, True, [])
    assert [(one.name, one.why) for one in found.absent] == [("ana", Absence.PAUSED)]
    resume_person(project_id=project.pk, person_id=ana.pk, by_id=lea.pk)
    assert not stranded_in(project).is_any
    project.paused_at, project.paused_by = timezone.now(), lea
    project.save()
    assert stranded_in(project).is_any


def test_what_is_kept_for_somebody_who_may_not_work_is_told_and_let_go(
    client: Client, project: Any, lea: Any, ana: Any
) -> None:
    ids = [item.pk for item in items_of(make_sample(project, items=3))]
    assign_items(project_id=project.pk, by_id=lea.pk, item_ids=ids[:2], person_ids=[ana.pk])
    assert not stranded_in(project).kept
    QualifyingRound.objects.create(project=project, size=5, pass_mark=0.8, created_by=lea)
    (kept,) = stranded_in(project).kept
    assert (kept.name, kept.why, kept.slots) == ("ana", Absence.NOT_QUALIFIED, 2)
    client.force_login(lea)
    page = client.get(PAGE).content.decode()
    assert "has not passed the qualifying round yet" in page
    assert "Nobody works" in page
    done = client.post(f"{PAGE}let-go", {"person": ana.pk}, follow=True).content.decode()
    assert "2 places are open to anybody now." in done
    assert not Assignment.objects.exclude(held_for=None).exists()
    assert client.post(f"{PAGE}let-go", {"person": "1 or 1"}).status_code == 400


def test_the_page_names_items_and_says_so_when_there_are_none(client: Client, project: Any, lea: Any, ana: Any) -> None:
    items = items_of(make_sample(project, items=2, overlap=2))
    client.force_login(lea)
    assert "Nothing waits in vain" in client.get(PAGE).content.decode()
    judge(items[0], ana)
    page = client.get(PAGE)
    assert f"/items/{items[0].pk}/history/" in page.content.decode()
    assert page.context["found"].count == 1


def test_the_look_is_bounded_and_its_queries_are_few(
    project: Any, ana: Any, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    monkeypatch.setattr(module, "LOOK", 4)
    for item in items_of(make_sample(project, items=9, overlap=2)):
        judge(item, ana)
    with django_assert_max_num_queries(6):
        found = stranded_in(project)
    assert (found.count, found.is_more) == (4, True)
