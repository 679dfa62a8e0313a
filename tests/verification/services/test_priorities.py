"""What is handed out first: urgent items before the others, those for later after them; exactly n people all the same."""

from collections import Counter
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from annotation.models import Loop, LoopState
from tests.factories import make_sample
from tests.verification.judgements import items_of, judge, judge_all
from tests.verification.packages import member
from tests.verification.services.crowds import in_threads, people, verdict_of, work_until_empty
from verification.models import Assignment, ItemChange, ItemState, Priority, Sample, SampleItem, TaskKind, Verdict
from verification.selectors.item_history import history_of
from verification.selectors.items import ItemFilter, items_page, matching_ids
from verification.selectors.work import count_open_items, kinds_by_priority
from verification.services.bulk_items import BulkAction, act_on_items
from verification.services.priorities import plan_priority, set_priority, set_sample_priority
from verification.services.queue import AHEAD_SQL, lease_items, lease_next, lease_parts, lease_values, release_items
from verification.services.samples import close_sample
from verification.services.work_assignment import assign_items, assign_share
from webapp.core.errors import BadInput, NotFound

pytestmark = pytest.mark.django_db

URGENT, NORMAL, LATER = Priority.URGENT, Priority.NORMAL, Priority.LATER


def ids_of(sample: Sample) -> list[int]:
    return [item.pk for item in items_of(sample)]


def make(project: Any, lea: Any, ids: list[int], priority: Priority) -> Any:
    return set_priority(project_id=project.pk, user_id=lea.pk, item_ids=ids, priority=priority)


def leased(project: Any, user: Any, count: int = 1) -> list[int]:
    return [item.item_id for item in lease_next(project_id=project.pk, user_id=user.pk, count=count)]


def test_urgent_items_come_first_and_those_for_later_last(project: Any, lea: Any, ana: Any) -> None:
    ids = ids_of(make_sample(project, items=6))
    assert make(project, lea, [ids[0], ids[3]], LATER).ids == (ids[0], ids[3])
    make(project, lea, [ids[5], ids[4]], URGENT)
    order = [leased(project, ana)[0] for _turn in range(6)]
    assert order == [ids[4], ids[5], ids[1], ids[2], ids[0], ids[3]]
    assert leased(project, ana) == []


def test_several_at_once_come_in_that_order_too_and_again_when_the_page_is_loaded(
    project: Any, lea: Any, ana: Any
) -> None:
    ids = ids_of(make_sample(project, items=5))
    make(project, lea, [ids[3]], URGENT)
    make(project, lea, [ids[0]], LATER)
    wanted = [ids[3], ids[1], ids[2], ids[4], ids[0]]
    for _load in range(2):
        held = lease_items(project_id=project.pk, user_id=ana.pk, count=5)
        assert [item.item_id for item in held] == wanted


def test_who_is_far_into_the_sample_meets_what_became_urgent_behind_them(project: Any, lea: Any, ana: Any) -> None:
    sample = make_sample(project, items=8, overlap=2)
    ids = ids_of(sample)
    ben = member(project, "ben", "annotator")
    for _turn in range(4):
        verdict_of(project, ana, lease_next(project_id=project.pk, user_id=ana.pk, count=1)[0])
    make(project, lea, [ids[1], ids[7]], URGENT)  # ana judged the first of them
    assert leased(project, ana) == [ids[7]]
    assert leased(project, ben, 2) == [ids[1], ids[7]]
    make(project, lea, [ids[5]], URGENT)  # ranked before what both already had of the urgent ones
    assert leased(project, ana) == [ids[5]]
    assert leased(project, ben) == [ids[5]]
    assert leased(project, ana) == [ids[4]], "then on as before"


def test_one_that_is_normal_again_is_met_where_the_draw_put_it_or_next(project: Any, lea: Any, ana: Any) -> None:
    ids = ids_of(make_sample(project, items=5))
    make(project, lea, [ids[0], ids[4]], LATER)
    assert leased(project, ana, 2) == [ids[1], ids[2]]
    make(project, lea, [ids[0], ids[4]], NORMAL)
    assert set(leased(project, ana, 3)) == {ids[0], ids[3], ids[4]}


def test_a_skipped_or_released_urgent_item_is_the_next_ones_first(project: Any, lea: Any, ana: Any) -> None:
    ids = ids_of(make_sample(project, items=4))
    ben = member(project, "ben", "annotator")
    leased(project, ben)
    make(project, lea, [ids[3]], URGENT)
    assert leased(project, ana) == [ids[3]]
    assert leased(project, ben) == [ids[1]]
    release_items(project_id=project.pk, user_id=ana.pk)
    assert leased(project, ben) == [ids[3]]


def test_what_somebody_holds_stays_theirs_and_keeps_its_priority_when_it_is_given_back(
    project: Any, lea: Any, ana: Any
) -> None:
    ids = ids_of(make_sample(project, items=3))
    assert leased(project, ana) == [ids[0]]
    assert make(project, lea, [ids[0]], LATER).ids == (ids[0],)
    assert Assignment.objects.get(item_id=ids[0]).annotator_id == ana.pk
    release_items(project_id=project.pk, user_id=ana.pk)
    assert leased(project, ana, 3) == [ids[1], ids[2], ids[0]]


def test_what_is_kept_for_a_person_comes_before_everything_in_the_order_of_its_priority(
    project: Any, lea: Any, ana: Any
) -> None:
    ids = ids_of(make_sample(project, items=5))
    assign_items(project_id=project.pk, by_id=lea.pk, item_ids=[ids[2], ids[3]], person_ids=[ana.pk])
    make(project, lea, [ids[0], ids[3]], URGENT)
    assert [leased(project, ana)[0] for _turn in range(4)] == [ids[3], ids[2], ids[0], ids[1]]


def test_a_share_is_taken_from_what_would_come_next(project: Any, lea: Any, ana: Any) -> None:
    sample = make_sample(project, items=5)
    ids = ids_of(sample)
    make(project, lea, [ids[4]], URGENT)
    given = assign_share(project_id=project.pk, by_id=lea.pk, sample_id=sample.pk, count=2, person_ids=[ana.pk])
    assert given.item_ids == (ids[0], ids[4])


def test_a_new_round_has_the_priority_of_its_item(project: Any, lea: Any, ana: Any) -> None:
    sample = make_sample(project, items=3)
    items = items_of(sample)
    ben = member(project, "ben", "annotator")
    make(project, lea, [items[2].pk], URGENT)
    judge(items[2], ana)
    act_on_items(project_id=project.pk, user_id=lea.pk, action=BulkAction.REQUEUE, item_ids=[items[2].pk])
    assert leased(project, ben) == [items[2].pk]


def test_the_plan_says_why_items_are_left_out_and_twice_changes_nothing(project: Any, lea: Any, ana: Any) -> None:
    sample = make_sample(project, items=4)
    items = items_of(sample)
    judge(items[0], ana)
    SampleItem.objects.filter(pk=items[1].pk).update(state=ItemState.REMOVED)
    ids = [item.pk for item in items]
    plan = make(project, lea, [*ids, 10**9], URGENT)
    assert (plan.ids, plan.left_out) == ((ids[2], ids[3]), {"judged": 1, "removed": 1, "gone": 1})
    again = make(project, lea, ids, URGENT)
    assert (again.ids, again.left_out["same"]) == ((), 2)
    assert ItemChange.objects.count() == 2
    close_sample(sample.pk)
    assert plan_priority(project_id=project.pk, item_ids=ids[2:], priority=LATER).left_out == {"closed": 2}
    with pytest.raises(BadInput):
        make(project, lea, [], URGENT)


def test_gold_and_items_of_other_projects_are_not_touched(project: Any, lea: Any) -> None:
    from webapp.projects.models import Project

    other = Project.objects.create(name="Other", slug="other")
    foreign = ids_of(make_sample(other, items=1))
    (gold,) = items_of(make_sample(project, items=1))
    SampleItem.objects.filter(pk=gold.pk).update(is_gold=True)
    assert make(project, lea, [*foreign, gold.pk], URGENT).left_out == {"gone": 2}
    assert not SampleItem.objects.exclude(priority=NORMAL).exists()


def test_the_history_names_the_change_and_who_made_it(project: Any, lea: Any, edo: Any) -> None:
    (item,) = items_of(make_sample(project, items=1))
    make(project, lea, [item.pk], URGENT)
    told = [
        (str(event.what), event.who, event.says) for event in history_of(item, viewer_id=edo.pk, with_names=True).events
    ]
    assert ("Priority set by the project lead", lea.display_name, ["Urgent"]) in told
    for_expert = history_of(item, viewer_id=edo.pk, with_names=False)
    assert not any("Priority" in str(event.what) for event in for_expert.events)


def test_the_list_filters_by_priority(project: Any, lea: Any) -> None:
    sample = make_sample(project, items=4)
    ids = ids_of(sample)
    make(project, lea, [ids[2]], URGENT)
    wanted = ItemFilter(sample=sample, priority=URGENT)
    assert [(row.id, row.priority) for row in items_page(wanted).rows] == [(ids[2], URGENT)]
    assert matching_ids(ItemFilter(sample=sample, priority=NORMAL))[0] == [ids[0], ids[1], ids[3]]


def test_open_items_are_counted_at_every_priority(project: Any, lea: Any, ana: Any) -> None:
    ids = ids_of(make_sample(project, items=6))
    make(project, lea, ids[:2], URGENT)
    make(project, lea, ids[2:3], LATER)

    def left(most: int) -> int:
        return count_open_items(project_id=project.pk, user_id=ana.pk, at_most=most)

    assert (left(100), left(4)) == (6, 4)
    leased(project, ana, 3)
    assert left(100) == 6, "what they hold is theirs to do"


def test_of_two_samples_the_one_with_the_higher_priority_comes_first_after_urgent_items(
    project: Any, lea: Any, ana: Any
) -> None:
    first = make_sample(project, items=6)
    loop = Loop.objects.create(project=project, number=7, state=LoopState.FINISHED, config_digest="7" * 64)
    second = Sample.objects.create(
        project=project, loop=loop, annotated_loop=first.annotated_loop, task_kind=TaskKind.TAG, seed=2
    )
    moved = ids_of(first)[2:]
    SampleItem.objects.filter(pk__in=moved).update(sample=second)
    Assignment.objects.filter(item__in=moved).update(sample=second)
    assert set_sample_priority(project_id=project.pk, user_id=lea.pk, sample_id=second.pk, priority=URGENT)
    assert not set_sample_priority(project_id=project.pk, user_id=lea.pk, sample_id=second.pk, priority=URGENT)
    urgent = ids_of(first)[1]
    make(project, lea, [urgent], URGENT)
    order = [leased(project, ana)[0] for _turn in range(3)]
    assert order == [urgent, *ids_of(second)[:2]]
    assert kinds_by_priority(project.pk) == {TaskKind.TAG: URGENT}
    with pytest.raises(NotFound):
        set_sample_priority(project_id=project.pk + 1, user_id=lea.pk, sample_id=second.pk, priority=LATER)


@pytest.mark.django_db(transaction=True)
def test_among_people_at_once_each_item_has_exactly_n_whatever_its_priority(project: Any, lea: Any) -> None:
    """Their order is not promised: what another statement is looking at is passed over, and comes with the next."""
    ids = ids_of(make_sample(project, items=12, overlap=2))
    crowd = people(project, 4)
    urgent = ids[7:11]
    make(project, lea, urgent, URGENT)
    in_threads([lambda user=user: work_until_empty(project, user) for user in crowd])
    said = Counter(Verdict.objects.filter(is_withdrawal=False).values_list("item_id", flat=True))
    assert said == dict.fromkeys(ids, 2)
    for user in crowd:
        theirs = list(Verdict.objects.filter(annotator=user).order_by("id").values_list("item_id", flat=True))
        assert len(theirs) == len(set(theirs))


@pytest.mark.django_db(transaction=True)
def test_priorities_change_while_people_work_and_nothing_is_lost(project: Any, lea: Any) -> None:
    ids = ids_of(make_sample(project, items=24, overlap=2))
    crowd = people(project, 4)

    def change() -> None:
        for turn in range(12):
            make(project, lea, ids[turn : turn + 12], (URGENT, LATER, NORMAL)[turn % 3])

    in_threads([*(lambda user=user: work_until_empty(project, user) for user in crowd), change])
    for user in crowd:  # who found nothing while a change held the slots asks once more
        work_until_empty(project, user)
    said = Counter(Verdict.objects.filter(is_withdrawal=False).values_list("item_id", flat=True))
    assert said == dict.fromkeys(ids, 2)


def test_leasing_reads_slots_by_index_alone(project: Any, lea: Any, ana: Any) -> None:
    sample = make_sample(project, items=4000, overlap=2, images=2)
    ids = ids_of(sample)
    make(project, lea, ids[-300:], URGENT)
    leased(project, ana, 3)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE verification_assignment, verification_sampleitem")
    of_slots = _slots_read(project, ana)
    assert any(node.get("Index Name") == "assignment_next" and node["Actual Loops"] for node in of_slots)
    assert _touched(of_slots) < 60, "the cursor keeps it from going through what is open"


def test_leasing_does_not_read_what_somebody_did_when_statistics_are_old(project: Any, ana: Any) -> None:
    sample = make_sample(project, items=1005)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE verification_assignment, verification_sampleitem")  # nobody has done anything
    last = Assignment.objects.filter(sample=sample).order_by("-rank").values_list("pk", flat=True)[:5]
    aside = Assignment.objects.filter(pk__in=list(last))
    aside.update(state="leased", annotator=member(project, "bob", "annotator"), leased_until=timezone.now())
    judge_all(sample, [ana])
    aside.update(state="open", annotator=None, leased_until=None)
    assert _touched(_slots_read(project, ana)) < 60


def _slots_read(project: Any, person: Any) -> list[dict[str, Any]]:
    """The parts of the plan that read slots, while one is leased."""
    statement = lease_parts(1, kind=TaskKind.TAG, ahead=AHEAD_SQL, condition="true")
    with connection.cursor() as cursor:
        cursor.execute(
            f"EXPLAIN (ANALYZE, FORMAT JSON) WITH {statement} SELECT id FROM slot",  # noqa: S608
            lease_values(project.pk, person.pk),
        )
        (found,) = cursor.fetchone()
    nodes = [node for node in _nodes(found[0]["Plan"]) if node.get("Relation Name") == "verification_assignment"]
    assert {node["Node Type"] for node in nodes} <= {"Index Scan", "Index Only Scan", "ModifyTable"}
    return nodes


def _touched(nodes: list[dict[str, Any]]) -> float:
    return sum((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"] for node in nodes)


def _nodes(plan: dict[str, Any]) -> Any:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)
