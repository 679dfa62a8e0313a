"""Many items at once: asked again, removed, brought back; counted before, and only what may be touched."""

from typing import Any

import pytest

from tests.factories import make_sample
from tests.verification.judgements import items_of, judge
from tests.verification.packages import judged_sample, member, packed, reviewed
from verification.models import Assignment, ItemState, Sample, SampleItem, Verdict
from verification.selectors.items import ItemFilter, ItemShows, items_page, matching_ids
from verification.services.bulk_items import BulkAction, act_on_items, plan_action
from verification.services.queue import lease_items
from verification.services.work_assignment import assign_items
from webapp.core.errors import BadInput
from webapp.projects.models import Project

pytestmark = pytest.mark.django_db


def ids_of(sample: Sample) -> list[int]:
    return [item.pk for item in items_of(sample)]


def act(project: Any, lea: Any, action: BulkAction, ids: list[int]) -> Any:
    return act_on_items(project_id=project.pk, user_id=lea.pk, action=action, item_ids=ids)


def test_a_judged_item_is_asked_again_of_somebody_else(project: Any, lea: Any, ana: Any) -> None:
    sample = make_sample(project, items=2)
    first, _second = items_of(sample)
    judge(first, ana)
    ids = ids_of(sample)
    plan = act(project, lea, BulkAction.REQUEUE, ids)
    assert (plan.ids, plan.left_out) == ((first.pk,), {"asked": 1})
    assert act(project, lea, BulkAction.REQUEUE, ids).left_out == {"asked": 2}, "once is enough"
    assert first.pk not in {item.item_id for item in lease_items(project_id=project.pk, user_id=ana.pk, count=9)}
    ben = member(project, "ben", "annotator")
    assert first.pk in {item.item_id for item in lease_items(project_id=project.pk, user_id=ben.pk, count=9)}
    assert Verdict.objects.filter(item=first).count() == 1


def test_what_is_with_the_lead_goes_back_to_people(project: Any, lea: Any, ana: Any) -> None:
    (item,) = items_of(make_sample(project, items=1))
    SampleItem.objects.filter(pk=item.pk).update(state=ItemState.ESCALATED)
    assert lease_items(project_id=project.pk, user_id=ana.pk, count=1) == []
    assert act(project, lea, BulkAction.REQUEUE, [item.pk]).ids == (item.pk,)
    assert len(lease_items(project_id=project.pk, user_id=ana.pk, count=1)) == 1
    assert Assignment.objects.filter(item=item).count() == 1


def test_removed_items_are_not_handed_out_until_they_are_brought_back(project: Any, lea: Any, ana: Any) -> None:
    ids = ids_of(make_sample(project, items=3))
    lease_items(project_id=project.pk, user_id=ana.pk, count=1)
    assert act(project, lea, BulkAction.REMOVE, ids).ids == tuple(ids)
    assert act(project, lea, BulkAction.REMOVE, ids).left_out == {"removed": 3}
    assert not Assignment.objects.filter(state="leased").exists()
    assert lease_items(project_id=project.pk, user_id=ana.pk, count=9) == []
    assert act(project, lea, BulkAction.RESTORE, ids).ids == tuple(ids)
    assert act(project, lea, BulkAction.RESTORE, ids).left_out == {"not_removed": 3}
    assert len(lease_items(project_id=project.pk, user_id=ana.pk, count=9)) == 3


def test_a_package_decides_about_its_items(project: Any, lea: Any, ana: Any, edo: Any) -> None:
    sample = judged_sample(reviewed(project, size=4), ana, items=4)
    (package,) = packed(sample)
    ids = ids_of(sample)
    assert plan_action(project_id=project.pk, action=BulkAction.REQUEUE, item_ids=ids).left_out == {"packed": 4}
    type(package).objects.filter(pk=package.pk).update(state="accepted", expert=edo)
    assert plan_action(project_id=project.pk, action=BulkAction.REMOVE, item_ids=ids).left_out == {"accepted": 4}


def test_a_closed_sample_asks_nobody_again(project: Any, lea: Any, ana: Any) -> None:
    sample = make_sample(project, items=1)
    judge(items_of(sample)[0], ana)
    Sample.objects.filter(pk=sample.pk).update(is_open=False)
    assert act(project, lea, BulkAction.REQUEUE, ids_of(sample)).left_out == {"closed": 1}


def test_items_of_others_and_gold_look_as_if_they_did_not_exist(project: Any, lea: Any) -> None:
    other = Project.objects.create(name="Other", slug="other")
    theirs = ids_of(make_sample(other, items=1))
    mine = ids_of(make_sample(project, items=2))
    SampleItem.objects.filter(pk=mine[0]).update(is_gold=True)
    plan = act(project, lea, BulkAction.REMOVE, [*theirs, *mine])
    assert (plan.ids, plan.left_out) == ((mine[1],), {"gone": 2})
    assert not SampleItem.objects.filter(pk__in=[*theirs, mine[0]], state=ItemState.REMOVED).exists()


@pytest.mark.parametrize("ids", [[], list(range(1, 5002))])
def test_none_and_too_many_are_refused(project: Any, lea: Any, ids: list[int]) -> None:
    with pytest.raises(BadInput):
        act(project, lea, BulkAction.REMOVE, ids)


# --- the filter ----------------------------------------------------------------------------------------------------


def shown(sample: Sample, **filters: Any) -> list[int]:
    return [row.id for row in items_page(ItemFilter(sample, **filters)).rows]


def test_each_filter_shows_what_it_says(project: Any, lea: Any, ana: Any, edo: Any) -> None:
    sample = make_sample(project, items=6)
    done, removed, with_lead, held, _leased, _open = items = items_of(sample)
    judge(done, ana)
    SampleItem.objects.filter(pk=removed.pk).update(state=ItemState.REMOVED)
    SampleItem.objects.filter(pk=with_lead.pk).update(state=ItemState.ESCALATED)
    Assignment.objects.filter(sample=sample, state="leased").exclude(item=items[4]).update(
        state="open", annotator=None, leased_until=None
    )
    assign_items(project_id=project.pk, by_id=lea.pk, item_ids=[held.pk], person_ids=[ana.pk])
    assert shown(sample) == [item.pk for item in items]
    assert shown(sample, shows=ItemShows.DONE) == [done.pk]
    assert shown(sample, shows=ItemShows.REMOVED) == [removed.pk]
    assert shown(sample, shows=ItemShows.LEAD) == [with_lead.pk]
    assert shown(sample, shows=ItemShows.WORKING) == [items[4].pk]
    assert shown(sample, shows=ItemShows.OPEN) == [held.pk, items[5].pk]
    assert shown(sample, is_held=True) == [held.pk]
    assert shown(sample, annotator_id=ana.pk) == [done.pk, items[4].pk]
    assert shown(sample, annotator_id=edo.pk) == []
    concept = done.shown["tags"][0]["concept_id"]
    assert len(shown(sample, concept_id=concept)) == 6
    assert shown(sample, concept_id=0) == []
    assert shown(sample, is_skipped=True) == []


def test_pages_follow_by_key_and_gold_is_not_among_them(project: Any, monkeypatch: Any) -> None:
    from verification.selectors import items as selector

    monkeypatch.setattr(selector, "PAGE", 3)
    monkeypatch.setattr(selector, "LOOK", 4)
    sample = make_sample(project, items=10)
    ids = ids_of(sample)
    SampleItem.objects.filter(pk=ids[5]).update(is_gold=True)
    seen, after = [], 0
    while True:
        page = items_page(ItemFilter(sample), after=after)
        seen += [row.id for row in page.rows]
        if page.after is None:
            break
        after = page.after
    assert seen == [number for number in ids if number != ids[5]]
    assert matching_ids(ItemFilter(sample)) == (seen, False)


def test_a_page_takes_two_queries(project: Any, django_assert_num_queries: Any) -> None:
    sample = make_sample(project, items=30)
    with django_assert_num_queries(2):
        items_page(ItemFilter(sample, shows=ItemShows.OPEN))


@pytest.mark.parametrize("action", list(BulkAction))
def test_gold_is_in_no_list_and_no_action_touches_it(project: Any, lea: Any, ana: Any, action: BulkAction) -> None:
    sample = make_sample(project, items=2)
    gold, plain = items_of(sample)
    judge(gold, ana)
    SampleItem.objects.filter(pk=gold.pk).update(is_gold=True)
    assert [row.id for row in items_page(ItemFilter(sample=sample)).rows] == [plain.pk]
    assert matching_ids(ItemFilter(sample=sample))[0] == [plain.pk]
    slots = list(Assignment.objects.filter(item=gold).values())
    assert act(project, lea, action, [gold.pk]).left_out == {"gone": 1}
    given = assign_items(project_id=project.pk, by_id=lea.pk, item_ids=[gold.pk], person_ids=[ana.pk])
    assert (given.item_ids, given.left_out) == ((), 1)
    assert list(Assignment.objects.filter(item=gold).values()) == slots
    gold.refresh_from_db()
    assert gold.state == ItemState.OPEN
