import json
import uuid
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.factories import make_sample
from verification.models import Assignment, SampleItem, Skip, Verdict
from verification.services.concealment import SLOT, reveal
from webapp.projects.models import Membership, Project

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_ana(client: Client, ana: Any) -> Client:
    client.force_login(ana)
    return client


def post(client: Client, action: str, content: Any, *, slug: str = "street", **headers: str) -> Any:
    body = content if isinstance(content, str) else json.dumps(content)
    return client.post(
        f"/p/{slug}/work/{action}", body, "application/json", headers={"Accept": "application/json", **headers}
    )


def leased(client: Client, want: int = 3) -> list[dict[str, Any]]:
    answer = post(client, "tags/lease", {"want": want})
    assert answer.status_code == 200, answer.content
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def verdict(item: dict[str, Any], wrong: int = 2, **more: Any) -> dict[str, Any]:
    return {
        "assignment": item["assignment"],
        "ticket": item["ticket"],
        "rejected": [tag["id"] for tag in item["tags"][:wrong]],
        "seconds": 3.5,
        "key": str(uuid.uuid4()),
        **more,
    }


def test_an_annotator_gets_photo_box_and_words_and_nothing_that_sways(project: Project, as_ana: Client) -> None:
    make_sample(project)
    first = leased(as_ana)[0]
    assert set(first) == {"assignment", "item", "ticket", "image", "box", "tags"}
    assert set(first["image"]) == {"src", "width", "height", "luma"}
    assert all(set(tag) == {"id", "text"} for tag in first["tags"])
    assert first["image"]["src"].startswith("/p/street/images/")


def test_a_reloaded_page_gets_the_same_items_and_its_past(project: Project, as_ana: Client) -> None:
    make_sample(project)
    items = leased(as_ana)
    sent = verdict(items[0])
    assert post(as_ana, "tags/submit", sent).status_code == 200
    answer = post(as_ana, "tags/lease", {"want": 2}).json()
    assert [item["assignment"] for item in answer["items"]] == [item["assignment"] for item in items[1:]]
    (past,) = answer["past"]
    assert (past["key"], past["rejected"]) == (sent["key"], sorted(sent["rejected"]))
    assert answer["stint"] == {"done": 1, "size": 5}


def test_items_the_browser_has_are_named_but_not_sent_again(project: Project, as_ana: Client) -> None:
    make_sample(project)
    held = [item["assignment"] for item in leased(as_ana)]
    answer = post(as_ana, "tags/lease", {"want": 3, "have": held}).json()
    assert (answer["items"], answer["held"]) == ([], held)


def test_a_verdict_brings_the_next_item_with_it(project: Project, as_ana: Client) -> None:
    make_sample(project)
    items = leased(as_ana)
    answer = post(as_ana, "tags/submit", verdict(items[0], want=1)).json()
    assert len(answer["items"]) == 1
    assert answer["items"][0]["assignment"] not in {item["assignment"] for item in items}
    assert Verdict.objects.get().rejected_ids == sorted(tag["id"] for tag in items[0]["tags"][:2])


@pytest.mark.django_db(transaction=True)
def test_the_hot_request_runs_three_statements(
    project: Project, as_ana: Client, django_assert_max_num_queries: Any
) -> None:
    """User, project with roles, verdict and next item. Sessions come from the cache."""
    make_sample(project)
    items = leased(as_ana)
    with django_assert_max_num_queries(3):
        post(as_ana, "tags/submit", verdict(items[0], want=1))


def test_a_repeated_verdict_is_answered_the_same_and_a_second_one_refused(project: Project, as_ana: Client) -> None:
    make_sample(project)
    (item,) = leased(as_ana, 1)
    sent = verdict(item)
    assert [post(as_ana, "tags/submit", sent).json()["repeated"] for _sent in range(2)] == [False, True]
    refused = post(as_ana, "tags/submit", verdict(item))
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "already_done")


def test_a_lost_lease_says_so(project: Project, as_ana: Client, edo: Any) -> None:
    from verification.services.queue import lease_items

    make_sample(project, items=1)
    (item,) = leased(as_ana, 1)
    Assignment.objects.update(leased_until=timezone.now() - timezone.timedelta(hours=1))
    assert lease_items(project_id=project.pk, user_id=edo.pk, count=1)
    refused = post(as_ana, "tags/submit", verdict(item))
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "lease_lost")


def test_undo_and_submit_again(project: Project, as_ana: Client) -> None:
    make_sample(project)
    (item,) = leased(as_ana, 1)
    sent = verdict(item)
    post(as_ana, "tags/submit", sent)
    assert post(as_ana, "tags/undo", {"verdict": sent["key"], "key": str(uuid.uuid4())}).status_code == 200
    assert post(as_ana, "tags/submit", verdict(item, wrong=0)).status_code == 200
    assert Assignment.objects.get(pk=reveal(item["assignment"], SLOT)).verdict.rejected_ids == []


def test_skip_and_release(project: Project, as_ana: Client) -> None:
    make_sample(project)
    items = leased(as_ana)
    answer = post(as_ana, "tags/skip", {"assignment": items[0]["assignment"], "reason": "unsure", "want": 1})
    assert len(answer.json()["items"]) == 1
    assert Skip.objects.count() == 1
    left = [item["assignment"] for item in items[1:]]
    assert post(as_ana, "tags/release", {"assignments": left}).json() == {"released": 2}


def test_a_paused_project_hands_out_nothing_and_says_since_when(project: Project, as_ana: Client) -> None:
    make_sample(project)
    items = leased(as_ana, 1)
    project.paused_at = timezone.now()
    project.save()
    assert post(as_ana, "tags/lease", {"want": 3}).json()["items"] == []
    answer = post(as_ana, "tags/submit", verdict(items[0], want=1)).json()
    assert answer["items"] == []
    assert answer["paused"]["at"] == timezone.localtime(project.paused_at).strftime("%H:%M")


def test_the_shortcut_switch_is_kept_with_the_account(project: Project, as_ana: Client, ana: Any) -> None:
    assert post(as_ana, "shortcuts", {"enabled": False}).json() == {"enabled": False}
    ana.refresh_from_db()
    assert not ana.single_key_shortcuts


@pytest.mark.parametrize(
    ("action", "content"),
    [
        ("tags/lease", "{"),
        ("tags/lease", {"want": 10**6}),
        ("tags/lease", {"want": 1, "user": 3}),
        ("tags/submit", {"assignment": "x"}),
        ("tags/submit", {"assignment": 1, "rejected": [], "key": "no key"}),
        (
            "tags/submit",
            '{"assignment": 1, "rejected": [], "seconds": NaN, "key": "00000000-0000-4000-8000-000000000000"}',
        ),
        ("tags/submit", {"assignment": 2**70, "rejected": [], "key": str(uuid.uuid4())}),
        ("tags/skip", {"assignment": 1, "reason": "x" * 100}),
        ("tags/undo", []),
        ("tags/release", {"assignments": ["a"]}),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(project: Project, as_ana: Client, action: str, content: Any) -> None:
    answer = post(as_ana, action, content)
    assert answer.status_code == 400, answer.content
    assert "Load the page again" in answer.json()["error"]["message"]


ACTIONS = ("tags/lease", "tags/submit", "tags/undo", "tags/skip", "tags/release", "shortcuts")


@pytest.mark.parametrize("action", ACTIONS)
def test_signed_out_is_401_for_the_script(project: Project, client: Client, action: str) -> None:
    answer = post(client, action, {})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "signed_out")


@pytest.mark.parametrize("action", ACTIONS)
def test_only_annotators_of_the_project_work(
    project: Project, client: Client, action: str, edo: Any, lea: Any, cleo: Any, otto: Any, admin: Any
) -> None:
    for person, status in ((edo, 403), (lea, 403), (cleo, 403), (admin, 403), (otto, 404)):
        client.force_login(person)
        assert post(client, action, {}).status_code == status, person


@pytest.mark.parametrize("action", ACTIONS)
def test_only_post_and_only_with_the_csrf_token(project: Project, ana: Any, action: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ana)
    assert client.get(f"/p/street/work/{action}").status_code == 405
    assert post(client, action, {}).status_code == 403


def test_another_accounts_page_sends_nothing(project: Project, as_ana: Client, edo: Any) -> None:
    make_sample(project)
    (item,) = leased(as_ana, 1)
    answer = post(as_ana, "tags/submit", verdict(item), **{"X-Argus-Account": str(edo.pk)})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "other_account")
    assert not Verdict.objects.exists()


def test_items_of_another_project_are_out_of_reach(project: Project, as_ana: Client, ana: Any) -> None:
    other = Project.objects.create(name="Other", slug="other")
    Membership.objects.create(project=other, user=ana, role="annotator")
    make_sample(project)
    (item,) = leased(as_ana, 1)
    assert post(as_ana, "tags/submit", verdict(item), slug="other").status_code == 404
    assert (
        post(as_ana, "tags/skip", {"assignment": item["assignment"], "reason": "unsure"}, slug="other").status_code
        == 404
    )
    assert post(as_ana, "tags/release", {"assignments": [item["assignment"]]}, slug="other").json() == {"released": 0}


def test_markup_in_tags_arrives_as_text(project: Project, as_ana: Client) -> None:
    make_sample(project, items=1, tags=1)
    item = SampleItem.objects.get()
    item.shown["tags"][0]["text"] = "</script><b>bold</b> \u202eevil"
    item.save()
    assert leased(as_ana)[0]["tags"][0]["text"] == "</script><b>bold</b> \u202eevil"
