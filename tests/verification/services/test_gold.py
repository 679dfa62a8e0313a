"""Gold items: who is given one, when, and that nothing tells it from the others."""

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from tests.factories import make_sample
from tests.verification.packages import member, packed, review, reviewed, said
from tests.verification.questions import lease_kind, make_question_sample
from tests.verification.services.crowds import in_threads, people, verdict_of
from verification.models import (
    Assignment,
    GoldItem,
    GoldSlot,
    LedgerEntry,
    PackageItem,
    PackageState,
    SampleItem,
    TaskKind,
    Verdict,
)
from verification.selectors.gold_scores import gold_scores
from verification.selectors.own_history import own_unpacked_verdicts
from verification.selectors.sample_progress import progress_of_sample
from verification.selectors.verified import verified_items_sql
from verification.services.concealment import SLOT, reveal
from verification.services.gold import plant_gold, verdicts_until_next
from verification.services.packages import pack
from verification.services.queue import lease_items
from verification.services.samples import close_sample
from verification.services.verdicts import withdraw_verdict
from webapp.core.errors import Conflict
from webapp.projects.models import Membership

pytestmark = pytest.mark.django_db


@pytest.fixture
def ben(project: Any) -> Any:
    """Another annotator, whose work the experts have accepted."""
    return people(project, 1)[0]


@pytest.fixture
def sample(project: Any, ana: Any, ben: Any, edo: Any) -> Any:
    """Twelve items: Ben did six, which are accepted; the others are open."""
    reviewed(project, size=6)
    project.gold_share = 0.5
    project.save()
    sample = make_sample(project, items=12)
    for place, item in enumerate(sample.items.order_by("pk")[:6]):
        said(item, ben, *(["milk jug"] if place % 2 else []))
    (package,) = packed(sample, final=False)
    assert review(package, edo).state == PackageState.ACCEPTED
    return sample


def work(project: Any, person: Any, count: int, *, wrong: int = 0) -> list[int]:
    """The person judges their next `count` items; the items' ids."""
    done = []
    for _one in range(count):
        (item, *_more) = lease_items(project_id=project.pk, user_id=person.pk, count=1)
        verdict_of(project, person, item, wrong=wrong)
        done.append(item.item_id)
    return done


def test_who_has_worked_is_given_a_copy_of_an_accepted_item_next(project: Any, sample: Any, ana: Any) -> None:
    work(project, ana, 2)
    assert plant_gold(project_id=project.pk) >= 1
    slot = GoldSlot.objects.select_related("gold__item", "gold__source__item", "assignment").order_by("pk")[0]
    item, source = slot.gold.item, slot.gold.source.item
    assert (slot.annotator, slot.assignment.held_for, item.sample, item.is_gold) == (ana, ana, sample, True)
    assert (item.shown, item.region_ids, item.reason) == (source.shown, source.region_ids, source.reason)
    assert slot.gold.rejected_ids == slot.gold.source.rejected_ids
    (given,) = lease_items(project_id=project.pk, user_id=ana.pk, count=1)
    assert SampleItem.objects.get(pk=given.item_id).is_gold


def test_without_a_share_or_without_work_nothing_is_planted(project: Any, sample: Any, ana: Any) -> None:
    assert plant_gold() == 0  # Ben worked, and knows all that is accepted; Ana has not begun
    work(project, ana, 3)
    project.gold_share = 0
    project.save()
    assert plant_gold() == 0
    assert not SampleItem.objects.filter(is_gold=True).exists()


def test_a_second_call_waits_until_people_have_gone_on(project: Any, sample: Any, ana: Any) -> None:
    work(project, ana, 3)
    first = plant_gold()
    assert first >= 1
    assert plant_gold() == 0
    assert GoldSlot.objects.count() == first


def test_nobody_gets_what_they_or_their_expert_self_has_seen(
    project: Any, sample: Any, ana: Any, ben: Any, edo: Any
) -> None:
    Membership.objects.create(project=project, user=edo, role="annotator")
    for person in (ben, edo):
        work(project, person, 3)
    plant_gold()
    assert not GoldSlot.objects.filter(annotator__in=[ben, edo]).exists()


def test_several_people_share_one_gold_item_and_nobody_has_it_twice(project: Any, sample: Any, ana: Any) -> None:
    carl = member(project, "carl", "annotator")
    accepted = sample.items.order_by("pk").values_list("pk", flat=True)[:6]
    SampleItem.objects.filter(pk__in=list(accepted)[1:]).update(state="removed")  # one source is left
    for _again in range(8):
        for person in (ana, carl):
            items = lease_items(project_id=project.pk, user_id=person.pk, count=1)
            for item in items:
                verdict_of(project, person, item)
        plant_gold()
    slots = list(GoldSlot.objects.values_list("gold_id", "annotator_id"))
    assert len(slots) == len(set(slots))
    assert GoldItem.objects.count() == 1
    assert sorted(annotator for _gold, annotator in slots) == sorted([ana.pk, carl.pk])


def test_how_they_did_is_read_from_their_verdicts(project: Any, sample: Any, ana: Any) -> None:
    work(project, ana, 2)
    plant_gold()
    golds = list(GoldSlot.objects.filter(annotator=ana).select_related("gold", "assignment"))
    leased = {item.assignment_id: item for item in lease_items(project_id=project.pk, user_id=ana.pk, count=10)}
    for place, slot in enumerate(golds):
        truth = len(slot.gold.rejected_ids)
        verdict_of(project, ana, leased[slot.assignment_id], wrong=truth if place else 1 - truth)
    score = gold_scores(project_id=project.pk, user_ids=[ana.pk])[ana.pk]
    assert (score.right, score.judged) == (len(golds) - 1, len(golds))


def test_the_sheet_that_annotators_get_has_no_mark_on_it(client: Client, project: Any, sample: Any, ana: Any) -> None:
    work(project, ana, 2)
    plant_gold()
    client.force_login(ana)
    address = "/p/street/work/tags/lease"
    answer = client.post(address, {"want": 4}, content_type="application/json").json()
    slots = set(GoldSlot.objects.values_list("assignment_id", flat=True))
    seen = [item for item in answer["items"] if reveal(item["assignment"], SLOT) in slots]
    others = [item for item in answer["items"] if item not in seen]
    assert seen
    assert others
    assert {frozenset(item) for item in seen} == {frozenset(item) for item in others}
    assert "gold" not in str(answer)
    numbers = [item["assignment"] for item in answer["items"]] + [item["item"] for item in answer["items"]]
    assert min(numbers) > 10_000  # nothing of the order in which they were made


def test_gold_items_are_in_no_count_no_package_and_never_verified(project: Any, sample: Any, ana: Any) -> None:
    before = progress_of_sample(sample)
    work(project, ana, 2)
    plant_gold()
    count = GoldSlot.objects.count()
    work(project, ana, count)  # held slots come first
    assert GoldSlot.objects.filter(assignment__state="done").count() == count
    after = progress_of_sample(sample)
    assert (after.items, after.total, after.done) == (before.items, before.total, before.done + 2)
    pack(sample_id=sample.pk, final=True)
    gold = set(SampleItem.objects.filter(is_gold=True).values_list("pk", flat=True))
    for review_required in (True, False):
        project.review_required = review_required
        project.save()
        with connection.cursor() as cursor:
            cursor.execute(verified_items_sql("true"), {"project_id": project.pk})
            assert not gold & {row[0] for row in cursor.fetchall()}
    assert not PackageItem.objects.filter(item__in=gold).exists()


def test_gold_is_paid_like_everything_else(project: Any, sample: Any, ana: Any) -> None:
    work(project, ana, 2)
    plant_gold()
    work(project, ana, 1)
    gold = Verdict.objects.get(item__is_gold=True)
    assert LedgerEntry.objects.get(verdict=gold).amount == project.tag_rate


def test_a_gold_verdict_closes_together_with_those_beside_it(project: Any, sample: Any, ana: Any) -> None:
    work(project, ana, 2)
    planted = plant_gold()
    work(project, ana, planted)
    gold = Verdict.objects.filter(item__is_gold=True).order_by("pk")[0]

    def revisable() -> set[Any]:
        return {one.key for one in own_unpacked_verdicts(project_id=project.pk, user_id=ana.pk)[0]}

    assert gold.key in revisable()
    work(project, ana, 1)
    assert pack(sample_id=sample.pk, final=True) == 1
    assert revisable() == set()
    with pytest.raises(Conflict) as refused:
        withdraw_verdict(project_id=project.pk, user_id=ana.pk, verdict_key=gold.key, key=uuid.uuid4())
    assert refused.value.code == "not_undoable"


def test_gold_does_not_hold_up_a_sample_and_is_not_given_once_it_is_closed(project: Any, sample: Any, ana: Any) -> None:
    work(project, ana, 6)
    assert plant_gold() >= 1
    close_sample(sample.pk)
    assert lease_items(project_id=project.pk, user_id=ana.pk, count=5) == []
    assert plant_gold() == 0


def test_questions_have_gold_too(project: Any, sample: Any, ana: Any, ben: Any, edo: Any) -> None:
    project.package_size = 3
    project.save()
    questions = make_question_sample(sample)
    for item in questions.items.order_by("pk")[:3]:
        said(item, ben, choice="correct")
    (package,) = packed(questions, final=False)
    assert review(package, edo).state == PackageState.ACCEPTED
    for item in questions.items.order_by("pk")[3:6]:
        said(item, ana, choice="correct")
    assert plant_gold() >= 1
    slot = GoldSlot.objects.select_related("gold__item").get(
        gold__item__sample=questions, annotator=ana, pk=first_slot(questions)
    )
    assert (slot.gold.choice, slot.gold.item.question_answer_id is None) == ("correct", False)
    given = lease_kind(project, ana, TaskKind.QA, 1)
    assert given[0].assignment_id == slot.assignment_id


def first_slot(sample: Any) -> int:
    return int(GoldSlot.objects.filter(gold__item__sample=sample).order_by("pk").values_list("pk", flat=True)[0])


@pytest.mark.parametrize("share", [0.02, 0.05, 0.2, 0.5])
def test_the_distance_varies_and_keeps_the_share(share: float) -> None:
    gaps = [verdicts_until_next(share, person_id=1, last_slot=number) for number in range(2000)]
    assert len(set(gaps)) > 1
    assert 1 / (sum(gaps) / len(gaps) + 1) == pytest.approx(share, rel=0.15)
    assert gaps[7] == verdicts_until_next(share, person_id=1, last_slot=7)


@pytest.mark.django_db(transaction=True)
def test_two_timers_at_once_plant_once(project: Any, ana: Any, edo: Any) -> None:
    ben = people(project, 1)[0]
    reviewed(project, size=6)
    project.gold_share = 0.5
    project.save()
    sample = make_sample(project, items=12)
    for item in sample.items.order_by("pk")[:6]:
        said(item, ben)
    review(packed(sample, final=False)[0], edo)
    for item in sample.items.order_by("pk")[6:9]:
        said(item, ana)
    planted: list[int] = []
    in_threads([lambda: planted.append(plant_gold()) for _timer in range(4)])
    assert len([count for count in planted if count]) == 1
    assert GoldSlot.objects.count() == sum(planted) == Assignment.objects.filter(held_for=ana).count()
