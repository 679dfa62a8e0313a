"""What follows from a QA check: an answer to be written by somebody else, the region's tags asked about again."""

import threading
from decimal import Decimal
from hashlib import sha256
from typing import Any

import pytest

from annotation.models import Loop, RegionAnnotation
from annotation.services.partitions import create_partitions
from tests.factories import make_sample
from tests.verification.judgements import items_of, judge
from tests.verification.questions import ANSWER, QA, answer, check, decide, lease_kind, make_question_sample
from tests.verification.services.crowds import in_threads, people
from verification.models import (
    Assignment,
    LateVerdict,
    LedgerEntry,
    Reopening,
    Sample,
    SampleItem,
    TaskKind,
    Verdict,
    Wording,
)
from verification.selectors.verified import verified_regions
from verification.services.queue import lease_next
from verification.services.samples import close_sample
from verification.services.verdicts import withdraw_verdict
from webapp.core.errors import BadInput, Conflict

pytestmark = pytest.mark.django_db


def questions(project: Any, *, items: int = 1, overlap: int = 1, pairs: int = 1) -> list[SampleItem]:
    tags = make_sample(project, items=items, overlap=overlap)
    return items_of(make_question_sample(tags, overlap=overlap, pairs=pairs))


def answers_wanted() -> list[SampleItem]:
    return list(SampleItem.objects.filter(sample__task_kind=ANSWER, state="open").order_by("pk"))


def undo(project: Any, user: Any, key: Any) -> None:
    import uuid

    withdraw_verdict(project_id=project.pk, user_id=user.pk, verdict_key=key, key=uuid.uuid4())


def tag_item_of(item: SampleItem) -> SampleItem:
    return SampleItem.objects.get(sample__task_kind=TaskKind.TAG, region_ids=item.region_ids)


def rounds_of(item: SampleItem) -> list[int]:
    return sorted(set(Assignment.objects.filter(item=item).values_list("round", flat=True)))


def test_an_annotator_sees_tag_question_and_answer(project: Any, ana: Any) -> None:
    questions(project)
    (slot,) = lease_kind(project, ana)
    assert slot.tags == ()
    assert slot.question is not None
    assert (slot.question.tag, slot.question.answer) == ("milk jug", "The milk jug is red.")


def test_each_kind_of_task_is_leased_for_itself(project: Any, ana: Any) -> None:
    (item,) = questions(project)
    (tags,) = lease_kind(project, ana, TaskKind.TAG)
    (asked,) = lease_kind(project, ana, QA)
    assert (tags.item_id != asked.item_id, asked.item_id) == (True, item.pk)
    assert lease_kind(project, ana, ANSWER) == []


@pytest.mark.parametrize("choice", ["correct", "unanswerable"])
def test_a_check_from_which_nothing_follows_is_one_statement(
    project: Any, ana: Any, choice: str, django_assert_num_queries: Any
) -> None:
    questions(project)
    (slot,) = lease_kind(project, ana)
    with django_assert_num_queries(1):
        receipt = decide(project, ana, slot, choice)
    assert Verdict.objects.get(pk=receipt.verdict_id).choice == choice
    assert LedgerEntry.objects.get().amount == Decimal("0.02")
    assert not answers_wanted()


def test_a_wrong_answer_is_written_by_somebody_else_who_sees_it_and_the_other_pairs(
    project: Any, ana: Any, edo: Any
) -> None:
    (item,) = questions(project)
    check(item, ana, "wrong_answer")
    (wanted,) = answers_wanted()
    assert (wanted.parent_id, wanted.question_answer_id) == (item.pk, item.question_answer_id)
    assert lease_kind(project, ana, ANSWER) == []
    (slot,) = lease_kind(project, edo, ANSWER)
    assert slot.question is not None
    assert slot.question.others == (("Where is it?", "On the table."),)
    decide(project, edo, slot, kind=ANSWER, text="  The milk jug is\r\n blue. ")
    verdict = Verdict.objects.get(annotator=edo)
    wording = Wording.objects.get()
    assert (wording.verdict, wording.kind, wording.text) == (verdict, "correction", "The milk jug is\nblue.")
    assert verdict.text_digest == sha256(wording.text.encode()).hexdigest()
    assert verdict.pay.amount == Decimal("0.07")


def test_the_checker_cannot_write_the_answer_even_where_the_slot_names_them(project: Any, ana: Any) -> None:
    (item,) = questions(project)
    check(item, ana, "wrong_answer")
    (wanted,) = answers_wanted()
    Assignment.objects.filter(item=wanted).update(state="leased", annotator=ana, leased_until="2100-01-01T00:00Z")
    with pytest.raises(Conflict):
        decide(project, ana, lease_kind(project, ana, ANSWER)[0], kind=ANSWER, text="The milk jug is blue.")
    assert not Verdict.objects.filter(item=wanted).exists()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Write the answer first"),
        ("a", "Write the answer first"),
        ("x" * 201, "201 characters"),
        ("...!?", "in words"),
        ("The jug is \u202eder\u202c.", "nobody can see"),
        ("The jug\x00 is red", "nobody can see"),
        ("Кувшин синий.", "language of the question"),
        ("the milk jug is RED.", "found wrong"),
    ],
)
def test_what_is_no_answer_is_refused_in_words(project: Any, ana: Any, edo: Any, text: str, why: str) -> None:
    (item,) = questions(project)
    check(item, ana, "wrong_answer")
    (slot,) = lease_kind(project, edo, ANSWER)
    with pytest.raises(BadInput, match=why) as refused:
        decide(project, edo, slot, kind=ANSWER, text=text)
    assert refused.value.code == "bad_answer"
    decide(project, edo, slot, kind=ANSWER, text="It is blue.")


@pytest.mark.parametrize(("kind", "choice", "text"), [(QA, "", ""), (QA, "maybe", ""), (QA, "correct", "no")])
def test_a_check_needs_one_of_four_choices(project: Any, ana: Any, kind: TaskKind, choice: str, text: str) -> None:
    questions(project)
    (slot,) = lease_kind(project, ana)
    with pytest.raises(BadInput):
        decide(project, ana, slot, choice, kind=kind, text=text)


def test_with_overlap_the_majority_asks_for_the_answer_and_only_once_all_have_decided(project: Any) -> None:
    ada, ben, cem, dan, *_ = people(project, 4)
    (item,) = questions(project, overlap=3)
    check(item, ada, "wrong_answer")
    check(item, ben, "wrong_answer")
    assert not answers_wanted()
    check(item, cem, "correct")
    assert len(answers_wanted()) == 1
    assert all(lease_kind(project, judged, ANSWER) == [] for judged in (ada, ben, cem))
    answer(item, dan, "The milk jug is blue.")


def test_a_tie_asks_for_nothing(project: Any) -> None:
    ada, ben, *_ = people(project, 2)
    (item,) = questions(project, overlap=2)
    check(item, ada, "wrong_answer")
    check(item, ben, "correct")
    assert not answers_wanted()


@pytest.mark.django_db(transaction=True)
def test_the_last_two_who_decide_at_once_ask_for_one_answer(project: Any) -> None:
    ada, ben, *_ = people(project, 2)
    items = questions(project, items=12, overlap=2)
    held = {person: {slot.item_id: slot for slot in lease_kind(project, person)} for person in (ada, ben)}
    for item in items:
        start = threading.Barrier(2)

        def both(person: Any, item: SampleItem = item, start: threading.Barrier = start) -> None:
            start.wait()
            decide(project, person, held[person][item.pk], "wrong_answer")

        in_threads([lambda person=person: both(person) for person in (ada, ben)])
    assert sorted(wanted.parent_id or 0 for wanted in answers_wanted()) == [item.pk for item in items]
    assert Assignment.objects.filter(sample__task_kind=ANSWER).count() == 12


@pytest.mark.django_db(transaction=True)
def test_many_people_who_check_and_answer_never_answer_what_they_checked(project: Any) -> None:
    crowd = people(project, 6)
    questions(project, items=20)
    start = threading.Barrier(len(crowd))

    def work(person: Any) -> None:
        start.wait()
        found = True
        while found:
            found = False
            for kind, said in ((QA, {"choice": "wrong_answer"}), (ANSWER, {"text": "It is blue."})):
                for slot in lease_next(project_id=project.pk, user_id=person.pk, count=2, kind=kind):
                    decide(project, person, slot, kind=kind, **said)
                    found = True

    in_threads([lambda person=person: work(person) for person in crowd])
    written = Verdict.objects.filter(item__sample__task_kind=ANSWER).select_related("item")
    assert written.count() == 20
    for verdict in written:
        assert not Verdict.objects.filter(item=verdict.item.parent, annotator=verdict.annotator).exists()
    assert LedgerEntry.objects.count() == 40


def test_undoing_the_check_takes_the_answer_item_back_unless_somebody_has_it(project: Any, ana: Any, edo: Any) -> None:
    (item,) = questions(project)
    undo(project, ana, check(item, ana, "wrong_answer"))
    assert not answers_wanted()
    key = check(item, ana, "wrong_answer")
    assert len(answers_wanted()) == 1
    assert len(lease_kind(project, edo, ANSWER)) == 1
    with pytest.raises(Conflict) as refused:
        undo(project, ana, key)
    assert refused.value.code == "not_undoable"
    assert Verdict.objects.filter(is_withdrawal=True).count() == 1
    assert sum(LedgerEntry.objects.values_list("amount", flat=True)) == Decimal("0.02")


def test_a_wrong_tag_reopens_the_tag_task_for_somebody_else_and_the_region_is_unverified(project: Any) -> None:
    ada, ben, *_ = people(project, 2)
    (item,) = questions(project)
    tags = tag_item_of(item)
    judge(tags, ada)
    assert set(verified_regions(project_id=project.pk, region_ids=item.region_ids)) == set(item.region_ids)
    check(item, ben, "wrong_tag")
    assert rounds_of(tags) == [0, 1]
    assert verified_regions(project_id=project.pk, region_ids=item.region_ids) == {}
    assert lease_kind(project, ada, TaskKind.TAG) == []
    judge(tags, ben, "milk jug")
    (region,) = verified_regions(project_id=project.pk, region_ids=item.region_ids).values()
    assert [tag.concept_id for tag in region.rejected] == [tags.shown["tags"][0]["concept_id"]]


def test_several_pairs_of_a_region_reopen_it_once_and_nothing_reopens_what_is_rejected(project: Any) -> None:
    ada, ben, *_ = people(project, 2)
    first, second, third = questions(project, pairs=3)
    tags = tag_item_of(first)
    check(first, ada, "wrong_tag")
    assert rounds_of(tags) == [0]  # its tags are being asked about anyway
    judge(tags, ada)
    key = check(second, ada, "wrong_tag")
    check(third, ada, "wrong_tag")
    assert rounds_of(tags) == [0, 1]
    undo(project, ada, key)
    assert rounds_of(tags) == [0, 1]  # the third pair still asks for it
    check(second, ada, "wrong_tag")
    judge(tags, ben, "milk jug")
    undo(project, ada, check_again(second, ada))
    assert rounds_of(tags) == [0, 1]


def check_again(item: SampleItem, user: Any) -> Any:
    """Withdraw the person's verdict on the item, and give the same one; its key."""
    undo(item.sample.project, user, Verdict.objects.get(item=item, is_withdrawal=False, superseded_by=None).key)
    return check(item, user, "wrong_tag")


def test_undoing_the_wrong_tag_takes_the_round_back_unless_somebody_has_begun_it(project: Any) -> None:
    ada, ben, *_ = people(project, 2)
    (item,) = questions(project)
    tags = tag_item_of(item)
    judge(tags, ada)
    undo(project, ben, check(item, ben, "wrong_tag"))
    assert rounds_of(tags) == [0]
    assert not Reopening.objects.exists()
    key = check(item, ben, "wrong_tag")
    assert len(lease_kind(project, ben, TaskKind.TAG)) == 1
    with pytest.raises(Conflict):
        undo(project, ben, key)


def annotate(item: SampleItem, shown: list[dict[str, Any]]) -> None:
    """Annotate the item's region with these tags in the loop that the item is about."""
    create_partitions(item.sample.annotated_loop_id)
    RegionAnnotation.objects.create(
        loop_id=item.sample.annotated_loop_id,
        region_id=item.region_ids[0],
        image_id=item.image_id,
        concept_ids=[tag["concept_id"] for tag in shown],
        scores=[0.5] * 5,
        role_masks=[1] * 5,
        raw_score=0.5,
        size_class=1,
        producer_id=1,
    )


def test_a_region_without_a_tag_item_gets_one_in_the_loops_tag_sample(project: Any, ana: Any, edo: Any) -> None:
    (item,) = questions(project)
    tags = tag_item_of(item)
    shown = tags.shown["tags"]
    Assignment.objects.filter(item=tags).delete()
    tags.delete()
    annotate(item, shown)
    key = check(item, ana, "wrong_tag")
    made = tag_item_of(item)
    assert (made.reason, [tag["text"] for tag in made.shown["tags"]]) == ("wrong_tag", [tag["text"] for tag in shown])
    undo(project, ana, key)
    assert lease_kind(project, edo, TaskKind.TAG) == []
    check(item, ana, "wrong_tag")
    assert [slot.item_id for slot in lease_kind(project, edo, TaskKind.TAG)] == [made.pk]


def test_people_who_go_on_contradicting_each_other_send_the_item_to_the_lead(project: Any) -> None:
    crowd = people(project, 4)
    pairs = questions(project, pairs=3)
    tags = tag_item_of(pairs[0])
    for number, item in enumerate(pairs):
        judge(tags, crowd[number])
        check(item, crowd[number], "wrong_tag")
    tags.refresh_from_db()
    assert (rounds_of(tags), tags.state) == ([0, 1, 2], "escalated")


@pytest.mark.parametrize("instead", ["unanswerable", "wrong_tag"])
def test_who_should_write_the_answer_may_say_that_there_is_none(project: Any, ana: Any, edo: Any, instead: str) -> None:
    (item,) = questions(project)
    judge(tag_item_of(item), ana)
    check(item, ana, "wrong_answer")
    answer(item, edo, choice=instead)
    assert Verdict.objects.get(annotator=edo).choice == instead
    assert rounds_of(tag_item_of(item)) == ([0, 1] if instead == "wrong_tag" else [0])


def test_a_gold_question_has_no_consequences(project: Any, ana: Any) -> None:
    (item,) = questions(project)
    SampleItem.objects.filter(pk=item.pk).update(is_gold=True)
    check(item, ana, "wrong_answer")
    assert not answers_wanted()
    assert Verdict.objects.count() == 1


def test_nothing_is_asked_in_a_closed_sample(project: Any, ana: Any) -> None:
    (item,) = questions(project)
    (slot,) = lease_kind(project, ana)
    Sample.objects.filter(pk=item.sample_id).update(is_open=False)  # closing would have freed the slot
    decide(project, ana, slot, "wrong_answer")
    assert not answers_wanted()


def test_a_late_answer_is_kept_with_its_text(project: Any, ana: Any, edo: Any) -> None:
    (item,) = questions(project)
    check(item, ana, "wrong_answer")
    (slot,) = lease_kind(project, edo, ANSWER)
    close_sample(answers_wanted()[0].sample_id)
    with pytest.raises(Conflict) as refused:
        decide(project, edo, slot, kind=ANSWER, text="It is blue.")
    assert refused.value.code == "lease_lost"
    assert (LateVerdict.objects.get().text, Wording.objects.count()) == ("It is blue.", 0)


def test_the_same_key_is_one_answer_paid_once_and_other_words_are_refused(project: Any, ana: Any, edo: Any) -> None:
    import uuid

    (item,) = questions(project)
    check(item, ana, "wrong_answer")
    (slot,) = lease_kind(project, edo, ANSWER)
    key = uuid.uuid4()
    receipts = [decide(project, edo, slot, kind=ANSWER, text="It is blue.", key=key) for _sent in range(2)]
    assert [receipt.repeated for receipt in receipts] == [False, True]
    assert Wording.objects.count() == 1
    with pytest.raises(Conflict) as refused:
        decide(project, edo, slot, kind=ANSWER, text="It is green.", key=key)
    assert refused.value.code == "key_reused"


def test_a_slot_that_is_held_for_somebody_goes_to_them_first_and_to_nobody_else(
    project: Any, ana: Any, edo: Any
) -> None:
    items = questions(project, items=3)
    Assignment.objects.filter(item=items[2]).update(held_for=ana)
    assert [slot.item_id for slot in lease_kind(project, edo)] == [items[0].pk, items[1].pk]
    assert [slot.item_id for slot in lease_kind(project, ana)] == [items[2].pk]


def test_a_region_that_an_earlier_loop_verified_is_unverified_while_it_is_asked_again(
    project: Any, ana: Any, edo: Any
) -> None:
    (item,) = questions(project)
    tags = tag_item_of(item)
    judge(tags, ana)
    close_sample(tags.sample_id)
    Loop.objects.filter(project=project).update(state="finished")
    later = Loop.objects.create(project=project, number=2, config_digest="2" * 64, parent=item.sample.loop)
    zero = item.sample.annotated_loop
    asked_in = Sample.objects.create(project=project, loop=later, annotated_loop=zero, task_kind=TaskKind.TAG, seed=1)
    Sample.objects.filter(pk=item.sample_id).update(loop=later)
    annotate(item, tags.shown["tags"])
    key = check(item, edo, "wrong_tag")
    again = SampleItem.objects.get(sample=asked_in)
    assert verified_regions(project_id=project.pk, region_ids=item.region_ids) == {}
    undo(project, edo, key)
    assert len(verified_regions(project_id=project.pk, region_ids=item.region_ids)) == 1
    check(item, edo, "wrong_tag")
    judge(again, edo, "milk jug")
    (region,) = verified_regions(project_id=project.pk, region_ids=item.region_ids).values()
    assert (region.loop_number, len(region.rejected)) == (2, 1)
