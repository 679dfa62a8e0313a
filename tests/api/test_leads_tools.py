"""People, teams, invitations, webhooks, forecasts, and the next loop by API: for leads."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from annotation.models import Loop
from tests.api.conftest import TokenClient
from tests.api.schemas import check_answer
from tests.factories import make_sample
from tests.verification.judgements import judge_all
from tests.verification.packages import member
from tests.verification.services.annotated import annotated_loop
from tests.verification.services.crowds import people
from verification.models import Export, Sample, Webhook, WebhookDelivery
from webapp.projects.models import Invitation, Membership, Project

pytestmark = pytest.mark.django_db

STREET = "/api/v1/projects/street"
P = "projects/{slug}"


class Lead:
    """A lead's program; every answer is held against the description."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def get(self, path: str, described: str = "", **query: Any) -> Any:
        return check_answer(f"{P}/{described or path}", "get", self.client.get(f"{STREET}/{path}", query))

    def post(self, path: str, described: str = "", **sent: Any) -> Any:
        answer = self.client.post(f"{STREET}/{path}", sent, content_type="application/json")
        return check_answer(f"{P}/{described or path}", "post", answer)

    def refused(self, path: str, **sent: Any) -> int:
        return self.client.post(f"{STREET}/{path}", sent, content_type="application/json").status_code


@pytest.fixture
def lead(project: Any, lea: Any, with_token: TokenClient) -> Lead:
    return Lead(with_token(lea))


def test_people_come_get_roles_and_go(project: Any, lea: Any, otto: Any, lead: Lead) -> None:
    known = lead.post("people", who="otto", roles=["annotator"])
    assert (known["id"], known["roles"], known["password"]) == (otto.pk, ["annotator"], "")
    made = lead.post("people", who="new@example.org", roles=["expert"])
    assert made["password"]
    listed = {one["username"]: one["roles"] for one in lead.get("people")["items"]}
    assert listed == {"otto": ["annotator"], made["username"]: ["expert"], "lea": ["lead"]}
    assert "password" not in str(lead.get("people"))
    one = f"people/{otto.pk}"
    assert lead.post(f"{one}/roles", "people/{user_id}/roles", roles=["expert", "consumer"])["roles"] == [
        "consumer",
        "expert",
    ]
    assert lead.refused(f"{one}/roles", roles=["admin"]) == 400
    assert lead.refused(f"{one}/roles", roles=[]) == 400
    assert lead.refused("people", who="otto", roles=["lead"], is_superuser=True) == 400
    assert lead.refused(f"people/{lea.pk}/roles", roles=["annotator"]) == 409  # the last lead
    assert lead.refused(f"people/{lea.pk}/remove") == 409
    assert lead.post(f"{one}/remove", "people/{user_id}/remove") == {"removed": True}
    assert lead.refused(f"{one}/remove") == 404
    assert not Membership.objects.filter(user=otto).exists()


def test_strangers_are_not_told_apart_from_nobody(project: Any, otto: Any, lead: Lead) -> None:
    for nobody in (otto.pk, 2**40, 2**70):
        assert lead.refused(f"people/{nobody}/roles", roles=["lead"]) == 404


def test_teams_and_invitations(project: Any, ana: Any, otto: Any, lead: Lead) -> None:
    team = lead.post("teams", name="Night shift")
    assert lead.refused("teams", name="night SHIFT") == 409
    members = f"teams/{team['id']}/members"
    assert lead.post(members, "teams/{team_id}/members", people=[ana.pk])["people"] == [ana.pk]
    assert lead.refused(members, people=[otto.pk]) == 400
    assert lead.get("teams")["items"] == [{"id": team["id"], "name": "Night shift", "people": [ana.pk]}]
    made = lead.post("invitations", email="New@example.org", roles=["annotator"], team=team["id"], days=1)
    assert made["link"].startswith("http://testserver/")
    assert Client().get(made["link"]).status_code == 200
    (listed,) = lead.get("invitations")["items"]
    assert listed == made
    for wrong in (
        {"email": "new", "roles": ["annotator"]},
        {"email": "a@b.org", "roles": []},
        {"email": "a@b.org", "roles": ["annotator"], "days": 365},
    ):
        assert lead.refused("invitations", **wrong) == 400, wrong
    assert lead.refused("invitations", email="a@b.org", roles=["annotator"], team=2**40) == 404
    lead.post(f"invitations/{made['id']}/revoke", "invitations/{invitation_id}/revoke")
    assert Client().get(made["link"]).status_code == 404
    assert lead.get("invitations")["items"] == []
    lead.post(f"teams/{team['id']}/remove", "teams/{team_id}/remove")
    assert Invitation.objects.get().team is None


def test_webhooks_are_made_tested_switched_and_removed(project: Any, lead: Lead) -> None:
    sent = {"url": "https://93.184.215.14/hook", "events": ["export.done"]}
    made = lead.post("webhooks", **sent)
    assert made["secret"].startswith("whsec_")
    assert lead.refused("webhooks", **sent) == 409
    for private in ("http://127.0.0.1/", "https://169.254.169.254/latest", "ftp://93.184.215.14/", "https://[::1]/"):
        assert lead.refused("webhooks", url=private, events=["export.done"]) == 400, private
    assert lead.refused("webhooks", url="https://93.184.215.14/b", events=["everything"]) == 400
    one, path = f"webhooks/{made['id']}", "webhooks/{webhook_id}"
    assert "secret" not in lead.get(one, path)
    assert lead.get("webhooks")["items"] == [lead.get(one, path)]
    assert lead.post(f"{one}/switch", f"{path}/switch", is_active=False)["is_active"] is False
    assert lead.post(f"{one}/switch", f"{path}/switch", is_active=True)["is_active"] is True
    assert lead.post(f"{one}/secret", f"{path}/secret")["secret"] != made["secret"]
    delivery = lead.post(f"{one}/test", f"{path}/test")
    assert (delivery["event"], delivery["state"]) == ("test", "waiting")
    again = f"{one}/deliveries/{delivery['id']}/again"
    assert lead.refused(again) == 409  # it waits anyway
    WebhookDelivery.objects.update(state="failed")
    assert lead.post(again, f"{path}/deliveries/{{delivery_id}}/again")["state"] == "waiting"
    (listed,) = lead.get(f"{one}/deliveries", f"{path}/deliveries")["items"]
    assert listed["id"] == delivery["id"]
    other = Project.objects.create(name="Other", slug="other")
    theirs = Webhook.objects.create(project=other, url="https://93.184.215.14/x", events=["export.done"], salt="x")
    assert lead.refused(f"webhooks/{theirs.pk}/remove") == 404
    assert lead.post(f"{one}/remove", f"{path}/remove") == {"removed": True}
    assert Webhook.objects.get() == theirs


def test_the_next_loop_is_forecast_before_it_is_started(project: Any, ana: Any, lead: Lead) -> None:
    zero = annotated_loop(project, {"cup": 40, "dog": 20})
    Loop.objects.filter(pk=zero.pk).update(state="finished")
    found = lead.get("loops/next")
    assert (found["number"], found["may_start"], found["running"], found["annotators"]) == (1, True, None, 1)
    assert (found["sample"]["regions"], found["sample"]["concepts"]) == (60, 2)
    assert [row["text"] for row in found["sample"]["most_frequent"]] == ["cup", "dog"]
    fewer = lead.get("loops/next", budget=5)
    assert fewer["tags"]["items"] == 5 < found["tags"]["items"]
    assert Decimal(fewer["tags"]["pay"]) == 5 * project.tag_rate
    assert lead.get("loops/next", min_frequency=30)["sample"]["concepts"] == 1
    assert not Sample.objects.exists()
    for wrong in ({"budget": 0}, {"budget": "all"}, {"seed": 1}):
        assert lead.client.get(f"{STREET}/loops/next", wrong).status_code == 400, wrong


def test_verification_is_closed_early_and_a_failed_loop_tried_again(project: Any, lead: Lead) -> None:
    make_sample(project, items=2)
    closed = lead.post("loops/1/close", "loops/{loop_number}/close")
    assert (closed["number"], closed["closed"]) == (1, True)
    assert not Sample.objects.get().is_open
    assert lead.get("loops/1/failures", "loops/{loop_number}/failures") == {"items": [], "next": None}
    assert lead.refused("loops/1/retry") == 409
    assert lead.refused("loops/99/close") == 404


def test_the_consumption_analysis_is_the_papers(project: Any, lead: Lead) -> None:
    found = lead.get("pay/forecast")
    assert (found["regions"], round(found["hours"]), found["measured"]) == (1_000_000, 2778, 0)
    assert Decimal(found["pay"]) == 20_000
    own = lead.get("pay/forecast", regions=1000, seconds=15, overlap=3, people=5, hours_a_day=8, rate="0.05")
    assert (own["hours"], own["days"], Decimal(own["pay"])) == (12.5, 0.3125, 150)
    for wrong in ({"people": 0}, {"seconds": "nan"}, {"hours_a_day": "inf"}, {"rate": "NaN"}, {"regions": 10**12}):
        assert lead.client.get(f"{STREET}/pay/forecast", wrong).status_code == 400, wrong
    judge_all(make_sample(project, items=40, images=1), people(project, 1))
    assert (lead.get("pay/forecast")["seconds"], lead.get("pay/forecast")["measured"]) == (2.5, 40)


@pytest.mark.django_db(transaction=True)  # the count looks from a connection of its own
def test_an_export_is_counted_before_it_is_asked_for(project: Any, lead: Lead) -> None:
    judge_all(make_sample(project, items=3), people(project, 1))
    assert lead.post("exports/preview", kind="tags")["is_exact"] is True
    assert lead.post("exports/preview", kind="tags")["count"] == 3
    assert not Export.objects.exists()
    assert lead.refused("exports/preview", kind="gold") == 400


def test_the_project_is_paused_and_goes_on(project: Any, lead: Lead, ana: Any, with_token: TokenClient) -> None:
    make_sample(project)
    assert lead.post("pause") == {"is_paused": True, "changed": True}
    assert lead.post("pause") == {"is_paused": True, "changed": False}
    lease = with_token(ana).post(f"{STREET}/work/tags/lease", {"want": 1}, content_type="application/json")
    assert lease.json()["items"] == []
    assert lead.post("resume") == {"is_paused": False, "changed": True}


def test_nobody_in_between_keeps_links_and_secrets(project: Any, lead: Lead, ana: Any, with_token: TokenClient) -> None:
    for client, path in ((lead.client, "invitations"), (lead.client, "people"), (with_token(ana), "pay/me")):
        assert client.get(f"{STREET}/{path}")["Cache-Control"] == "private, no-store"
    refused = with_token(ana).get(f"{STREET}/people")
    assert (refused.status_code, refused["Cache-Control"]) == (403, "private, no-store")
    sent = {"email": "nia@example.org", "roles": ["annotator"]}
    made = lead.client.post(f"{STREET}/invitations", sent, content_type="application/json")
    assert (made.status_code, made["Cache-Control"]) == (201, "private, no-store")


def test_who_is_no_lead_gets_none_of_it(project: Any, ana: Any, edo: Any, lea: Any, with_token: TokenClient) -> None:
    ben = member(project, "ben", "annotator", "expert", "consumer")
    for path in ("people", "teams", "invitations", "webhooks", "takedowns"):  # who only leads loops manages nobody
        assert with_token(lea, "lead").get(f"{STREET}/{path}").status_code == 403, path
        assert with_token(lea, "manage").get(f"{STREET}/{path}").status_code == 200, path
    for client in (with_token(ben), with_token(lea, "read", "annotate", "export")):
        for path in ("people", "teams", "invitations", "webhooks", "loops/next", "pay/forecast", "items", "samples"):
            assert client.get(f"{STREET}/{path}").status_code == 403, path
        sent = {"who": "ben", "roles": ["lead"]}
        assert client.post(f"{STREET}/people", sent, content_type="application/json").status_code == 403
    assert set(Membership.objects.filter(user=ben).values_list("role", flat=True)) == {
        "annotator",
        "expert",
        "consumer",
    }
