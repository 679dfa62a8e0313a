import threading
from typing import Any

import pytest
from django.core.cache import cache
from django.db import IntegrityError, connection
from django.utils import timezone

from tests.factories import make_sample
from tests.verification.services.crowds import in_threads, people, verdict_of, work_until_empty
from verification.models import Assignment, AssignmentState, Sample, SampleItem, Verdict
from verification.services.queue import (
    MAX_HELD,
    free_lapsed_leases,
    lease_items,
    lease_next,
    release_items,
)

pytestmark = pytest.mark.django_db


def lease(project: Any, user: Any, count: int = 3) -> list[Any]:
    return lease_items(project_id=project.pk, user_id=user.pk, count=count)


def lapse_all() -> None:
    # Long ago: within a test's transaction the database's clock stands still where it began.
    Assignment.objects.filter(state="leased").update(leased_until=timezone.now() - timezone.timedelta(hours=1))


def test_items_come_in_the_order_of_their_rank_with_what_an_annotator_may_see(project: Any, ana: Any) -> None:
    make_sample(project, items=4)
    items = lease(project, ana)
    ranks = list(Assignment.objects.order_by("rank").values_list("pk", flat=True))
    assert [item.assignment_id for item in items] == ranks[:3]
    first = items[0]
    assert (first.width, first.height) == (640, 427)
    assert [tag.text for tag in first.tags] == ["milk jug", "metal cup", "coffee grinder", "saucepan", "pewter mug"]
    x1, y1, x2, y2 = first.box
    assert 0 <= x1 < x2 <= 640 and 0 <= y1 < y2 <= 427  # noqa: PT018
    assert not hasattr(first.tags[0], "score")


def test_asking_again_gives_the_same_items_and_renews_the_lease(project: Any, ana: Any) -> None:
    make_sample(project, items=6)
    before = [item.assignment_id for item in lease(project, ana)]
    lapse_all()
    assert [item.assignment_id for item in lease(project, ana)] == before
    assert Assignment.objects.filter(state="leased", leased_until__gt=timezone.now()).count() == 3


def test_topping_up_adds_only_what_is_missing(project: Any, ana: Any) -> None:
    make_sample(project, items=6)
    held = lease(project, ana, 2)
    more = lease(project, ana, 5)
    assert more[:2] == held
    assert len(more) == 5


def test_two_people_never_hold_one_slot(project: Any, ana: Any, edo: Any) -> None:
    make_sample(project, items=5)
    mine = {item.assignment_id for item in lease(project, ana, 3)}
    theirs = {item.assignment_id for item in lease(project, edo, 3)}
    assert not mine & theirs
    assert len(mine | theirs) == 5


def test_with_overlap_a_person_gets_each_item_once_and_others_get_the_other_slots(
    project: Any, ana: Any, edo: Any
) -> None:
    make_sample(project, items=3, overlap=2)
    for person in (ana, edo):
        items = [item.item_id for item in lease(project, person, 6)]
        assert len(items) == len(set(items)) == 3
    assert lease_next(project_id=project.pk, user_id=ana.pk, count=1) == []


def test_nothing_is_handed_out_of_paused_projects_closed_samples_or_other_projects(
    project: Any, ana: Any, lea: Any
) -> None:
    from webapp.projects.models import Project

    other = Project.objects.create(name="Other", slug="other")
    sample = make_sample(project, items=2)
    make_sample(other, items=2)
    assert {item.item_id for item in lease(project, ana, 9)} == set(sample.items.values_list("pk", flat=True))
    project.paused_at, project.paused_by = timezone.now(), lea
    project.save()
    assert lease(project, ana, 9) == []
    project.paused_at = None
    project.save()
    assert len(lease(project, ana, 9)) == 2
    Sample.objects.filter(pk=sample.pk).update(is_open=False)
    assert lease(project, ana, 9) == []


def test_nobody_holds_more_than_the_limit(project: Any, ana: Any) -> None:
    make_sample(project, items=MAX_HELD + 10)
    assert len(lease(project, ana, 500)) == MAX_HELD
    assert lease_next(project_id=project.pk, user_id=ana.pk, count=1) == []


def test_a_lapsed_lease_goes_to_the_next_person_who_asks(project: Any, ana: Any, edo: Any) -> None:
    make_sample(project, items=1)
    (item,) = lease(project, ana)
    assert lease(project, edo) == []
    lapse_all()
    assert [again.item_id for again in lease(project, edo)] == [item.item_id]
    assert lease(project, ana) == []


def test_the_timer_frees_lapsed_leases_and_only_those(project: Any, ana: Any, edo: Any) -> None:
    make_sample(project, items=4)
    lease(project, ana, 2)
    lapse_all()
    lease(project, edo, 1)
    assert free_lapsed_leases() == 2
    assert free_lapsed_leases() == 0
    assert Assignment.objects.filter(state="leased").count() == 1


def test_a_slot_that_comes_free_is_met_next_although_everybody_is_past_it(project: Any, ana: Any, edo: Any) -> None:
    from webapp.projects.models import Membership

    Membership.objects.create(project=project, user=edo, role="annotator")
    make_sample(project, items=10)
    given = lease(project, ana, 2)
    assert len(lease(project, edo, 3)) == 3
    assert release_items(project_id=project.pk, user_id=ana.pk) == 2
    assert release_items(project_id=project.pk, user_id=ana.pk) == 0
    following = lease_next(project_id=project.pk, user_id=edo.pk, count=2)
    assert {item.item_id for item in following} <= {item.item_id for item in given} | {following[-1].item_id}
    assert following[0].item_id in {item.item_id for item in given}


def test_only_the_named_items_are_given_back(project: Any, ana: Any) -> None:
    make_sample(project, items=3)
    items = lease(project, ana, 3)
    assert release_items(project_id=project.pk, user_id=ana.pk, assignment_ids=[items[1].assignment_id, 10**12]) == 1
    assert [item.assignment_id for item in lease(project, ana, 2)] == [items[0].assignment_id, items[2].assignment_id]


def test_nobody_gives_back_what_others_hold(project: Any, ana: Any, edo: Any) -> None:
    make_sample(project, items=1)
    (item,) = lease(project, ana)
    assert release_items(project_id=project.pk, user_id=edo.pk, assignment_ids=[item.assignment_id]) == 0


def test_a_slot_behind_the_cursor_is_found_when_nothing_is_ahead(project: Any, ana: Any) -> None:
    make_sample(project, items=3)
    first, *_rest = lease(project, ana, 3)
    Assignment.objects.filter(pk=first.assignment_id).update(state="open", annotator=None, leased_until=None)
    found = lease_next(project_id=project.pk, user_id=ana.pk, count=1)
    assert [item.item_id for item in found] == [first.item_id]


def test_an_escalated_item_is_not_handed_out(project: Any, ana: Any) -> None:
    make_sample(project, items=2)
    escalated = SampleItem.objects.order_by("pk").first()
    assert escalated is not None
    SampleItem.objects.filter(pk=escalated.pk).update(state="escalated")
    assert escalated.pk not in {item.item_id for item in lease(project, ana)}


def test_the_database_refuses_a_slot_whose_state_is_half_told(project: Any, ana: Any) -> None:
    make_sample(project, items=1)
    with pytest.raises(IntegrityError, match="assignment_state_is_whole"):
        Assignment.objects.update(state="leased", annotator=ana)


def test_leasing_the_next_item_is_one_statement(project: Any, ana: Any, django_assert_num_queries: Any) -> None:
    make_sample(project, items=5)
    with django_assert_num_queries(1):
        assert lease_next(project_id=project.pk, user_id=ana.pk, count=1)


@pytest.mark.django_db(transaction=True)
def test_a_flushed_redis_loses_no_lease_and_no_verdict(project: Any, ana: Any) -> None:
    make_sample(project, items=3)
    items = lease(project, ana, 2)
    verdict_of(project, ana, items[0])
    cache.clear()
    assert [item.assignment_id for item in lease(project, ana, 1)] == [items[1].assignment_id]
    assert Verdict.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("overlap", [1, 3])
def test_many_people_at_once_give_each_item_exactly_n_verdicts(project: Any, overlap: int) -> None:
    crowd = people(project, 8)
    make_sample(project, items=24, overlap=overlap)
    in_threads([lambda person=person: work_until_empty(project, person) for person in crowd])
    items = SampleItem.objects.all()
    assert [item.verdicts.count() for item in items] == [overlap] * 24
    assert all(len(set(item.verdicts.values_list("annotator_id", flat=True))) == overlap for item in items)
    assert not Assignment.objects.exclude(state=AssignmentState.DONE).exists()


def ask_eight_times_at_once(project: Any, user: Any) -> list[int]:
    """The items a person holds after eight requests of theirs ran side by side."""
    barrier = threading.Barrier(8)

    def ask() -> None:
        barrier.wait()
        lease_next(project_id=project.pk, user_id=user.pk, count=2)

    in_threads([ask] * 8)
    return list(Assignment.objects.filter(annotator=user).values_list("item_id", flat=True))


@pytest.mark.django_db(transaction=True)
def test_one_person_asking_eight_times_at_once_holds_no_item_twice(project: Any, ana: Any) -> None:
    make_sample(project, items=6, overlap=3)
    for _attempt in range(5):
        held = ask_eight_times_at_once(project, ana)
        assert len(held) == len(set(held)) > 0
        release_items(project_id=project.pk, user_id=ana.pk)
    assert len({item.item_id for item in lease(project, ana, 6)}) == 6


@pytest.mark.django_db(transaction=True)
def test_without_the_unique_constraint_the_same_requests_do_give_an_item_twice(project: Any, ana: Any) -> None:
    """Shows that the race of the test above is real, and that the constraint is what holds it."""
    table = "ALTER TABLE verification_assignment"
    with connection.cursor() as cursor:
        cursor.execute(f"{table} DROP CONSTRAINT assignment_person_once")
    try:
        make_sample(project, items=6, overlap=3)
        for _attempt in range(50):
            held = ask_eight_times_at_once(project, ana)
            release_items(project_id=project.pk, user_id=ana.pk)
            if len(held) > len(set(held)):
                break
        else:
            pytest.fail("eight requests at once never met the same item")
    finally:
        release_items(project_id=project.pk, user_id=ana.pk)
        with connection.cursor() as cursor:
            cursor.execute(f"{table} ADD CONSTRAINT assignment_person_once UNIQUE (item_id, round, annotator_id)")
