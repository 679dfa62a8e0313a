"""Pay: once for each verdict, summed up by day, taken away as CSV."""

import contextlib
import csv
import io
import uuid
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from tests.factories import make_sample
from tests.verification.judgements import items_of
from tests.verification.packages import said
from tests.verification.questions import make_question_sample
from tests.verification.services.crowds import in_threads, people, verdict_of
from verification.models import LedgerEntry, PayDay, PayDaysClosed, Verdict
from verification.selectors import pay
from verification.selectors.pay import Period, earned_by, loop_totals, person_totals, statement_rows
from verification.services.ledger import midnight_of, sum_up_days
from verification.services.queue import lease_items
from verification.services.standing import send_back_work
from verification.services.verdicts import withdraw_verdict
from webapp.core.errors import Conflict

pytestmark = pytest.mark.django_db

EVER = Period(date(2000, 1, 1), date(2099, 12, 31))


def paid(sample: Any, person: Any, place: int, *, days_ago: float, amount: str = "0.02", seconds: float = 10) -> Any:
    """A verdict of the past on the sample's item at `place`, with its entry."""
    verdict = said(items_of(sample)[place], person)
    at = timezone.now() - timedelta(days=days_ago)
    made = Verdict.objects.create(
        assignment=verdict.assignment, item=verdict.item, annotator=person, key=uuid.uuid4(), seconds=seconds
    )
    return LedgerEntry.objects.create(
        project=sample.project, annotator=person, verdict=made, amount=Decimal(amount), currency="USD", created_at=at
    )


def old(project: Any, days: int = 41) -> Any:
    """As if begun so long ago: one more than the forty that are over at every hour, also before yesterday is settled."""
    type(project).objects.filter(pk=project.pk).update(created_at=timezone.now() - timedelta(days=days))
    project.refresh_from_db()
    return project


def test_days_that_are_over_are_summed_up_once_and_give_the_same_sums(project: Any, ana: Any) -> None:
    old(project)
    ben = people(project, 1)[0]
    sample = make_sample(project, items=8)
    for place, (person, ago) in enumerate([(ana, 30.1), (ana, 30.1), (ben, 3.2), (ana, 2.4), (ana, 0)]):
        paid(sample, person, place, days_ago=ago)
    before = {user.pk: earned_by(project_id=project.pk, user_id=user.pk, period=EVER) for user in (ana, ben)}
    totals = person_totals(project_id=project.pk, period=EVER)
    loops = loop_totals(project.pk)
    assert sum_up_days() >= 40
    assert PayDay.objects.count() == 3  # Ana on two days, Ben on one; today is not over
    assert sum_up_days() == 0
    for user in (ana, ben):
        assert earned_by(project_id=project.pk, user_id=user.pk, period=EVER) == before[user.pk]
    assert person_totals(project_id=project.pk, period=EVER) == totals
    assert loop_totals(project.pk) == loops
    (mine,) = before[ana.pk]
    assert (mine.verdicts, mine.seconds, mine.amount) == (4, 40.0, Decimal("0.0800"))
    assert [(one.name, one.earned.verdicts) for one in totals] == [("ana", 4), (ben.username, 1)]
    assert [(one.loop_number, one.task_kind, one.people) for one in loops] == [(1, "tag", 2)]


def test_a_period_takes_whole_days_and_no_other(project: Any, ana: Any) -> None:
    old(project)
    sample = make_sample(project, items=8)
    for place, ago in enumerate([10, 9, 8, 0]):
        paid(sample, ana, place, days_ago=ago)
    day = timezone.localdate() - timedelta(days=9)
    for _summed in range(2):
        (found,) = earned_by(project_id=project.pk, user_id=ana.pk, period=Period(day, day + timedelta(days=1)))
        assert found.verdicts == 2
        (today,) = earned_by(
            project_id=project.pk, user_id=ana.pk, period=Period(timezone.localdate(), timezone.localdate())
        )
        assert today.verdicts == 1
        sum_up_days()


def test_today_is_never_closed(project: Any, ana: Any) -> None:
    old(project)
    paid(make_sample(project, items=1), ana, 0, days_ago=0)
    sum_up_days(project_id=project.pk)
    assert PayDaysClosed.objects.get(project=project).until <= timezone.localdate()
    assert not PayDay.objects.exists()


def test_work_taken_back_is_an_entry_of_its_own(project: Any, ana: Any, lea: Any) -> None:
    make_sample(project, items=4)
    (first, second, third) = lease_items(project_id=project.pk, user_id=ana.pk, count=3)
    key = uuid.uuid4()
    verdict_of(project, ana, first, key=key)
    verdict_of(project, ana, second)
    verdict_of(project, ana, third)
    withdraw_verdict(project_id=project.pk, user_id=ana.pk, verdict_key=key, key=uuid.uuid4())
    send_back_work(project_id=project.pk, person_id=ana.pk, by_id=lea.pk, count=1, reason="", take_pay_back=True)
    rows = list(statement_rows(project_id=project.pk, user_id=ana.pk, period=EVER))
    assert [row.event for row in rows] == ["verdict"] * 3 + ["withdrawn"] * 2
    assert sum(row.amount for row in rows) == project.tag_rate
    (earned,) = earned_by(project_id=project.pk, user_id=ana.pk, period=EVER)
    assert (earned.verdicts, earned.amount) == (1, project.tag_rate)


def test_the_database_refuses_a_second_entry_for_a_verdict(project: Any, ana: Any) -> None:
    sample = make_sample(project, items=1)
    entry = paid(sample, ana, 0, days_ago=0)
    with pytest.raises(IntegrityError), transaction.atomic():
        LedgerEntry.objects.create(
            project=project, annotator=ana, verdict=entry.verdict, amount=Decimal("0.02"), currency="USD"
        )


@pytest.mark.django_db(transaction=True)
def test_a_verdict_sent_many_times_at_once_is_paid_once(project: Any, ana: Any) -> None:
    make_sample(project, items=1)
    (item,) = lease_items(project_id=project.pk, user_id=ana.pk, count=1)
    key = uuid.uuid4()
    in_threads([lambda: verdict_of(project, ana, item, key=key) for _sender in range(6)])
    verdict_of(project, ana, item, key=key)
    assert LedgerEntry.objects.get().amount == project.tag_rate

    def undo() -> None:
        with contextlib.suppress(Conflict):  # another one was first
            withdraw_verdict(project_id=project.pk, user_id=ana.pk, verdict_key=key, key=uuid.uuid4())

    in_threads([undo for _sender in range(6)])
    amounts = sorted(LedgerEntry.objects.values_list("amount", flat=True))
    assert amounts == [-project.tag_rate, project.tag_rate]


def test_the_statement_has_every_entry_of_the_days_and_no_formula(client: Client, project: Any, ana: Any) -> None:
    project.name = '=HYPERLINK("http://evil.example","x")'
    project.save()
    ana.first_name = "@SUM(A1)"
    ana.save()
    tags = make_sample(project, items=3)
    paid(tags, ana, 0, days_ago=0)
    questions = make_question_sample(tags)
    paid(questions, ana, 0, days_ago=0, amount="0.0200", seconds=14.26)
    client.force_login(ana)
    today = timezone.localdate().isoformat()
    answer = client.get(f"/p/street/earnings/statement.csv?first={today}&last={today}")
    assert answer["Content-Type"].startswith("text/csv")
    assert "attachment" in answer["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(answer.getvalue().decode(), newline="")))
    assert len(rows) == 3
    assert {row[5] for row in rows[1:]} == {"Tag task", "QA check"}
    assert {row[7] for row in rows[1:]} == {"10.0", "14.3"}
    for row in rows:
        assert not any(cell.startswith(("=", "+", "@", "\t", "\r")) for cell in row)
    assert rows[1][0] == "'" + project.name
    past = client.get("/p/street/earnings/statement.csv?first=2020-01-01&last=2020-02-01")
    assert len(past.getvalue().decode().splitlines()) == 1
    assert client.get("/p/street/earnings/statement.csv?first=x&last=y").status_code == 400


def test_a_long_statement_is_read_in_batches(
    project: Any, ana: Any, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    sample = make_sample(project, items=5)
    entries = [paid(sample, ana, place, days_ago=0).pk for place in range(5)]
    monkeypatch.setattr(pay, "BATCH", 2)
    with django_assert_num_queries(3):
        rows = list(statement_rows(project_id=project.pk, user_id=ana.pk, period=EVER))
    assert sorted(row.entry for row in rows) == sorted(entries)


def test_midnight_is_that_of_the_server() -> None:
    assert timezone.localtime(midnight_of(date(2026, 3, 29))).hour == 0


def test_what_loops_of_many_verdicts_cost_is_remembered_for_a_while(
    project: Any, ana: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = make_sample(project, items=4)
    paid(sample, ana, 0, days_ago=0)
    assert loop_totals(project.pk)[0].earned.amount == Decimal("0.02")
    paid(sample, ana, 1, days_ago=0)
    assert loop_totals(project.pk)[0].earned.amount == Decimal("0.04")  # few are summed up at each look
    monkeypatch.setattr(pay, "MOST_SUMMED", 1)
    assert loop_totals(project.pk)[0].earned.amount == Decimal("0.04")
    paid(sample, ana, 2, days_ago=0)
    assert loop_totals(project.pk)[0].earned.amount == Decimal("0.04")
    assert person_totals(project_id=project.pk, period=EVER)[0].earned.amount == Decimal("0.06")
    cache.clear()
    assert loop_totals(project.pk)[0].earned.amount == Decimal("0.06")
