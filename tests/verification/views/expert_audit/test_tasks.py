"""What the audit's endpoints tell an expert, and what they never tell."""

import uuid
from typing import Any

import orjson
import pytest
from django.test import Client

from tests.verification.services.annotated import annotated_loop
from verification.models import AuditSlot
from verification.services.audit_draws import draw_audit

pytestmark = pytest.mark.django_db


@pytest.fixture
def expert(client: Client, edo: Any) -> Client:
    client.force_login(edo)
    return client


def post(client: Client, name: str, **content: Any) -> Any:
    return client.post(
        f"/p/street/audit/{name}",
        orjson.dumps({"want": 2, "have": [], **content}),
        content_type="application/json",
        headers={"accept": "application/json"},
    )


def test_an_item_is_a_photo_a_box_and_words_and_nothing_else(expert: Client, project: Any) -> None:
    draw_audit(loop=annotated_loop(project, {"cup": 3}))
    content = post(expert, "lease").json()
    assert (len(content["items"]), content["done"], content["waiting"], content["more"]) == (2, 0, 1, False)
    for item in content["items"]:
        assert set(item) == {"slot", "kind", "image", "box", "tags", "question", "answer"}
        assert set(item["image"]) == {"src", "width", "height", "luma"}
        assert all(set(tag) == {"id", "text"} for tag in item["tags"])
        assert sorted(tag["text"] for tag in item["tags"]) == ["cup", "thing"]


def test_items_that_the_page_has_are_not_sent_again(expert: Client, project: Any) -> None:
    draw_audit(loop=annotated_loop(project, {"cup": 3}))
    slots = [item["slot"] for item in post(expert, "lease").json()["items"]]
    again = post(expert, "lease", have=slots).json()
    assert (again["items"], again["held"]) == ([], slots)


def test_a_judgement_brings_the_next_item(expert: Client, project: Any) -> None:
    draw_audit(loop=annotated_loop(project, {"cup": 3}), overlap_share=0)
    first, second = post(expert, "lease").json()["items"]
    right = [first["tags"][0]["id"]]
    sent = {"slot": first["slot"], "key": str(uuid.uuid4()), "choice": "judged", "right": right, "seconds": 2.5}
    answer = post(expert, "judge", have=[second["slot"]], **sent).json()
    assert (len(answer["items"]), answer["done"], answer["repeated"]) == (1, 1, False)
    assert post(expert, "judge", **sent).json()["repeated"]
    assert AuditSlot.objects.get(pk=first["slot"]).right_ids == right
    assert post(expert, "undo", slot=first["slot"]).json()["taken_back"]
    assert AuditSlot.objects.get(pk=first["slot"]).state == "leased"
    assert post(expert, "release").json() == {"released": 3}


@pytest.mark.parametrize(
    "extra", [{"choice": "maybe"}, {"expert": 1}, {"seconds": "NaN"}, {"right": ["x"]}, {"key": "1"}, {"want": 1000}]
)
def test_anything_else_is_refused(expert: Client, project: Any, extra: dict[str, Any]) -> None:
    draw_audit(loop=annotated_loop(project, {"cup": 3}))
    (first, _) = post(expert, "lease").json()["items"]
    sent = {"slot": first["slot"], "key": str(uuid.uuid4()), "choice": "judged", "right": []}
    assert post(expert, "judge", **(sent | extra)).status_code == 400
    assert not AuditSlot.objects.filter(state="done").exists()


def test_the_page_itself_leases_nothing(expert: Client, project: Any) -> None:
    draw_audit(loop=annotated_loop(project, {"cup": 3}))
    assert expert.get("/p/street/audit/").status_code == 200
    assert not AuditSlot.objects.exclude(state="open").exists()
