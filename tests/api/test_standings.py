"""One annotator by API: what they confuse, and what leads do about it."""

from typing import Any

import pytest

from tests.api.conftest import TokenClient
from tests.api.schemas import check_answer
from tests.factories import make_sample
from tests.verification.judgements import items_of, judge
from tests.verification.packages import judged_sample, member, packed, review, reviewed
from verification.models import LedgerEntry, Standing
from verification.services.queue import lease_items

pytestmark = pytest.mark.django_db

PEOPLE = "/api/v1/projects/street/quality/people"
ONE = "projects/{slug}/quality/people/{user_id}"


def test_leads_see_which_tags_somebody_confuses(
    project: Any, ana: Any, edo: Any, lea: Any, with_token: TokenClient
) -> None:
    reviewed(project, size=10, threshold=0.5)
    sample = judged_sample(project, ana, items=10, wrong_every=1)  # Ana marks the best tag of each
    review(packed(sample, final=False)[0], edo, wrong=4)  # of four it is right
    found = check_answer(ONE, "get", with_token(lea).get(f"{PEOPLE}/{ana.pk}"))
    assert (found["id"], found["experts"]["right"], found["experts"]["judged"]) == (ana.pk, 6, 10)
    confusion = found["confusion"]
    assert (confusion["found"]["right"], confusion["kept"]["right"], confusion["kept"]["judged"]) == (6, 40, 44)
    assert [(tag["text"], tag["missed"], tag["struck"]) for tag in confusion["tags"]] == [("milk jug", 0, 4)]
    assert (confusion["choices"], found["changes"]) == ([], [])


def test_leads_pause_let_work_and_ask_to_qualify_again(
    project: Any, ana: Any, lea: Any, with_token: TokenClient
) -> None:
    make_sample(project)
    lead = with_token(lea)

    def post(deed: str, sent: dict[str, Any] | None = None) -> Any:
        answer = lead.post(f"{PEOPLE}/{ana.pk}/{deed}", sent, content_type="application/json")
        return check_answer(f"{ONE}/{deed}", "post", answer)

    for _again in range(2):
        assert post("pause", {"reason": "Read the guide"})["paused_at"] is not None
    assert lease_items(project_id=project.pk, user_id=ana.pk, count=1) == []
    assert post("resume")["paused_at"] is None
    assert post("requalify", {})["requalify_since"] is not None
    found = post("resume")
    assert [(one["kind"], one["reason"]) for one in found["changes"]] == [
        ("resumed", ""),
        ("requalify", ""),
        ("resumed", ""),
        ("paused", "Read the guide"),
    ]
    assert {one["by"] for one in found["changes"]} == {lea.display_name}
    long = lead.post(f"{PEOPLE}/{ana.pk}/pause", {"reason": "x" * 501}, content_type="application/json")
    assert long.status_code == 400
    assert Standing.objects.get(person=ana).paused_at is None


def test_leads_send_recent_work_back(project: Any, ana: Any, lea: Any, with_token: TokenClient) -> None:
    for item in items_of(make_sample(project, items=3)):
        judge(item, ana)
    lead = with_token(lea)
    address = f"{PEOPLE}/{ana.pk}/send-back"
    for wrong in ({}, {"count": 0}, {"count": 1001}, {"count": 1, "amount": 5}):
        assert lead.post(address, wrong, content_type="application/json").status_code == 400, wrong
    sent = {"count": 2, "reason": "Too fast", "take_pay_back": True}
    done = check_answer(f"{ONE}/send-back", "post", lead.post(address, sent, content_type="application/json"))
    assert (done["kind"], done["items"], done["reason"]) == ("sent_back", 2, "Too fast")
    assert sorted(entry.amount < 0 for entry in LedgerEntry.objects.filter(annotator=ana)) == [False] * 3 + [True] * 2
    lead.post(address, {"count": 5}, content_type="application/json")
    nothing = lead.post(address, {"count": 5}, content_type="application/json")
    assert (nothing.status_code, nothing.json()["error"]["code"]) == (409, "nothing_to_send_back")


def test_only_leads_and_only_annotators_of_the_project(
    project: Any, ana: Any, edo: Any, lea: Any, otto: Any, with_token: TokenClient
) -> None:
    ben = member(project, "ben", "annotator")
    for person in (ana, edo):
        assert with_token(person).get(f"{PEOPLE}/{ben.pk}").status_code == 403
        assert with_token(person).post(f"{PEOPLE}/{ben.pk}/pause").status_code == 403
    assert with_token(lea, "read").get(f"{PEOPLE}/{ben.pk}").status_code == 403
    for nobody in (edo.pk, otto.pk, 2**40, 2**70):
        assert with_token(lea).get(f"{PEOPLE}/{nobody}").status_code == 404
        assert with_token(lea).post(f"{PEOPLE}/{nobody}/pause", content_type="application/json").status_code == 404
    assert not Standing.objects.filter(paused_at__isnull=False).exists()
