"""Audits by API: experts judge blind, leads draw, watch and close them, and read what they say."""

import uuid
from typing import Any

import pytest
from django.test import Client

from tests.api.conftest import TokenClient
from tests.api.schemas import check_answer
from tests.verification.audits import judge_audit
from tests.verification.packages import member
from tests.verification.services.annotated import annotated_loop
from verification.models import Audit, AuditSlot
from verification.services.audit_draws import draw_audit, draw_requested_audit

pytestmark = pytest.mark.django_db

STREET = "/api/v1/projects/street"
BELOW = "projects/{slug}"
SECRET = ("claim", "score", "mask", "band", "probability", "producer", "rank", "position", "expert")


def send(client: Client, address: str, content: Any = None) -> Any:
    return client.post(f"{STREET}/{address}", content or {}, content_type="application/json")


def test_an_expert_judges_blind_and_takes_back(project: Any, edo: Any, with_token: TokenClient) -> None:
    draw_audit(loop=annotated_loop(project, {"cup": 6}), size=6, seed=1)
    expert = with_token(edo)
    given = send(expert, "audits/lease", {"want": 2})
    first, second = check_answer(f"{BELOW}/audits/lease", "post", given)["items"]
    assert not any(word in given.content.decode() for word in SECRET)
    assert {tag["text"] for tag in first["tags"]} == {"cup", "thing"}
    assert send(expert, "audits/lease", {"want": 2}).json()["items"] == [first, second]
    cup = next(tag["id"] for tag in first["tags"] if tag["text"] == "cup")
    sent = {"slot": first["slot"], "key": str(uuid.uuid4()), "choice": "judged", "right": [cup], "want": 2}
    told = check_answer(f"{BELOW}/audits/judge", "post", send(expert, "audits/judge", sent))
    assert (told["repeated"], told["done"], len(told["items"])) == (False, 1, 2)
    assert send(expert, "audits/judge", sent).json()["repeated"] is True
    assert AuditSlot.objects.get(state="done").right_ids == [cup]
    taken = check_answer(f"{BELOW}/audits/undo", "post", send(expert, "audits/undo", {"slot": first["slot"]}))
    assert taken == {"taken_back": True}
    released = check_answer(f"{BELOW}/audits/release", "post", send(expert, "audits/release"))
    assert released == {"released": 3}
    refused = send(expert, "audits/judge", {**sent, "key": str(uuid.uuid4())})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "lease_lost")


@pytest.mark.parametrize("extra", [{"expert": 1}, {"claim": True}, {"audit": 1}])
def test_no_extra_field_reaches_a_judgement(project: Any, edo: Any, with_token: TokenClient, extra: Any) -> None:
    draw_audit(loop=annotated_loop(project, {"cup": 2}), size=2, seed=1)
    expert = with_token(edo)
    (item,) = send(expert, "audits/lease", {"want": 1}).json()["items"]
    sent = {"slot": item["slot"], "key": str(uuid.uuid4()), "choice": "unclear", **extra}
    refused = send(expert, "audits/judge", sent)
    assert (refused.status_code, list(refused.json()["error"]["fields"])) == (400, list(extra))
    assert not AuditSlot.objects.filter(state="done").exists()


def test_a_lead_draws_an_audit_reads_its_figures_and_closes_it(
    project: Any, edo: Any, lea: Any, with_token: TokenClient
) -> None:
    annotated_loop(project, {"cup": 60, "table": 20})
    lead, other = with_token(lea), member(project, "ella", "expert")
    wanted = {"size": 40, "overlap_share": 1.0}
    asked = check_answer(f"{BELOW}/loops/{{loop_number}}/audits", "post", send(lead, "loops/0/audits", wanted))
    assert (asked["state"], asked["items"]) == ("drawing", 0)
    draw_requested_audit(asked["id"])
    drawn = check_answer(f"{BELOW}/audits/{{audit_id}}", "get", lead.get(f"{STREET}/audits/{asked['id']}"))
    assert (drawn["items"], drawn["slots"], drawn["judged"], drawn["loop"]) == (40, 80, 0, 0)
    assert (drawn["state"], drawn["id"]) == ("open", send(lead, "loops/0/audits", wanted).json()["id"])
    audit = Audit.objects.get()
    judge_audit(audit, edo, right="place = 1")
    judge_audit(audit, other, right="place = 1", slot=1)
    found = check_answer(f"{BELOW}/loops/{{loop_number}}/audits", "get", lead.get(f"{STREET}/loops/0/audits"))
    (figures,) = found["audits"]
    assert (figures["first"]["value"], figures["first"]["high"], figures["first"]["items"]) == (1.0, 1.0, 40)
    assert 0.9 < figures["first"]["low"] < 1.0
    assert figures["candidates"]["value"] == 0.5
    assert (figures["agreement"]["items"], figures["agreement"]["share"]) == (40, 1.0)
    assert [(cell["proposed_by"], cell["size"], cell["items"]) for cell in figures["by_size"]] == [
        ("spotter", "small", 40)
    ]
    assert {cell["band"] for cell in figures["by_band"]} == {1}
    (row,) = check_answer(f"{BELOW}/accuracy", "get", lead.get(f"{STREET}/accuracy"))["items"]
    assert (row["loop"], row["tags"]["value"], row["tags"]["items"], row["qa"]) == (0, 1.0, 40, None)
    closed = send(lead, f"audits/{audit.pk}/close")
    assert check_answer(f"{BELOW}/audits/{{audit_id}}/close", "post", closed) == {"closed": True}
    assert send(lead, f"audits/{audit.pk}/close").json() == {"closed": False}
    listed = check_answer(f"{BELOW}/audits", "get", lead.get(f"{STREET}/audits", {"limit": 1}))
    assert [(one["id"], one["is_open"], one["done"]) for one in listed["items"]] == [(audit.pk, False, 80)]


def test_nothing_can_be_drawn_of_what_is_not_there(project: Any, lea: Any, with_token: TokenClient) -> None:
    annotated_loop(project, {"cup": 3})
    lead = with_token(lea)
    asked = send(lead, "loops/0/audits", {"population": "verified"}).json()
    draw_requested_audit(asked["id"])
    refused = lead.get(f"{STREET}/audits/{asked['id']}").json()
    assert refused["state"] == "refused"
    assert "verified" in refused["error"]
    assert lead.get(f"{STREET}/audits/{asked['id'] + 1}").status_code == 404
    assert send(lead, "loops/7/audits").status_code == 404
    assert send(lead, "loops/0/audits", {"size": 0}).status_code == 400
