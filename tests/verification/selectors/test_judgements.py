"""People's decisions on the pages of the automatic half."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from annotation.models import Region
from tests.annotation.scenes import annotate, make_annotated_loop, rename
from tests.factories import WORDS, make_concepts, make_loops, make_sample
from verification.selectors.judgements import VerifiedJudgements
from verification.services.queue import lease_items
from verification.services.verdicts import record_verdict

pytestmark = pytest.mark.django_db


@pytest.fixture
def sample(project: Any) -> Any:
    """Five regions on one photo, annotated in loop 0 with the five tags that the items show."""
    make_annotated_loop(project, 0)
    sample = make_sample(project, items=5, overlap=2)
    for region in Region.objects.all():
        annotate(make_loops(project)[0], region, WORDS[:5])
    return sample


def judge(project: Any, person: Any, wrong: tuple[str, ...], count: int = 1) -> list[int]:
    """The person marks `wrong` on their next `count` items; the regions' ids."""
    rejected = [concept.pk for concept in make_concepts(wrong)] if wrong else []
    items = lease_items(project_id=project.pk, user_id=person.pk, count=count)
    for item in items:
        record_verdict(
            project_id=project.pk, user_id=person.pk, assignment_id=item.assignment_id,
            rejected_ids=rejected, seconds=3, key=uuid4(),
        )  # fmt: skip
    from verification.models import SampleItem

    return [SampleItem.objects.get(pk=item.item_id).region_ids[0] for item in items]


@pytest.fixture
def second(project: Any) -> Any:
    """Another annotator."""
    from webapp.accounts.models import User
    from webapp.projects.models import Membership

    user = User.objects.create_user("bea", "bea@example.org", "correct horse battery")
    Membership.objects.create(project=project, user=user, role="annotator")
    return user


def explore(client: Client, **query: Any) -> Any:
    return client.get(reverse("annotation:explore", args=["street"]), query)


def test_nothing_is_told_before_everyone_who_was_asked_has_answered(
    client: Client, project: Any, ana: Any, cleo: Any, sample: Any
) -> None:
    (region_id,) = judge(project, ana, ("milk jug",))
    assert VerifiedJudgements().of_regions(project_id=project.pk, region_ids=[region_id]) == {}
    client.force_login(cleo)
    page = explore(client, photo=Region.objects.get(pk=region_id).image_id, region=region_id).content.decode()
    assert "verified" not in page.split('class="side"')[1]


def test_a_verified_region_shows_what_people_said(
    client: Client, project: Any, ana: Any, second: Any, cleo: Any, sample: Any
) -> None:
    judge(project, ana, ("milk jug", "saucepan"), count=5)
    region_id = judge(project, second, ("milk jug", "saucepan"), count=5)[0]
    client.force_login(cleo)
    detail = explore(client, photo=Region.objects.get(pk=region_id).image_id, region=region_id).context["detail"]
    assert detail.panel.tag == "metal cup"  # the first that is right
    assert [(row.tag, row.ruling, row.people) for row in detail.panel.tags] == [
        ("metal cup", "right", 2),
        ("coffee grinder", "right", 2),
        ("pewter mug", "right", 2),
        ("milk jug", "wrong", 2),
        ("saucepan", "wrong", 2),
    ]
    assert all(chip.is_judged for chip in detail.chips)
    listed = explore(client, verified="yes").context["listing"].entries
    assert {entry.tag for entry in listed} == {"metal cup"}


def test_a_region_of_which_everything_is_wrong_has_no_tag(
    client: Client, project: Any, ana: Any, second: Any, cleo: Any, sample: Any
) -> None:
    judge(project, ana, WORDS[:5], count=5)
    region_id = judge(project, second, WORDS[:5], count=5)[0]
    client.force_login(cleo)
    answer = explore(client, photo=Region.objects.get(pk=region_id).image_id, region=region_id)
    assert "None of its tags is right" in answer.content.decode()
    assert {row.ruling for row in answer.context["detail"].panel.tags} == {"wrong"}


def test_decisions_follow_a_concept_that_was_merged(
    client: Client, project: Any, ana: Any, second: Any, cleo: Any, sample: Any
) -> None:
    judge(project, ana, ("milk jug",), count=5)
    region_id = judge(project, second, ("milk jug",), count=5)[0]
    rename("milk jug", "creamer")
    client.force_login(cleo)
    rows = (
        explore(client, photo=Region.objects.get(pk=region_id).image_id, region=region_id).context["detail"].panel.tags
    )
    assert [row.ruling for row in rows if row.tag == "creamer"] == ["wrong"]


def test_regions_are_found_by_whether_they_are_verified(
    client: Client, project: Any, ana: Any, second: Any, cleo: Any, sample: Any
) -> None:
    judge(project, ana, (), count=5)
    verified = sorted(judge(project, second, (), count=2))
    others = sorted(set(Region.objects.values_list("pk", flat=True)) - set(verified))
    client.force_login(cleo)

    def found(**query: Any) -> list[int]:
        return [entry.region_id for entry in explore(client, **query).context["listing"].entries]

    assert found(verified="yes") == verified
    assert found(verified="no") == others
    assert found(verified="yes", concept="milk jug") == verified
    assert found(verified="yes", concept="metal cup") == []
    assert found(verified="yes", after=verified[0]) == verified[1:]
    assert found(verified="yes", before=verified[1]) == verified[:1]


def test_a_search_that_stops_at_its_bound_can_go_on(project: Any, ana: Any, second: Any, sample: Any) -> None:
    judge(project, ana, (), count=5)
    verified = sorted(judge(project, second, (), count=5))
    reader = VerifiedJudgements()
    found: list[int] = []
    key: int | None = 0
    while key is not None:
        stretch = reader.verified_from(project_id=project.pk, key=key, forward=True, most=2)
        found += stretch.region_ids
        key = stretch.looked_to
    assert found == verified
