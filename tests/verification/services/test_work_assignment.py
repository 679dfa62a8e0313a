"""Work given to people: kept for them and nobody else, shared evenly, never what they had before."""

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as for_all
from hypothesis import strategies as st

from tests.factories import make_sample
from tests.verification.judgements import items_of, judge
from tests.verification.packages import member
from verification.models import Assignment, SampleItem
from verification.services.queue import lease_items
from verification.services.skips import skip_item
from verification.services.work_assignment import (
    annotators_of_teams,
    assign_items,
    assign_share,
    share_out,
    unassign_items,
)
from webapp.accounts.models import User
from webapp.core.errors import BadInput, NotFound
from webapp.projects.models import Project, Team, TeamMember

pytestmark = pytest.mark.django_db


@pytest.fixture
def ben(project: Any) -> User:
    return member(project, "ben", "annotator")  # type: ignore[no-any-return]


def ids_of(sample: Any) -> list[int]:
    return [item.pk for item in items_of(sample)]


def assign(project: Any, lea: Any, ids: list[int], *people: Any) -> Any:
    return assign_items(project_id=project.pk, by_id=lea.pk, item_ids=ids, person_ids=[one.pk for one in people])


def leased(project: Any, person: Any, count: int = 20) -> set[int]:
    return {item.item_id for item in lease_items(project_id=project.pk, user_id=person.pk, count=count)}


def test_only_the_person_gets_what_is_kept_for_them_and_gets_it_first(
    project: Any, lea: Any, ana: Any, ben: Any
) -> None:
    ids = ids_of(make_sample(project, items=8))
    given = assign(project, lea, ids[4:6], ben)
    assert given.slots == {ben.pk: 2}
    assert leased(project, ana) == set(ids) - set(ids[4:6])
    assert leased(project, ben) == set(ids[4:6])


def test_items_are_shared_evenly_and_an_items_slots_go_to_different_people(
    project: Any, lea: Any, ana: Any, ben: Any
) -> None:
    sample = make_sample(project, items=10, overlap=2)
    given = assign(project, lea, ids_of(sample), ana, ben)
    assert given.slots == {ana.pk: 10, ben.pk: 10}
    for item in items_of(sample):
        held = list(Assignment.objects.filter(item=item).values_list("held_for", flat=True))
        assert sorted(held) == sorted([ana.pk, ben.pk])


def test_nobody_is_given_what_they_judged_skipped_or_hold(project: Any, lea: Any, ana: Any, ben: Any) -> None:
    sample = make_sample(project, items=4, overlap=2)
    judged, skipped, held, fresh = items_of(sample)
    judge(judged, ana)
    slots = {item.item_id: item for item in lease_items(project_id=project.pk, user_id=ana.pk, count=4)}
    skip_item(project_id=project.pk, user_id=ana.pk, assignment_id=slots[skipped.pk].assignment_id, reason="unsure")
    Assignment.objects.filter(item=fresh, annotator=ana).update(state="open", annotator=None, leased_until=None)
    given = assign(project, lea, [item.pk for item in (judged, skipped, held, fresh)], ana)
    assert given.item_ids == (fresh.pk,)
    assert given.left_out == 3


def test_letting_go_gives_items_back_to_everybody(project: Any, lea: Any, ana: Any, ben: Any) -> None:
    ids = ids_of(make_sample(project, items=3))
    assign(project, lea, ids, ben)
    assert leased(project, ana) == set()
    assert unassign_items(project_id=project.pk, by_id=lea.pk, item_ids=ids) == 3
    assert unassign_items(project_id=project.pk, by_id=lea.pk, item_ids=ids) == 0
    assert leased(project, ana) == set(ids)


def test_a_share_takes_the_next_items_that_are_nobodys(project: Any, lea: Any, ana: Any, ben: Any) -> None:
    sample = make_sample(project, items=10)
    ids = ids_of(sample)
    for person, expected in ((ana, ids[:4]), (ben, ids[4:8]), (ana, ids[8:])):
        given = assign_share(project_id=project.pk, by_id=lea.pk, sample_id=sample.pk, count=4, person_ids=[person.pk])
        assert list(given.item_ids) == expected
    assert (
        assign_share(project_id=project.pk, by_id=lea.pk, sample_id=sample.pk, count=4, person_ids=[ana.pk]).item_ids
        == ()
    )


def test_only_annotators_of_the_project_can_be_given_items(
    project: Any, lea: Any, edo: Any, otto: Any, ana: Any
) -> None:
    ids = ids_of(make_sample(project, items=1))
    for people in ([edo], [otto], [ana, otto], []):
        with pytest.raises(BadInput):
            assign(project, lea, ids, *people)
    User.objects.filter(pk=ana.pk).update(is_active=False)
    with pytest.raises(BadInput):
        assign(project, lea, ids, ana)


def test_items_and_samples_of_other_projects_and_gold_are_out_of_reach(project: Any, lea: Any, ana: Any) -> None:
    other = Project.objects.create(name="Other", slug="other")
    theirs = make_sample(other, items=2)
    assert assign(project, lea, ids_of(theirs), ana).item_ids == ()
    with pytest.raises(NotFound):
        assign_share(project_id=project.pk, by_id=lea.pk, sample_id=theirs.pk, count=1, person_ids=[ana.pk])
    with pytest.raises(NotFound):
        annotators_of_teams(project_id=project.pk, team_ids=[Team.objects.create(project=other, name="T").pk])
    mine = make_sample(project, items=2)
    SampleItem.objects.filter(pk=ids_of(mine)[0]).update(is_gold=True)
    assert assign(project, lea, ids_of(mine), ana).item_ids == (ids_of(mine)[1],)


def test_a_team_stands_for_its_annotators(project: Any, lea: Any, ana: Any, edo: Any) -> None:
    team = Team.objects.create(project=project, name="Night")
    TeamMember.objects.bulk_create(TeamMember(team=team, user=user) for user in (ana, edo))
    assert annotators_of_teams(project_id=project.pk, team_ids=[team.pk]) == {ana.pk}


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@for_all(
    items=st.lists(st.integers(1, 5), max_size=30),
    people=st.lists(st.integers(1, 6), min_size=1, max_size=4, unique=True),
    barred=st.sets(st.tuples(st.integers(1, 5), st.integers(1, 6)), max_size=8),
)
def test_sharing_out_never_gives_twice_and_never_what_is_barred(
    items: list[int], people: list[int], barred: set[tuple[int, int]]
) -> None:
    slots = list(enumerate(items))
    chosen = share_out(slots, people, barred)
    pairs = [(items[slot], person) for slot, person in chosen.items()]
    assert len(pairs) == len(set(pairs))
    assert not set(pairs) & barred
    assert set(chosen.values()) <= set(people)
    if not barred and len(set(items)) == len(items):
        loads = [list(chosen.values()).count(person) for person in people]
        assert max(loads) - min(loads) <= 1
