import threading
import uuid
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from annotation.models import Loop, LoopState
from tests.factories import make_sample
from tests.verification.services.crowds import in_threads, people
from verification.models import Assignment, LedgerEntry, Sample, SampleItem, TaskKind, Verdict
from verification.services.queue import LeasedItem, lease_items
from verification.services.submissions import submit_verdict
from verification.services.tickets import issue_ticket
from verification.services.verdicts import Receipt
from webapp.core.errors import BadInput, Conflict
from webapp.projects.models import Project

pytestmark = pytest.mark.django_db


def submit(
    project: Any, user: Any, item: LeasedItem, *, want: int = 1, key: uuid.UUID | None = None, rejected: Any = None
) -> tuple[Receipt, list[LeasedItem]]:
    return submit_verdict(
        project_id=project.pk,
        user_id=user.pk,
        assignment_id=item.assignment_id,
        rejected_ids=[item.tags[0].concept_id] if rejected is None else rejected,
        seconds=2,
        key=key or uuid.uuid4(),
        ticket=issue_ticket(user_id=user.pk, assignment_id=item.assignment_id),
        want=want,
    )


def lease(project: Any, user: Any, count: int = 1) -> list[LeasedItem]:
    return lease_items(project_id=project.pk, user_id=user.pk, count=count)


@pytest.mark.django_db(transaction=True)
def test_verdict_and_next_item_are_one_statement(project: Any, ana: Any, django_assert_num_queries: Any) -> None:
    make_sample(project, items=5)
    (item,) = lease(project, ana)
    with django_assert_num_queries(1):
        receipt, (following,) = submit(project, ana, item)
    assert Verdict.objects.get().pk == receipt.verdict_id
    assert LedgerEntry.objects.count() == 1
    assert Assignment.objects.get(pk=following.assignment_id).annotator == ana
    assert following.item_id != item.item_id
    assert [tag.text for tag in following.tags][:2] == ["milk jug", "metal cup"]


def test_several_next_items_come_in_their_order(project: Any, ana: Any) -> None:
    make_sample(project, items=6)
    (item,) = lease(project, ana)
    _receipt, items = submit(project, ana, item, want=3)
    ranks = dict(Assignment.objects.values_list("pk", "rank"))
    assert [ranks[one.assignment_id] for one in items] == sorted(ranks[one.assignment_id] for one in items)
    assert len(items) == 3


def test_the_last_item_is_recorded_although_nothing_follows(project: Any, ana: Any) -> None:
    make_sample(project, items=1)
    (item,) = lease(project, ana)
    receipt, items = submit(project, ana, item)
    assert (receipt.repeated, items) == (False, [])
    assert Verdict.objects.count() == 1


def test_a_repeated_verdict_still_brings_items(project: Any, ana: Any) -> None:
    make_sample(project, items=3)
    (item,) = lease(project, ana)
    key = uuid.uuid4()
    first, _items = submit(project, ana, item, want=0, key=key)
    again, items = submit(project, ana, item, key=key)
    assert (again.verdict_id, again.repeated, len(items)) == (first.verdict_id, True, 1)
    assert LedgerEntry.objects.count() == 1


def test_what_is_refused_leases_nothing(project: Any, ana: Any, edo: Any) -> None:
    make_sample(project, items=3)
    (item,) = lease(project, ana)
    with pytest.raises(BadInput):
        submit(project, ana, item, rejected=[10**15])
    lapsed = timezone.now() - timezone.timedelta(hours=1)
    Assignment.objects.filter(state="leased").update(leased_until=lapsed)
    assert len(lease(project, edo, 2)) == 2  # the two others; then the lapsed one
    assert item.item_id in {one.item_id for one in lease(project, edo, 3)}
    with pytest.raises(Conflict):
        submit(project, ana, item)
    assert not Assignment.objects.filter(annotator=ana).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("overlap", [1, 3])
def test_a_crowd_that_submits_and_leases_in_one_gives_each_item_exactly_n_verdicts(project: Any, overlap: int) -> None:
    crowd = people(project, 8)
    make_sample(project, items=32, overlap=overlap)
    start = threading.Barrier(len(crowd))

    def work(person: Any) -> None:
        start.wait()
        items = lease(project, person, 2)
        while items:
            _receipt, more = submit(project, person, items.pop(0), want=1)
            items += more

    in_threads([lambda person=person: work(person) for person in crowd])
    assert [item.verdicts.count() for item in SampleItem.objects.all()] == [overlap] * 32
    assert all(item.verdicts.values("annotator").distinct().count() == overlap for item in SampleItem.objects.all())
    assert not Assignment.objects.exclude(state="done").exists()


@pytest.mark.django_db(transaction=True)
def test_a_person_who_submits_two_items_at_once_meets_no_item_twice(project: Any, ana: Any) -> None:
    make_sample(project, items=12, overlap=3)
    items = lease(project, ana, 4)
    start = threading.Barrier(4)

    def both(item: LeasedItem) -> None:
        start.wait()
        submit(project, ana, item, want=2)

    in_threads([lambda item=item: both(item) for item in items])
    assert Verdict.objects.count() == LedgerEntry.objects.count() == 4
    held = list(Assignment.objects.filter(annotator=ana).values_list("item_id", flat=True))
    assert len(held) == len(set(held))


def test_what_is_kept_for_a_person_comes_next(project: Any, ana: Any, edo: Any) -> None:
    sample = make_sample(project, items=6)
    (item,) = lease(project, ana)
    kept, others = Assignment.objects.filter(sample=sample, state="open").order_by("-rank")[:2]
    Assignment.objects.filter(pk=kept.pk).update(held_for=ana)
    Assignment.objects.filter(pk=others.pk).update(held_for=edo)
    _receipt, (following,) = submit(project, ana, item)
    assert following.assignment_id == kept.pk
    _receipt, (following,) = submit(project, ana, following)
    assert following.assignment_id not in (kept.pk, others.pk)


@pytest.mark.django_db(transaction=True)
def test_one_plan_serves_all_projects(project: Any, ana: Any) -> None:
    """Also those of which PostgreSQL knows that they have fewer samples than others."""
    make_sample(project, items=1000)
    long_runner = Project.objects.create(name="Long", slug="long")
    loops = Loop.objects.bulk_create(
        Loop(project=long_runner, number=number, state=LoopState.FINISHED) for number in range(300)
    )
    Sample.objects.bulk_create(
        Sample(project=long_runner, loop=loop, annotated_loop=loops[0], task_kind=TaskKind.TAG, seed=1)
        for loop in loops
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE verification_sample, verification_assignment, verification_sampleitem")
    connection.close()  # its prepared statements and their plans go with it
    (item,) = lease(project, ana)
    for _number in range(12):
        _receipt, (item,) = submit(project, ana, item)
    with connection.cursor() as cursor:
        cursor.execute("SELECT custom_plans, generic_plans FROM pg_prepared_statements WHERE statement ~ 'INTO verif'")
        ((custom, generic),) = cursor.fetchall()
    assert custom == 5, "PostgreSQL tries five times what a plan for the very values would cost"
    assert generic > 5
