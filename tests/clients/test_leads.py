"""What leads do, with the Python client against a live server."""

from typing import Any

import pytest
from argus_client import ApiError

from tests.factories import make_sample
from tests.verification.judgements import items_of, judge
from tests.verification.packages import contents as items_in
from tests.verification.packages import disagreement, member, packed, reviewed, rule_all
from verification.services.queue import release_items
from verification.services.reviews import decide_package, rule_item

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_lead_reads_and_acts(project: Any, ana: Any, edo: Any, lea: Any, as_client: Any) -> None:
    sample = make_sample(reviewed(project, size=2, threshold=0.5), items=4)
    for item in items_of(sample)[:2]:
        judge(item, ana)
    release_items(project_id=project.pk, user_id=ana.pk)
    (package,) = packed(sample, final=False)
    rule_all(package, edo)
    who = {"project_id": project.pk, "user_id": edo.pk, "package_id": package.pk}
    first = items_in(package)[0]
    rule_item(**who, item_id=first.pk, mark=disagreement(first, note="Only the handle"))
    decide_package(**who)
    there = as_client(lea).project("street")
    lead = there.lead
    assert [one["id"] for one in lead.packages(author=ana.pk)] == [package.pk]
    assert list(lead.packages(state="escalated")) == []
    assert lead.package(package.pk)["items"][0]["note"] == "Only the handle"
    assert [tag["missed"] for tag in lead.annotator(ana.pk)["confusion"]["tags"]] == [1]
    assert [one["note"] for one in as_client(ana).project("street").feedback()] == ["Only the handle"]
    assert lead.pause(ana.pk, "Read the guide")["paused_at"]
    assert lead.resume(ana.pk)["paused_at"] is None
    waiting = [item["id"] for item in lead.items(sample.pk, state="open")]
    assert len(waiting) == 2
    assert lead.act("remove", waiting, dry_run=True)["items"] == waiting
    assert lead.assign(waiting, [ana.pk])["items"] == waiting
    assert lead.assign(waiting)["items"] == waiting
    assert lead.comment(first.item_id, ana.pk, "Look again")[0]["text"] == "Look again"
    assert any("Edo" in event["who"] or edo.username in event["who"] for event in lead.history(first.item_id))
    tag = there.tag("milk jug")
    assert tag["meaning"] is None
    written = lead.write_meaning(tag["id"], "For milk.", over=0)
    assert there.tag("MILK JUG")["meaning"] == written["meaning"]
    with pytest.raises(ApiError) as refused:
        lead.write_meaning(tag["id"], "For tea.", over=0)
    assert (refused.value.status, refused.value.code) == (409, "meaning_changed")
    assert lead.forecast(regions=1000, seconds=36, people=1, hours_a_day=10)["days"] == 1
    assert lead.next_loop()["running"] == 1
    hook = lead.add_webhook("https://93.184.215.14/hook", "package.ready")
    assert [one["id"] for one in lead.webhooks()] == [hook["id"]]
    assert list(lead.deliveries(hook["id"])) == []
    assert {one["username"] for one in lead.people()} == {"ana", "edo", "lea"}
    assert lead.teams() == []


def test_who_is_no_lead_is_refused(project: Any, as_client: Any) -> None:
    ben = as_client(member(project, "ben", "annotator", "expert")).project("street")
    for call in (lambda: list(ben.lead.packages()), ben.lead.people, lambda: ben.lead.annotator(1)):
        with pytest.raises(ApiError) as refused:
            call()
        assert refused.value.status == 403
