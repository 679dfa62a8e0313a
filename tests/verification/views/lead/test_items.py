"""The lead's list of items: filter, choose, see the counts, do it, undo it."""

from typing import Any

import pytest
from django.test import Client

from tests.factories import make_sample
from tests.verification.judgements import items_of
from verification.models import Assignment, ItemState, SampleItem
from webapp.projects.models import Team, TeamMember

pytestmark = pytest.mark.django_db

PAGE = "/p/street/items/"


@pytest.fixture
def as_lea(client: Client, lea: Any) -> Client:
    client.force_login(lea)
    return client


def test_without_items_it_says_what_to_do(as_lea: Client) -> None:
    assert "No items yet" in as_lea.get(PAGE).content.decode()


def test_ticked_items_are_counted_removed_and_brought_back(as_lea: Client, project: Any) -> None:
    ids = [item.pk for item in items_of(make_sample(project, items=4))]
    page = as_lea.post(f"{PAGE}confirm", {"action": "remove", "item": ids[:2], "query": "shows=open"})
    assert "2 items will be changed" in page.content.decode()
    assert not SampleItem.objects.filter(state=ItemState.REMOVED).exists()
    done = as_lea.post(f"{PAGE}act", {"action": "remove", "ids": page.context["ids"], "query": "shows=open"})
    assert "Done for 2 items" in done.content.decode()
    assert done.context["undo"] == "restore"
    as_lea.post(f"{PAGE}act", {"action": "restore", "ids": done.context["ids"]})
    assert not SampleItem.objects.filter(state=ItemState.REMOVED).exists()


def test_all_that_match_are_taken_and_what_cannot_be_done_is_said(as_lea: Client, project: Any) -> None:
    sample = make_sample(project, items=70)
    SampleItem.objects.filter(pk=items_of(sample)[0].pk).update(state=ItemState.REMOVED)
    page = as_lea.post(f"{PAGE}confirm", {"action": "remove", "all": "yes", "query": ""})
    assert page.context["will"] == 69
    assert "removed: bring them back first" in page.content.decode()


def test_a_share_is_given_to_a_team_and_let_go_again(as_lea: Client, project: Any, ana: Any, edo: Any) -> None:
    sample = make_sample(project, items=10)
    team = Team.objects.create(project=project, name="Night")
    TeamMember.objects.bulk_create(TeamMember(team=team, user=user) for user in (ana, edo))
    done = as_lea.post(f"{PAGE}share", {"sample": sample.pk, "count": "4", "teams": [team.pk]})
    assert "Done for 4 items" in done.content.decode()
    assert Assignment.objects.filter(held_for=ana).count() == 4
    listed = as_lea.get(PAGE, {"held": "on"}).content.decode()
    assert listed.count('name="item"') == 4
    as_lea.post(f"{PAGE}act", {"action": "unassign", "ids": done.context["ids"]})
    assert not Assignment.objects.filter(held_for=ana).exists()


@pytest.mark.parametrize(
    "sent",
    [
        {"action": "drop table", "item": ["1"]},
        {"action": "remove"},
        {"action": "remove", "item": ["x"]},
        {"action": "remove", "item": ["1;2"]},
        {"action": "remove", "all": "yes", "query": "shows=everything"},
        {"action": "remove", "all": "yes", "query": "annotator=999999"},
    ],
)
def test_nonsense_is_refused(as_lea: Client, project: Any, sent: dict[str, Any]) -> None:
    make_sample(project, items=1)
    assert as_lea.post(f"{PAGE}confirm", sent).status_code == 400


def test_no_other_name_in_the_address_reaches_the_query(as_lea: Client, project: Any) -> None:
    make_sample(project, items=3)
    plain = as_lea.get(PAGE).context["page"].rows
    for name in ("is_gold", "inclusion_probability__lt", "sample__project", "order_by", "o"):
        assert as_lea.get(PAGE, {name: "1"}).context["page"].rows == plain
    for name in ("shows", "annotator", "sample"):
        assert as_lea.get(PAGE, {name: "x' OR 1=1 --"}).status_code == 400
    assert as_lea.get(PAGE, {"concept": "x' OR 1=1 --"}).context["page"].rows == []


def test_nobody_finds_gold_items_here(as_lea: Client, project: Any) -> None:
    sample = make_sample(project, items=3)
    gold = items_of(sample)[1]
    SampleItem.objects.filter(pk=gold.pk).update(is_gold=True)
    page = as_lea.get(PAGE).content.decode()
    assert f'value="{gold.pk}"' not in page
    assert "gold" not in page.lower().partition("<main")[2]


def test_the_page_takes_as_many_queries_whatever_there_is(
    as_lea: Client, project: Any, ana: Any, django_assert_max_num_queries: Any
) -> None:
    make_sample(project, items=60)
    with django_assert_max_num_queries(11):
        assert as_lea.get(PAGE).content.decode().count('name="item"') == 50


def test_markup_in_a_tag_is_shown_as_text(as_lea: Client, project: Any) -> None:
    item = items_of(make_sample(project, items=1))[0]
    item.shown["tags"][0]["text"] = "<script>alert(1)</script>"
    item.save(update_fields=["shown"])
    assert "<script>alert" not in as_lea.get(PAGE).content.decode()


def test_chosen_items_are_made_urgent_and_a_sample_comes_later(as_lea: Client, project: Any) -> None:
    sample = make_sample(project, items=3)
    ids = [item.pk for item in items_of(sample)]
    asked = as_lea.post(f"{PAGE}confirm", {"action": "priority", "item": ids[1:], "query": ""})
    assert "2 items are chosen" in asked.content.decode()
    assert not SampleItem.objects.filter(priority=1).exists()
    sent = {"action": "priority", "ids": asked.context["ids"], "priority": "1"}
    assert "Done for 2 items" in as_lea.post(f"{PAGE}act", sent).content.decode()
    assert "of this priority already" in as_lea.post(f"{PAGE}act", sent).content.decode()
    listed = as_lea.get(PAGE, {"priority": "1"})
    assert [row.id for row in listed.context["page"].rows] == ids[1:]
    changed = as_lea.post(f"{PAGE}priority", {"sample": sample.pk, "priority": "-1"}, follow=True)
    assert "Priority of the sample: Later." in changed.content.decode()
    sample.refresh_from_db()
    assert sample.priority == -1


@pytest.mark.parametrize("priority", ["", "2", "-2", "1.0", "urgent", "1 OR 1"])
def test_only_the_three_priorities_are_taken(as_lea: Client, project: Any, priority: str) -> None:
    sample = make_sample(project, items=1)
    (item,) = items_of(sample)
    sent = {"action": "priority", "ids": str(item.pk), "priority": priority}
    assert as_lea.post(f"{PAGE}act", sent).status_code == 400
    assert as_lea.post(f"{PAGE}priority", {"sample": sample.pk, "priority": priority}).status_code == 400
    assert not SampleItem.objects.exclude(priority=0).exists()
