import threading
import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from tests.factories import make_sample
from tests.verification.services.crowds import in_threads, verdict_of
from verification.models import Assignment, LateVerdict, LedgerEntry, Sample, Verdict
from verification.services.queue import free_lapsed_leases, lease_items, lease_next, release_items
from verification.services.skips import skip_item
from verification.services.tickets import issue_ticket
from verification.services.verdicts import UNDO_DEPTH, record_verdict, withdraw_verdict
from webapp.core.errors import BadInput, Conflict, NotFound

pytestmark = pytest.mark.django_db


def lease(project: Any, user: Any, count: int = 1) -> list[Any]:
    return lease_items(project_id=project.pk, user_id=user.pk, count=count)


def lapse_all() -> None:
    # Long ago: within a test's transaction the database's clock stands still where it began.
    Assignment.objects.filter(state="leased").update(leased_until=timezone.now() - timezone.timedelta(hours=1))


def undo(project: Any, user: Any, verdict_key: uuid.UUID, key: uuid.UUID | None = None) -> Any:
    return withdraw_verdict(project_id=project.pk, user_id=user.pk, verdict_key=verdict_key, key=key or uuid.uuid4())


def earned(user: Any) -> Decimal:
    return sum(LedgerEntry.objects.filter(annotator=user).values_list("amount", flat=True), Decimal(0))


def test_a_verdict_closes_its_slot_and_is_paid_at_the_projects_rate(project: Any, ana: Any) -> None:
    make_sample(project)
    (item,) = lease(project, ana)
    receipt = verdict_of(project, ana, item, wrong=2)
    verdict = Verdict.objects.get(pk=receipt.verdict_id)
    assert verdict.rejected_ids == sorted(tag.concept_id for tag in item.tags[:2])
    assert (verdict.annotator, verdict.item_id, verdict.seconds) == (ana, item.item_id, 4.2)
    slot = Assignment.objects.get(pk=item.assignment_id)
    assert (slot.state, slot.verdict_id, slot.annotator, slot.leased_until) == ("done", verdict.pk, ana, None)
    pay = LedgerEntry.objects.get()
    assert (pay.amount, pay.currency, pay.annotator, pay.verdict) == (Decimal("0.0200"), "USD", ana, verdict)


def test_recording_is_one_statement(project: Any, ana: Any, django_assert_num_queries: Any) -> None:
    make_sample(project)
    (item,) = lease(project, ana)
    with django_assert_num_queries(1):
        verdict_of(project, ana, item)


def test_the_same_key_sent_again_is_the_same_verdict_paid_once(project: Any, ana: Any) -> None:
    make_sample(project)
    (item,) = lease(project, ana)
    key = uuid.uuid4()
    first = verdict_of(project, ana, item, wrong=1, key=key)
    again = verdict_of(project, ana, item, wrong=1, key=key)
    assert (again.verdict_id, again.repeated) == (first.verdict_id, True)
    assert Verdict.objects.count() == LedgerEntry.objects.count() == 1


def test_the_same_key_with_other_content_or_from_another_person_is_refused(project: Any, ana: Any, edo: Any) -> None:
    make_sample(project)
    first, second = lease(project, ana, 2)
    key = uuid.uuid4()
    verdict_of(project, ana, first, wrong=1, key=key)
    for item, wrong in ((first, 2), (second, 1)):
        with pytest.raises(Conflict) as refused:
            verdict_of(project, ana, item, wrong=wrong, key=key)
        assert refused.value.code == "key_reused"
    (theirs,) = lease(project, edo)
    with pytest.raises(Conflict):
        verdict_of(project, edo, theirs, wrong=1, key=key)
    assert Verdict.objects.count() == 1


def test_a_second_verdict_on_a_done_item_is_refused(project: Any, ana: Any) -> None:
    make_sample(project)
    (item,) = lease(project, ana)
    verdict_of(project, ana, item)
    with pytest.raises(Conflict) as refused:
        verdict_of(project, ana, item, wrong=1)
    assert refused.value.code == "already_done"
    assert LateVerdict.objects.count() == 0


def test_a_tag_that_was_not_shown_cannot_be_rejected(project: Any, ana: Any) -> None:
    make_sample(project)
    (item,) = lease(project, ana)
    with pytest.raises(BadInput):
        record_verdict(
            project_id=project.pk,
            user_id=ana.pk,
            assignment_id=item.assignment_id,
            rejected_ids=[item.tags[0].concept_id, 10**15],
            seconds=1,
            key=uuid.uuid4(),
        )
    assert Assignment.objects.get(pk=item.assignment_id).state == "leased"
    assert not Verdict.objects.exists()


@pytest.mark.parametrize(("sent", "kept"), [(-5.0, 0.0), (1e9, 600.0), (12.5, 12.5)])
def test_the_time_spent_is_clamped(project: Any, ana: Any, sent: float, kept: float) -> None:
    make_sample(project)
    (item,) = lease(project, ana)
    record_verdict(
        project_id=project.pk,
        user_id=ana.pk,
        assignment_id=item.assignment_id,
        rejected_ids=[],
        seconds=sent,
        key=uuid.uuid4(),
    )
    assert Verdict.objects.get().seconds == kept


@pytest.mark.parametrize("seconds", [float("nan"), float("inf")])
def test_a_time_that_is_no_number_is_refused(project: Any, ana: Any, seconds: float) -> None:
    make_sample(project)
    (item,) = lease(project, ana)
    with pytest.raises(BadInput):
        record_verdict(
            project_id=project.pk,
            user_id=ana.pk,
            assignment_id=item.assignment_id,
            rejected_ids=[],
            seconds=seconds,
            key=uuid.uuid4(),
        )


def test_a_late_verdict_counts_while_nobody_else_has_the_slot(project: Any, ana: Any) -> None:
    make_sample(project, items=1)
    (item,) = lease(project, ana)
    lapse_all()
    verdict_of(project, ana, item)  # lapsed, not yet freed
    make_sample_again = Assignment.objects.get()
    assert make_sample_again.state == "done"


def test_a_late_verdict_counts_on_a_slot_that_was_freed_meanwhile(project: Any, ana: Any) -> None:
    make_sample(project, items=1)
    (item,) = lease(project, ana)
    lapse_all()
    assert free_lapsed_leases() == 1
    verdict_of(project, ana, item, wrong=1)
    assert Assignment.objects.get().state == "done"
    assert earned(ana) == Decimal("0.02")


@pytest.mark.parametrize("theirs_is_done", [False, True])
def test_a_verdict_on_a_slot_that_went_to_somebody_else_is_kept_but_neither_counted_nor_paid(
    project: Any, ana: Any, edo: Any, theirs_is_done: bool
) -> None:
    make_sample(project, items=1)
    (item,) = lease(project, ana)
    lapse_all()
    (theirs,) = lease(project, edo)
    if theirs_is_done:
        verdict_of(project, edo, theirs)
    key = uuid.uuid4()
    for _sent in range(2):
        with pytest.raises(Conflict) as refused:
            verdict_of(project, ana, item, wrong=3, key=key)
        assert refused.value.code == "lease_lost"
    late = LateVerdict.objects.get()
    assert (late.annotator, late.key, len(late.rejected_ids)) == (ana, key, 3)
    assert earned(ana) == 0
    assert not Verdict.objects.filter(annotator=ana).exists()


def test_nobody_judges_an_item_that_was_not_given_to_them(project: Any, ana: Any, edo: Any) -> None:
    make_sample(project, items=2)
    (item,) = lease(project, ana)
    free = Assignment.objects.filter(state="open").first()
    assert free is not None
    for pk in (item.assignment_id, free.pk):
        for ticket in ("", issue_ticket(user_id=ana.pk, assignment_id=pk)):
            with pytest.raises(NotFound):
                record_verdict(
                    project_id=project.pk,
                    user_id=edo.pk,
                    assignment_id=pk,
                    rejected_ids=[],
                    seconds=1,
                    key=uuid.uuid4(),
                    ticket=ticket,
                )
    assert not LateVerdict.objects.exists()


def test_a_verdict_is_not_taken_through_another_project(project: Any, ana: Any) -> None:
    from webapp.projects.models import Project

    other = Project.objects.create(name="Other", slug="other")
    make_sample(project)
    (item,) = lease(project, ana)
    with pytest.raises(NotFound):
        verdict_of(other, ana, item)


def test_a_skipped_item_cannot_be_judged_afterwards(project: Any, ana: Any) -> None:
    make_sample(project, items=1)
    (item,) = lease(project, ana)
    skip_item(project_id=project.pk, user_id=ana.pk, assignment_id=item.assignment_id, reason="unsure")
    with pytest.raises(Conflict):
        verdict_of(project, ana, item)
    assert Assignment.objects.get().state == "open"


def test_a_paused_project_takes_verdicts_on_items_that_were_out(project: Any, ana: Any) -> None:
    make_sample(project)
    (item,) = lease(project, ana)
    project.paused_at = timezone.now()
    project.save()
    verdict_of(project, ana, item)
    assert Verdict.objects.count() == 1


def test_undo_takes_the_pay_back_and_gives_the_item_back(project: Any, ana: Any) -> None:
    make_sample(project, items=1)
    (item,) = lease(project, ana)
    key, undo_key = uuid.uuid4(), uuid.uuid4()
    verdict_of(project, ana, item, wrong=2, key=key)
    first = undo(project, ana, key, undo_key)
    again = undo(project, ana, key, undo_key)
    assert (again.verdict_id, again.repeated) == (first.verdict_id, True)
    assert earned(ana) == 0
    assert LedgerEntry.objects.count() == 2
    slot = Assignment.objects.get()
    assert (slot.state, slot.annotator, slot.verdict) == ("leased", ana, None)
    assert [held.assignment_id for held in lease(project, ana)] == [item.assignment_id]
    verdict_of(project, ana, item, wrong=1)
    assert earned(ana) == Decimal("0.02")
    withdrawn = Verdict.objects.get(key=key)
    assert withdrawn.superseded_by.is_withdrawal


def test_a_verdict_is_withdrawn_at_most_once(project: Any, ana: Any) -> None:
    make_sample(project)
    (item,) = lease(project, ana)
    key = uuid.uuid4()
    verdict_of(project, ana, item, key=key)
    undo(project, ana, key)
    with pytest.raises(Conflict) as refused:
        undo(project, ana, key)
    assert refused.value.code == "not_undoable"
    assert earned(ana) == 0


def test_nobody_undoes_what_others_said(project: Any, ana: Any, edo: Any) -> None:
    make_sample(project)
    (item,) = lease(project, ana)
    key = uuid.uuid4()
    verdict_of(project, ana, item, key=key)
    with pytest.raises(NotFound):
        undo(project, edo, key)
    with pytest.raises(NotFound):
        undo(project, ana, uuid.uuid4())


def test_a_verdict_stands_once_its_sample_is_closed(project: Any, ana: Any) -> None:
    make_sample(project)
    (item,) = lease(project, ana)
    key = uuid.uuid4()
    verdict_of(project, ana, item, key=key)
    Sample.objects.update(is_open=False)
    with pytest.raises(Conflict):
        undo(project, ana, key)


@pytest.mark.django_db(transaction=True)
def test_only_the_last_fifty_can_be_undone(project: Any, ana: Any) -> None:
    make_sample(project, items=UNDO_DEPTH + 1)
    keys = []
    for _number in range(UNDO_DEPTH + 1):
        (item,) = lease_next(project_id=project.pk, user_id=ana.pk, count=1)
        keys.append(uuid.uuid4())
        verdict_of(project, ana, item, key=keys[-1])
    with pytest.raises(Conflict):
        undo(project, ana, keys[0])
    undo(project, ana, keys[1])


@pytest.mark.parametrize("table", ["verification_verdict", "verification_ledgerentry", "verification_lateverdict"])
def test_the_database_refuses_to_change_or_delete_what_was_said_and_paid(
    project: Any, ana: Any, edo: Any, table: str
) -> None:
    make_sample(project, items=2)
    mine, other = lease(project, ana, 2)
    verdict_of(project, ana, mine)
    release_items(project_id=project.pk, user_id=ana.pk)
    lease(project, edo, 2)
    with pytest.raises(Conflict):
        verdict_of(project, ana, other)
    for statement in (f"UPDATE {table} SET created_at = now()", f"DELETE FROM {table}"):  # noqa: S608
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("same_key", [True, False])
def test_the_same_item_submitted_eight_times_at_once_is_one_verdict_paid_once(
    project: Any, ana: Any, same_key: bool
) -> None:
    make_sample(project, items=1)
    (item,) = lease(project, ana)
    key = uuid.uuid4()
    barrier, answers = threading.Barrier(8), []

    def submit() -> None:
        barrier.wait()
        try:
            answers.append(verdict_of(project, ana, item, key=key if same_key else None).verdict_id)
        except Conflict as refused:
            answers.append(refused.code)

    in_threads([submit] * 8)
    assert Verdict.objects.count() == LedgerEntry.objects.count() == 1
    (verdict,) = Verdict.objects.all()
    assert sorted(map(str, answers)) == sorted(
        [str(verdict.pk)] * (8 if same_key else 1) + ["already_done"] * (0 if same_key else 7)
    )


@pytest.mark.django_db(transaction=True)
def test_undone_eight_times_at_once_is_withdrawn_once(project: Any, ana: Any) -> None:
    make_sample(project, items=1)
    (item,) = lease(project, ana)
    key = uuid.uuid4()
    verdict_of(project, ana, item, key=key)
    barrier, codes = threading.Barrier(8), []

    def withdraw() -> None:
        barrier.wait()
        try:
            undo(project, ana, key)
        except Conflict as refused:
            codes.append(refused.code)

    in_threads([withdraw] * 8)
    assert codes == ["not_undoable"] * 7
    assert earned(ana) == 0
