"""What annotators could learn of gold, of others' verdicts, and of reviews: from counts, from their own history, from
numbers in addresses, from what a request answers. Nothing (design §9)."""

import re
import uuid
from typing import Any

import pytest
from django.test import Client

from tests.factories import make_sample
from tests.verification.judgements import items_of, judge
from tests.verification.packages import disagreement, member, packed, reviewed, said
from verification.models import Comment, LateVerdict, Priority, SampleItem, Verdict
from verification.selectors import own_history
from verification.services.bulk_items import BulkAction, act_on_items
from verification.services.comments import add_comment
from verification.services.concealment import ITEM, SLOT, conceal
from verification.services.priorities import set_priority, set_sample_priority
from verification.services.queue import lease_items, release_items
from verification.services.reviews import rule_item, take_package
from webapp.accounts.models import User

pytestmark = pytest.mark.django_db

WORK, HISTORY = "/p/street/work/", "/p/street/work/history/"


@pytest.fixture
def as_ana(client: Client, ana: Any) -> Client:
    client.force_login(ana)
    return client


def words(client: Client, address: str) -> str:
    """A page without its form tokens, which are others each time, and without the keys of empty comment forms."""
    text = re.sub(r"[A-Za-z0-9]{64}", "", client.get(address).content.decode())
    return re.sub(r'name="key" value="[^"]*"', "", text)


def post(client: Client, address: str, sent: dict[str, Any]) -> Any:
    return client.post(f"{WORK}{address}", sent, content_type="application/json")


def submitted(client: Client, item: dict[str, Any], wrong: int) -> dict[str, Any]:
    sent = {
        "assignment": item["assignment"],
        "ticket": item["ticket"],
        "rejected": [tag["id"] for tag in item["tags"][:wrong]],
        "seconds": 3,
        "key": str(uuid.uuid4()),
        "want": 0,
    }
    answer = post(client, "tags/submit", sent)
    assert answer.status_code == 200
    return dict(answer.json())


def test_what_another_person_says_of_a_shared_item_changes_no_page(project: Any, ana: Any, as_ana: Client) -> None:
    sample = make_sample(project, items=4, overlap=2)
    items = items_of(sample)
    judge(items[0], ana)
    release_items(project_id=project.pk, user_id=ana.pk)
    ben = member(project, "ben", "annotator")
    pages = (WORK, HISTORY, "/p/street/work/feedback/", "/p/street/earnings/")
    before = [words(as_ana, page) for page in pages]
    judge(items[0], ben, "milk jug")
    judge(items[1], ben)
    release_items(project_id=project.pk, user_id=ben.pk)
    assert [words(as_ana, page) for page in pages] == before


def test_an_open_review_changes_no_page_of_those_it_is_about(project: Any, ana: Any, edo: Any, as_ana: Client) -> None:
    sample = make_sample(reviewed(project, size=2), items=3)
    for item in items_of(sample)[:2]:
        said(item, ana)
    (package,) = packed(sample)
    before = [words(as_ana, page) for page in (WORK, HISTORY, "/p/street/work/feedback/")]
    take_package(project_id=project.pk, user_id=edo.pk, package_id=package.pk)
    one = package.items.order_by("position")[0]
    rule_item(
        project_id=project.pk, user_id=edo.pk, package_id=package.pk, item_id=one.pk, mark=disagreement(one, note="No")
    )
    assert [words(as_ana, page) for page in (WORK, HISTORY, "/p/street/work/feedback/")] == before


def test_a_verdict_on_gold_is_answered_like_any_other_be_it_right_or_wrong(
    project: Any, ana: Any, as_ana: Client
) -> None:
    sample = make_sample(project, items=4)
    for item in items_of(sample)[1:3]:
        SampleItem.objects.filter(pk=item.pk).update(is_gold=True)
    items = post(as_ana, "tags/lease", {"want": 4}).json()["items"]
    answers = [submitted(as_ana, item, wrong) for item, wrong in zip(items, (0, 0, 5, 5), strict=True)]
    assert len({str(answer) for answer in answers}) == 1


def test_own_history_is_the_same_after_the_lead_asked_again_and_others_answered(
    project: Any, ana: Any, lea: Any, as_ana: Client
) -> None:
    sample = make_sample(project, items=3)
    items = items_of(sample)
    judge(items[0], ana)
    release_items(project_id=project.pk, user_id=ana.pk)
    key = Verdict.objects.get().key
    pages = (HISTORY, f"{HISTORY}{key}/")
    before = [words(as_ana, page) for page in pages]
    act_on_items(project_id=project.pk, user_id=lea.pk, action=BulkAction.REQUEUE, item_ids=[items[0].pk])
    ben = member(project, "ben-other", "annotator")
    judge(items[0], ben, "milk jug")
    assert [words(as_ana, page) for page in pages] == before
    assert "ben-other" not in words(as_ana, pages[1])


def test_nobody_sees_what_is_urgent_nor_how_often_an_item_was_skipped(
    project: Any, ana: Any, lea: Any, as_ana: Client
) -> None:
    sample = make_sample(project, items=3)
    items = items_of(sample)
    plain = post(as_ana, "tags/lease", {"want": 3}).json()["items"]
    release_items(project_id=project.pk, user_id=ana.pk)
    before = words(as_ana, WORK)
    set_priority(project_id=project.pk, user_id=lea.pk, item_ids=[items[2].pk], priority=Priority.URGENT)
    set_sample_priority(project_id=project.pk, user_id=lea.pk, sample_id=sample.pk, priority=Priority.LATER)
    assert words(as_ana, WORK) == before
    sent = post(as_ana, "tags/lease", {"want": 3}).json()["items"]
    assert {tuple(item) for item in sent} == {tuple(item) for item in plain}
    assert not {"priority", "skips", "round", "rank", "state"} & set(sent[0])


def test_a_thread_names_roles_and_never_people(project: Any, ana: Any, edo: Any, lea: Any, as_ana: Client) -> None:
    item = items_of(make_sample(project, items=1))[0]
    judge(item, ana)
    User.objects.filter(pk=lea.pk).update(first_name="Leandra", last_name="Secret")
    for is_lead, writer in ((True, lea), (False, ana)):
        add_comment(
            project_id=project.pk,
            item_id=item.pk,
            annotator_id=ana.pk,
            writer_id=writer.pk,
            is_lead=is_lead,
            text="Look at the handle.",
            key=uuid.uuid4(),
        )
    assert Comment.objects.count() == 2
    page = words(as_ana, f"{HISTORY}{Verdict.objects.get().key}/")
    assert page.count("Look at the handle.") == 2
    for secret in ("Leandra", "Secret", "lea@example.org", ">lea<"):
        assert secret not in page


def test_numbers_that_count_what_all_people_did_leave_the_house_concealed(
    project: Any, ana: Any, as_ana: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_history, "LOOKED_AT", 3)
    sample = make_sample(project, items=8)
    items = items_of(sample)
    for item in items[:3]:
        judge(item, ana)
    sent = post(as_ana, "tags/lease", {"want": 8}).json()["items"]
    numbers = {item.pk for item in items}
    assert all(item["item"] not in numbers for item in sent)
    assert {item["item"] for item in sent} == {conceal(item.pk, ITEM) for item in items[3:]}
    assert not {item["assignment"] for item in sent} & set(numbers)
    page = as_ana.get(HISTORY).content.decode()
    for verdict in Verdict.objects.all():
        assert f"before={verdict.pk}" not in page
        assert f"/{verdict.pk}/" not in page
    assert as_ana.get(HISTORY, {"before": 2**60}).status_code == 400
    assert as_ana.get(HISTORY, {"before": conceal(2**40, SLOT)}).status_code == 200, "no page of anybody's"


def test_a_page_key_leads_on_through_the_own_history(project: Any, ana: Any, as_ana: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr(own_history, "PAGE", 2)
    monkeypatch.setattr(own_history, "_UNPACKED", own_history._UNPACKED.replace("LIMIT 25", "LIMIT 3"))
    for item in items_of(make_sample(project, items=5)):
        judge(item, ana)
    seen: list[int] = []
    address: str | None = HISTORY
    while address:
        page = as_ana.get(address)
        seen += [row.own.verdict_id for row in page.context["rows"]]
        before = page.context["before"]
        assert before not in set(Verdict.objects.values_list("pk", flat=True))
        address = f"{HISTORY}?before={before}" if before else None
    assert seen == sorted(Verdict.objects.values_list("pk", flat=True), reverse=True)


def test_a_late_verdict_keeps_that_the_box_is_bad(project: Any, ana: Any, edo: Any, as_ana: Client) -> None:
    from datetime import timedelta

    from django.utils import timezone

    from verification.models import Assignment

    make_sample(project, items=1)
    (item,) = post(as_ana, "tags/lease", {"want": 1}).json()["items"]
    Assignment.objects.update(leased_until=timezone.now() - timedelta(hours=1))
    ben = member(project, "ben", "annotator")
    assert len(lease_items(project_id=project.pk, user_id=ben.pk, count=1)) == 1
    sent = {
        "assignment": item["assignment"],
        "ticket": item["ticket"],
        "rejected": [],
        "bad_box": True,
        "seconds": 3,
        "key": str(uuid.uuid4()),
        "want": 0,
    }
    assert post(as_ana, "tags/submit", sent).status_code == 409
    assert LateVerdict.objects.get().is_bad_box
