"""Annotators' and experts' work by API: what they may see, what they decide, and how much they may take."""

import uuid
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from tests.api.conftest import TokenClient
from tests.api.schemas import check_answer
from tests.factories import make_sample
from tests.verification.packages import judged_sample, packed, reviewed
from verification.models import ReviewPackage, Ruling, Verdict
from verification.services.concealment import SLOT, reveal

pytestmark = pytest.mark.django_db

WORK = "/api/v1/projects/street/work/tags"
PACKAGES = "/api/v1/projects/street/packages"
PRIVATE = ("score", "gold", "role_mask", "probability", "author", "annotator", "reason", "expert")


def send(client: Client, address: str, content: Any = None) -> Any:
    return client.post(address, content or {}, content_type="application/json")


def lease(client: Client, want: int = 5) -> Any:
    return send(client, f"{WORK}/lease", {"want": want})


def verdict(item: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"assignment": item["assignment"], "ticket": item["ticket"], "key": str(uuid.uuid4()), "seconds": 3, **more}


def test_an_item_shows_photo_box_and_words_and_nothing_that_sways(
    project: Any, ana: Any, with_token: TokenClient
) -> None:
    make_sample(project, items=3)
    answer = lease(with_token(ana))
    items = check_answer("projects/{slug}/work/{kind}/lease", "post", answer)["items"]
    assert len(items) == 3
    assert not any(word in answer.content.decode() for word in PRIVATE)
    photo = with_token(ana).get(items[0]["image"]["url"])
    assert photo.getvalue()[8:12] == b"WEBP"


def test_a_verdict_brings_the_next_item_and_counts_once(project: Any, ana: Any, with_token: TokenClient) -> None:
    make_sample(project, items=3)
    client = with_token(ana)
    item = lease(client, 1).json()["items"][0]
    sent = verdict(item, rejected=[item["tags"][0]["id"]], want=1)
    first = check_answer("projects/{slug}/work/{kind}/submit", "post", send(client, f"{WORK}/submit", sent))
    assert (first["repeated"], len(first["items"])) == (False, 1)
    assert send(client, f"{WORK}/submit", sent).json()["repeated"] is True
    assert Verdict.objects.filter(annotator=ana).count() == 1
    undone = send(client, f"{WORK}/undo", {"verdict": sent["key"], "key": str(uuid.uuid4())})
    assert undone.json() == {"repeated": False}


@pytest.mark.parametrize(
    "extra", [{"annotator": 1}, {"user_id": 1}, {"project": 1}, {"amount": 99}, {"rate": 5}, {"is_gold": True}]
)
def test_no_extra_field_reaches_a_service(project: Any, ana: Any, with_token: TokenClient, extra: Any) -> None:
    make_sample(project, items=1)
    client = with_token(ana)
    item = lease(client, 1).json()["items"][0]
    refused = send(client, f"{WORK}/submit", verdict(item, **extra))
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "bad_input")
    assert list(refused.json()["error"]["fields"]) == list(extra)
    assert not Verdict.objects.exists()


def test_a_lost_lease_says_so(project: Any, ana: Any, edo: Any, with_token: TokenClient) -> None:
    from verification.models import Assignment

    make_sample(project, items=1)
    client = with_token(ana)
    item = lease(client, 1).json()["items"][0]
    Assignment.objects.filter(pk=reveal(item["assignment"], SLOT)).update(annotator=edo)
    refused = send(client, f"{WORK}/submit", verdict(item))
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "lease_lost")


def test_another_kind_of_work_has_its_own_queue(project: Any, ana: Any, with_token: TokenClient) -> None:
    make_sample(project, items=2)
    client = with_token(ana)
    for kind in ("questions", "answers"):
        assert send(client, f"/api/v1/projects/street/work/{kind}/lease").json()["items"] == []
    assert send(client, "/api/v1/projects/street/work/gold/lease").status_code == 404


def test_taking_items_without_judging_them_ends_with_a_clear_refusal(
    project: Any, ana: Any, edo: Any, with_token: TokenClient, settings: Any
) -> None:
    """Lease, give back, lease: somebody copies the corpus. By the page it is no different."""
    settings.ARGUS_UNJUDGED_PER_HOUR = 10
    make_sample(project, items=60)
    client = with_token(ana)
    answers = []
    for _ in range(6):
        answers.append(lease(client, 5))
        send(client, f"{WORK}/release", {})
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused, "an hour may turn once in between, not six times"
    error = refused[0].json()["error"]
    assert error["code"] == "lease_quota"
    assert "judged" in error["message"]
    assert int(refused[0]["Retry-After"]) >= 1
    page = Client()
    page.force_login(ana)
    assert send(page, "/p/street/work/tags/lease", {"want": 5}).status_code == 429
    cache.clear()
    assert lease(client, 5).status_code == 200


def test_who_judges_may_take_as_much_as_they_can_do(
    project: Any, ana: Any, with_token: TokenClient, settings: Any
) -> None:
    settings.ARGUS_UNJUDGED_PER_HOUR = 6
    make_sample(project, items=40)
    client = with_token(ana)
    for _ in range(30):
        items = lease(client, 3).json()["items"]  # topped up: those held already come again and are not counted again
        assert send(client, f"{WORK}/submit", verdict(items[0])).status_code == 200
    assert Verdict.objects.filter(annotator=ana).count() == 30


def test_an_expert_takes_rules_and_closes_a_package(project: Any, ana: Any, edo: Any, with_token: TokenClient) -> None:
    (package,) = packed(judged_sample(reviewed(project, size=5), ana, items=5))
    client = with_token(edo)
    desk = check_answer("projects/{slug}/packages", "get", client.get(PACKAGES))
    assert [row["id"] for row in desk["waiting"]] == [package.pk]
    taken = check_answer("projects/{slug}/packages/take", "post", send(client, f"{PACKAGES}/take"))
    assert len(taken["items"]) == 5
    assert "ana" not in str(taken)
    address = f"{PACKAGES}/{package.pk}"
    early = send(client, f"{address}/close")
    assert (early.status_code, early.json()["error"]["code"]) == (409, "not_ruled")
    for item in taken["items"]:
        ruled = send(client, f"{address}/rule", {"item": item["id"], "agrees": True})
        check_answer("projects/{slug}/packages/{package_id}/rule", "post", ruled)
    outcome = check_answer("projects/{slug}/packages/{package_id}/close", "post", send(client, f"{address}/close"))
    assert outcome == {"state": "accepted", "right": 5, "judged": 5, "repeated": False}
    assert send(client, f"{address}/close").json()["repeated"] is True


def test_an_expert_never_gets_a_package_with_work_of_their_own(project: Any, edo: Any, with_token: TokenClient) -> None:
    from webapp.projects.models import Membership

    Membership.objects.create(project=project, user=edo, role="annotator")
    (package,) = packed(judged_sample(reviewed(project, size=5), edo, items=5))
    client = with_token(edo)
    assert client.get(PACKAGES).json()["waiting"] == []
    for content in ({}, {"package": package.pk}):
        assert send(client, f"{PACKAGES}/take", content).status_code == 409
    assert client.get(f"{PACKAGES}/{package.pk}").status_code == 404
    assert send(client, f"{PACKAGES}/{package.pk}/rule", {"item": 1, "agrees": True}).status_code in (404, 409)
    assert ReviewPackage.objects.get(pk=package.pk).expert_id is None
    assert not Ruling.objects.exists()


def test_lists_are_paged_by_key_and_take_no_unknown_names(
    project: Any, lea: Any, cleo: Any, with_token: TokenClient
) -> None:
    from verification.models import Export

    Export.objects.bulk_create(Export(project=project, kind="tags") for _ in range(7))
    client, seen, after = with_token(cleo), [], None
    while True:
        page = client.get("/api/v1/projects/street/exports", {"limit": 3} | ({"after": after} if after else {})).json()
        seen += [row["id"] for row in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == 7
    for name in ("ordering", "created_by__password", "project", "fields", "project__tag_rate"):
        refused = client.get("/api/v1/projects/street/exports", {name: "x"})
        assert (refused.status_code, list(refused.json()["error"]["fields"])) == (400, [name])
    for value in ("0' OR 1=1", "-1", "1e9", "99999999999999999999"):
        assert client.get("/api/v1/projects/street/exports", {"after": value}).status_code == 400


@pytest.mark.parametrize("body", ["{", "[]", '"x"', "null", b"\xff\xfe"])
def test_what_is_no_json_object_is_refused_in_the_one_shape(
    project: Any, ana: Any, with_token: TokenClient, body: Any
) -> None:
    answer = with_token(ana).post(f"{WORK}/lease", body, content_type="application/json")
    assert answer.status_code == 400
    assert set(answer.json()["error"]) == {"code", "message", "fields", "reference"}


def test_forms_are_not_read(project: Any, ana: Any, with_token: TokenClient) -> None:
    answer = with_token(ana).post(f"{WORK}/lease", {"want": "5"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "unsupported_media_type")
