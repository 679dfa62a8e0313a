"""The endpoints of the QA check and of the written answer; what all kinds share is tested with the tag task's."""

import uuid
from typing import Any

import pytest
from django.test import Client

from tests.factories import make_sample
from tests.verification.judgements import items_of
from tests.verification.questions import check, make_question_sample
from tests.verification.services.crowds import people
from tests.verification.views.annotator.test_items import post
from verification.models import Hotkeys, SampleItem, Verdict, Wording

pytestmark = pytest.mark.django_db


@pytest.fixture
def items(project: Any) -> list[SampleItem]:
    return items_of(make_question_sample(make_sample(project, items=2)))


@pytest.fixture
def as_ana(client: Client, ana: Any) -> Client:
    client.force_login(ana)
    return client


def leased(client: Client, folder: str = "questions") -> dict[str, Any]:
    answer = post(client, f"{folder}/lease", {"want": 1})
    assert answer.status_code == 200, answer.content
    item: dict[str, Any] = answer.json()["items"][0]
    return item


def verdict(item: dict[str, Any], **said: Any) -> dict[str, Any]:
    return {"assignment": item["assignment"], "ticket": item["ticket"], "key": str(uuid.uuid4()), "seconds": 2, **said}


def test_an_annotator_gets_the_pair_and_nothing_that_sways(items: list[SampleItem], as_ana: Client) -> None:
    item = leased(as_ana)
    assert set(item) == {
        "assignment",
        "item",
        "ticket",
        "image",
        "box",
        "tag",
        "tag_id",
        "question",
        "answer",
        "others",
    }
    assert (item["tag"], item["answer"]) == ("milk jug", "The milk jug is red.")


@pytest.mark.django_db(transaction=True)
def test_the_hot_request_of_a_check_runs_three_statements(
    items: list[SampleItem], as_ana: Client, django_assert_max_num_queries: Any
) -> None:
    """User, project with roles, verdict and next item, as in the tag task."""
    item = leased(as_ana)
    with django_assert_max_num_queries(3):
        answer = post(as_ana, "questions/submit", verdict(item, choice="correct", want=1))
    assert len(answer.json()["items"]) == 1


def test_a_choice_comes_back_with_the_past(items: list[SampleItem], as_ana: Client) -> None:
    sent = verdict(leased(as_ana), choice="unanswerable")
    assert post(as_ana, "questions/submit", sent).json()["repeated"] is False
    (past,) = post(as_ana, "questions/lease", {"want": 1}).json()["past"]
    assert (past["key"], past["choice"], past["question"]) == (sent["key"], "unanswerable", items[0].shown["question"])


def test_an_answer_is_recorded_with_its_words_and_a_bad_one_refused_in_words(
    project: Any, items: list[SampleItem], as_ana: Client
) -> None:
    (ben,) = people(project, 1)
    check(items[0], ben, "wrong_answer")
    item = leased(as_ana, "answers")
    refused = post(as_ana, "answers/submit", verdict(item, text="  "))
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "bad_answer")
    assert post(as_ana, "answers/submit", verdict(item, text="It is blue.")).status_code == 200
    assert Wording.objects.get().text == "It is blue."
    (past,) = post(as_ana, "answers/lease", {"want": 1}).json()["past"]
    assert past["text"] == "It is blue."


@pytest.mark.parametrize(
    ("folder", "said"),
    [
        ("questions", {"rejected": [1]}),
        ("questions", {"choice": "correct", "text": "x"}),
        ("questions", {"choice": "maybe"}),
        ("answers", {"text": "x" * 2001}),
        ("answers", {"text": "It is blue.", "choice": "unanswerable"}),
        ("answers", {"choice": "correct"}),
    ],
)
def test_what_does_not_belong_to_the_kind_is_refused(
    items: list[SampleItem], as_ana: Client, folder: str, said: dict[str, Any]
) -> None:
    item = leased(as_ana)
    assert post(as_ana, f"{folder}/submit", verdict(item, **said)).status_code == 400
    assert not Verdict.objects.exists()


def test_an_item_is_not_taken_through_the_address_of_another_kind(items: list[SampleItem], as_ana: Client) -> None:
    item = leased(as_ana)
    assert post(as_ana, "tags/submit", verdict(item, rejected=[])).status_code == 404
    assert post(as_ana, "answers/submit", verdict(item, choice="unanswerable")).status_code == 404


def test_own_keys_are_kept_with_the_account(project: Any, as_ana: Client, ana: Any) -> None:
    assert post(as_ana, "keys", {"keys": {"1": "Q"}}).json() == {"keys": {"1": "q"}}
    assert Hotkeys.objects.get().user == ana
    assert post(as_ana, "keys", {"keys": {"1": "2"}}).status_code == 400
    assert post(as_ana, "keys", {"keys": {"1": "q"}, "user": 1}).status_code == 400
