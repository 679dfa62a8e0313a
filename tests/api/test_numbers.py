"""Quality and pay by API: leads see everybody, everybody else themselves."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.api.conftest import TokenClient
from tests.api.schemas import check_answer
from tests.factories import make_sample
from tests.verification.judgements import items_of, judge, judge_all
from tests.verification.packages import member, packed, review, reviewed
from tests.verification.services.crowds import people
from verification.models import LedgerEntry
from verification.services.concealment import PAGE, conceal
from verification.services.queue import release_items

pytestmark = pytest.mark.django_db

STREET = "/api/v1/projects/street"
BELOW = "projects/{slug}"


def read(client: Client, path: str, **query: Any) -> Any:
    return check_answer(f"{BELOW}/{path}", "get", client.get(f"{STREET}/{path}", query))


def test_leads_see_how_often_people_are_right(project: Any, edo: Any, lea: Any, with_token: TokenClient) -> None:
    ben = member(project, "ben", "annotator")
    sample = make_sample(reviewed(project, size=40), items=40, images=1)
    judge_all(sample, [ben], wrong_every=1_000_000)
    (package,) = packed(sample)
    review(package, edo, wrong=10)
    board = read(with_token(lea), "quality")
    assert board["threshold"] == 0.95
    (row,) = board["people"]
    assert (row["id"], row["experts"]["right"], row["experts"]["judged"]) == (ben.pk, 30, 40)
    assert row["experts"]["low"] < 0.75 < row["experts"]["high"] < 0.95
    assert row["gold"] == {"right": 0, "judged": 0, "share": None, "low": None, "high": None}
    assert row["concerns"] == ["errors", "package"]
    assert [(one["package"], one["accepted"]) for one in row["packages"]] == [(package.pk, False)]


def test_leads_see_how_far_people_agree(project: Any, lea: Any, with_token: TokenClient) -> None:
    crowd = people(project, 3)
    judge_all(make_sample(project, items=40, overlap=3, images=1), crowd, wrong_every=3)
    content = read(with_token(lea), "quality/agreement")
    (overlap,) = content["annotators"]
    assert (overlap["task_kind"], overlap["items"], overlap["alpha"]["value"]) == ("tag", 40, 1.0)
    assert [pair["kappa"]["value"] for pair in overlap["pairs"]] == [1.0] * 3
    assert {rate["name"] for rate in overlap["rates"]} == {person.username for person in crowd}
    assert content["experts"] == {
        "items": 0,
        "same": 0,
        "share": None,
        "low": None,
        "high": None,
        "kappa": None,
    }
    assert content["by_expert"] == []


def test_everyone_reads_their_own_pay_and_leads_everybodys(
    project: Any, ana: Any, lea: Any, with_token: TokenClient
) -> None:
    ben = people(project, 1)[0]
    items = items_of(make_sample(project, items=5))
    for item in items[:3]:
        judge(item, ana)
    release_items(project_id=project.pk, user_id=ana.pk)
    judge(items[3], ben)
    annotator, lead = with_token(ana), with_token(lea)
    own = read(annotator, "pay/me")
    assert [(one["verdicts"], Decimal(one["amount"])) for one in own["earned"]] == [(3, 3 * project.tag_rate)]
    seen, after = [], None
    while True:
        page = read(annotator, "pay/me/entries", limit=2, **({} if after is None else {"after": after}))
        seen += page["items"]
        after = page["next"]
        if after is None:
            break
    assert [one["at"] for one in seen] == sorted(one["at"] for one in seen)
    assert len({one["at"] for one in seen}) == 3
    assert {(one["event"], one["task_kind"], Decimal(one["amount"])) for one in seen} == {
        ("verdict", "tag", project.tag_rate)
    }
    all_of_it = read(lead, "pay")
    assert [(row["id"], row["verdicts"]) for row in all_of_it["people"]] == [(ana.pk, 3), (ben.pk, 1)]
    assert [(row["loop"], row["task_kind"], row["people"], row["verdicts"]) for row in all_of_it["loops"]] == [
        (1, "tag", 2, 4)
    ]
    theirs = check_answer(
        f"{BELOW}/pay/people/{{user_id}}/entries", "get", lead.get(f"{STREET}/pay/people/{ben.pk}/entries")
    )
    assert [one["entry"] for one in theirs["items"]] == [LedgerEntry.objects.get(annotator=ben).pk]
    assert lead.get(f"{STREET}/pay/people/{2**40}/entries").status_code == 404


def test_nobody_pages_through_somebody_elses_entries(project: Any, ana: Any, with_token: TokenClient) -> None:
    ben = people(project, 1)[0]
    first, second = items_of(make_sample(project, items=2))
    judge(first, ana)
    release_items(project_id=project.pk, user_id=ana.pk)
    judge(second, ben)
    bens = LedgerEntry.objects.get(annotator=ben)
    client = with_token(ana)
    for address in ("pay", f"pay/people/{ben.pk}/entries", f"pay/people/{ana.pk}/entries", "quality", "accuracy"):
        assert client.get(f"{STREET}/{address}").status_code == 403
    for query in ({"after": conceal(bens.pk, PAGE)}, {"after": bens.pk}, {"after": 2**60}, {"user_id": ben.pk}):
        assert client.get(f"{STREET}/pay/me/entries", query).status_code == 400, query
    (own,) = read(client, "pay/me/entries")["items"]
    assert "entry" not in own, "its number counts what everybody did"


def test_what_others_do_changes_no_answer_to_an_annotator(project: Any, ana: Any, with_token: TokenClient) -> None:
    sample = make_sample(project, items=4, overlap=2)
    items = items_of(sample)
    judge(items[0], ana)
    release_items(project_id=project.pk, user_id=ana.pk)
    client = with_token(ana)
    paths = ("", "/statistics/me", "/pay/me", "/pay/me/entries")
    before = [client.get(f"{STREET}{path}").content for path in paths]
    ben = people(project, 1)[0]
    judge(items[0], ben, "milk jug")
    judge(items[1], ben)
    assert [client.get(f"{STREET}{path}").content for path in paths] == before


def test_a_period_has_two_days_in_order(project: Any, ana: Any, with_token: TokenClient) -> None:
    judge(items_of(make_sample(project, items=1))[0], ana)
    client = with_token(ana)
    today = timezone.localdate()
    asked = {"first": (today - timedelta(days=1)).isoformat(), "last": today.isoformat()}
    assert read(client, "pay/me", **asked)["first"] == asked["first"]
    assert len(read(client, "pay/me/entries", **asked)["items"]) == 1
    assert read(client, "pay/me", first="2020-01-01", last="2020-01-31")["earned"] == []
    assert read(client, "pay/me/entries", first="2020-01-01", last="2020-01-31")["items"] == []
    for query in (
        {"first": "2026-11-02"},
        {"first": "2026-11-02", "last": "2026-11-01"},
        {"first": "1900-01-01", "last": "2026-01-01"},
        {"first": "x", "last": "y"},
    ):
        for address in ("pay/me", "pay/me/entries"):
            assert client.get(f"{STREET}/{address}", query).status_code == 400, query
