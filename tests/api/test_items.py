"""Items, samples, their histories and threads by API: for leads. And what experts said, for annotators."""

import uuid
from typing import Any

import pytest

from annotation.models import Concept
from tests.api.conftest import TokenClient
from tests.api.schemas import check_answer
from tests.factories import make_sample
from tests.verification.judgements import items_of, judge
from tests.verification.packages import contents, disagreement, judged_sample, member, packed, reviewed, rule_all
from verification.models import Assignment, Comment, SampleItem
from verification.services.comments import add_comment
from verification.services.queue import release_items
from verification.services.reviews import decide_package, rule_item
from webapp.projects.models import Project

pytestmark = pytest.mark.django_db

STREET = "/api/v1/projects/street"
P = "projects/{slug}"


def test_items_are_listed_by_what_they_are_asked_for(project: Any, ana: Any, lea: Any, with_token: TokenClient) -> None:
    sample = make_sample(project, items=5)
    items = items_of(sample)
    judge(items[0], ana)
    release_items(project_id=project.pk, user_id=ana.pk)
    lead = with_token(lea)
    (found,) = check_answer(f"{P}/samples", "get", lead.get(f"{STREET}/samples"))["items"]
    assert (found["id"], found["task_kind"], found["priority"]) == (sample.pk, "tag", "normal")

    def listed(**query: Any) -> list[int]:
        answer = lead.get(f"{STREET}/items", {"sample": sample.pk, **query})
        return [one["id"] for one in check_answer(f"{P}/items", "get", answer)["items"]]

    assert listed() == [item.pk for item in items]
    assert listed(state="done") == listed(annotator=ana.pk) == [items[0].pk]
    assert listed(state="open") == [item.pk for item in items[1:]]
    assert listed(tag="MILK  jug") == [item.pk for item in items]
    assert listed(tag="nothing of the kind") == listed(held=True) == listed(skipped=True) == []
    assert listed(after=items[3].pk) == [items[4].pk]
    for wrong in ({}, {"sample": sample.pk, "state": "lost"}, {"sample": sample.pk, "order": "id"}):
        assert lead.get(f"{STREET}/items", wrong).status_code == 400, wrong
    assert Concept.objects.exists()


def test_items_are_removed_brought_back_given_and_put_first(
    project: Any, ana: Any, lea: Any, with_token: TokenClient
) -> None:
    sample = make_sample(project, items=4)
    numbers = [item.pk for item in items_of(sample)]
    lead = with_token(lea)

    def post(path: str, sent: dict[str, Any]) -> Any:
        answer = lead.post(f"{STREET}/{path}", sent, content_type="application/json")
        described = path.replace(str(sample.pk), "{sample_id}") if path.startswith("samples/") else path
        return check_answer(f"{P}/{described}", "post", answer)

    two = {"items": numbers[:2]}
    planned = post("items/act", {**two, "action": "remove", "dry_run": True})
    assert planned == {"items": numbers[:2], "left_out": {}}
    assert not SampleItem.objects.filter(state="removed").exists()
    assert post("items/act", {**two, "action": "remove"}) == planned
    assert post("items/act", {**two, "action": "remove"}) == {"items": [], "left_out": {"removed": 2}}
    assert post("items/act", {**two, "action": "restore"})["items"] == numbers[:2]
    assert post("items/assign", {**two, "people": [ana.pk]})["items"] == numbers[:2]
    assert Assignment.objects.filter(held_for=ana).count() == 2
    post("items/assign", two)
    assert not Assignment.objects.filter(held_for=ana).exists()
    assert len(post(f"samples/{sample.pk}/share", {"people": [ana.pk], "count": 3})["items"]) == 3
    assert post("items/priority", {**two, "priority": "urgent"})["items"] == numbers[:2]
    assert post(f"samples/{sample.pk}/priority", {"priority": "later"}) == {"changed": True}
    assert post(f"samples/{sample.pk}/priority", {"priority": "later"}) == {"changed": False}
    for wrong in ({"items": [], "action": "remove"}, {"items": [1], "action": "delete"}, {"items": "1", "action": "x"}):
        assert lead.post(f"{STREET}/items/act", wrong, content_type="application/json").status_code == 400, wrong
    assert (
        lead.post(f"{STREET}/items/assign", {**two, "people": [lea.pk]}, content_type="application/json").status_code
        == 400
    )
    assert (
        lead.post(f"{STREET}/items/assign", {**two, "teams": [2**40]}, content_type="application/json").status_code
        == 404
    )
    assert check_answer(f"{P}/items/stranded", "get", lead.get(f"{STREET}/items/stranded"))["workers"] == 1


def test_a_lead_reads_a_history_and_answers_in_its_thread(
    project: Any, ana: Any, lea: Any, with_token: TokenClient
) -> None:
    item = items_of(make_sample(project, items=1))[0]
    judge(item, ana, "milk jug")
    add_comment(
        project_id=project.pk,
        item_id=item.pk,
        annotator_id=ana.pk,
        writer_id=ana.pk,
        is_lead=False,
        text="Is <i>this</i> a jug?",
        key=uuid.uuid4(),
    )
    lead = with_token(lea)
    waiting = check_answer(f"{P}/threads/waiting", "get", lead.get(f"{STREET}/threads/waiting"))["items"]
    assert waiting == [{"item": item.pk, "annotator": ana.pk}]
    history = check_answer(f"{P}/items/{{item_id}}/history", "get", lead.get(f"{STREET}/items/{item.pk}/history"))
    assert history["annotators"] == [{"id": ana.pk, "name": ana.display_name}]
    assert {event["who"] for event in history["events"]} >= {ana.display_name}
    thread = f"{STREET}/items/{item.pk}/threads/{ana.pk}"
    path = f"{P}/items/{{item_id}}/threads/{{annotator_id}}"
    (said,) = check_answer(path, "get", lead.get(thread))["comments"]
    assert (said["role"], said["text"]) == ("annotator", "Is <i>this</i> a jug?")
    sent = {"text": "Yes.", "key": str(uuid.uuid4())}
    for _again in range(2):  # the same key is the same comment
        answer = check_answer(path, "post", lead.post(thread, sent, content_type="application/json"))
        assert [one["role"] for one in answer["comments"]] == ["annotator", "lead"]
    assert Comment.objects.count() == 2
    assert lead.get(f"{STREET}/threads/waiting").json()["items"] == []
    for wrong in ({"text": ""}, {"text": "x" * 1001, "key": sent["key"]}, {"text": "x", "key": "1"}):
        assert lead.post(thread, wrong, content_type="application/json").status_code == 400, wrong
    assert lead.get(f"{STREET}/items/{item.pk}/threads/{lea.pk}").status_code == 404


def test_other_projects_items_are_not_there(project: Any, ana: Any, lea: Any, with_token: TokenClient) -> None:
    sample = make_sample(project, items=1)
    item = items_of(sample)[0]
    other = Project.objects.create(name="Other", slug="other")
    lead = with_token(member(other, "olga", "lead"))
    there = "/api/v1/projects/other"
    assert lead.get(f"{there}/samples").json()["items"] == []
    assert lead.get(f"{there}/items", {"sample": sample.pk}).status_code == 404
    assert lead.get(f"{there}/items/{item.pk}/history").status_code == 404
    sent = {"items": [item.pk], "action": "remove"}
    assert lead.post(f"{there}/items/act", sent, content_type="application/json").json()["left_out"] == {"gone": 1}
    share = {"people": [ana.pk], "count": 1}
    assert lead.post(f"{there}/samples/{sample.pk}/share", share, content_type="application/json").status_code == 404
    item.refresh_from_db()
    assert item.state == "open"


def test_annotators_read_what_was_wrong_but_not_who_says_so(
    project: Any, ana: Any, edo: Any, lea: Any, with_token: TokenClient
) -> None:
    (package,) = packed(judged_sample(reviewed(project, size=2, threshold=0.5), ana, items=2))
    rule_all(package, edo)
    first = contents(package)[0]
    who = {"project_id": project.pk, "user_id": edo.pk, "package_id": package.pk}
    address = f"{STREET}/work/feedback"
    rule_item(**who, item_id=first.pk, mark=disagreement(first, note="Only the handle"))
    assert with_token(ana).get(address).json()["items"] == []  # it is still open
    decide_package(**who)
    (said,) = check_answer(f"{P}/work/feedback", "get", with_token(ana).get(address))["items"]
    assert (said["note"], said["reason"], said["tags"][0]["was_left"]) == ("Only the handle", "wrong_left", True)
    text = with_token(ana).get(address).content.decode()
    assert edo.username not in text
    assert f'"id":{first.item_id}' not in text
    ben = member(project, "ben", "annotator")
    assert with_token(ben).get(address).json()["items"] == []
    assert with_token(edo).get(address).status_code == 403
    for wrong in ({"after": -1}, {"after": 2**60}, {"user": ana.pk}):
        assert with_token(ben).get(address, wrong).status_code == 400, wrong
