"""The one rule of what counts as verified, case by case and against the arithmetic."""

import random
from typing import Any

import pytest
from django.db import connection

from annotation.models import Concept, Loop, LoopState
from tests.factories import WORDS, make_concepts, make_sample
from tests.verification.judgements import items_of, judge, reopen
from tests.verification.services.crowds import people
from verification.models import ItemState, Sample, SampleItem, TaskKind
from verification.quality import Outcome, majority
from verification.selectors.verified import ACCEPTED_REGIONS_SQL, VerifiedRegion, verified_regions
from verification.services.verdicts import withdraw_verdict
from webapp.projects.models import Project

pytestmark = pytest.mark.django_db


def _verified(project: Any) -> dict[int, VerifiedRegion]:
    regions = SampleItem.objects.filter(sample__project=project).values_list("region_ids", flat=True)
    return verified_regions(project_id=project.pk, region_ids={region_id for (region_id,) in regions})


def _texts(decisions: Any) -> list[str]:
    by_id = {concept.pk: concept.display for concept in Concept.objects.all()}
    return [by_id[decision.concept_id] for decision in decisions]


def _item(project: Any, *, overlap: int = 1) -> SampleItem:
    return items_of(make_sample(project, items=1, overlap=overlap))[0]


def _asked_again(item: SampleItem, words: tuple[str, ...]) -> SampleItem:
    """The same region in the next loop, with these tags."""
    project, number = item.sample.project, item.sample.loop.number
    Loop.objects.filter(project=project).update(state=LoopState.FINISHED)
    loop = Loop.objects.create(project=project, number=number + 1, config_digest="2" * 64, parent=item.sample.loop)
    sample = Sample.objects.create(
        project=project, loop=loop, annotated_loop=item.sample.loop, task_kind=TaskKind.TAG, seed=2
    )
    tags = [
        {"concept_id": concept.pk, "text": concept.display, "score": 0.5, "role_mask": 2}
        for concept in make_concepts(words)
    ]
    again = SampleItem.objects.create(
        sample=sample,
        image=item.image,
        region_ids=item.region_ids,
        shown={"tags": tags},
        inclusion_probability=0.5,
    )
    again.assignments.create(sample=sample, rank=1)
    return again


def test_nothing_is_verified_before_anybody_judged(project: Any) -> None:
    make_sample(project)
    assert _verified(project) == {}
    assert verified_regions(project_id=project.pk, region_ids=[]) == {}


def test_what_was_not_marked_is_right(project: Any, ana: Any) -> None:
    item = _item(project)
    judge(item, ana, WORDS[0], WORDS[3])
    (region,) = _verified(project).values()
    assert region.region_id == item.region_ids[0]
    assert _texts(region.accepted) == [WORDS[1], WORDS[2], WORDS[4]]
    assert _texts(region.rejected) == [WORDS[0], WORDS[3]]
    assert region.effective is region.accepted[0]
    assert (region.loop_number, region.people, region.agreement) == (1, 1, 1.0)
    assert region.first_on == region.last_on


def test_a_region_whose_tags_are_all_wrong_is_verified_without_a_tag(project: Any, ana: Any) -> None:
    judge(_item(project), ana, *WORDS[:5])
    (region,) = _verified(project).values()
    assert region.effective is None
    assert len(region.rejected) == 5


def test_a_withdrawn_verdict_does_not_count(project: Any, ana: Any) -> None:
    from uuid import uuid4

    key = judge(_item(project), ana)
    assert _verified(project)
    withdraw_verdict(project_id=project.pk, user_id=ana.pk, verdict_key=key, key=uuid4())
    assert _verified(project) == {}


def test_all_n_people_must_have_judged(project: Any) -> None:
    item = _item(project, overlap=3)
    crowd = people(project, 3)
    for person in crowd[:2]:
        judge(item, person)
        assert _verified(project) == {}
    judge(item, crowd[2])
    assert len(_verified(project)) == 1


def test_one_dissent_of_three_is_overruled_and_shows_in_the_agreement(project: Any) -> None:
    item = _item(project, overlap=3)
    crowd = people(project, 3)
    judge(item, crowd[0], WORDS[0])
    judge(item, crowd[1], WORDS[0])
    judge(item, crowd[2], WORDS[4])
    (region,) = _verified(project).values()
    assert _texts(region.rejected) == [WORDS[0]]
    assert region.people == 3
    assert region.agreement == pytest.approx(13 / 15)


@pytest.mark.parametrize("overlap", [2, 4])
def test_a_tie_on_one_tag_leaves_the_item_disputed(project: Any, overlap: int) -> None:
    item = _item(project, overlap=overlap)
    for number, person in enumerate(people(project, overlap)):
        judge(item, person, *([WORDS[1]] if number % 2 else []))
    assert _verified(project) == {}


def test_an_item_with_the_lead_does_not_count(project: Any, ana: Any) -> None:
    item = _item(project)
    judge(item, ana)
    SampleItem.objects.filter(pk=item.pk).update(state=ItemState.ESCALATED)
    assert _verified(project) == {}


def test_where_review_is_required_nothing_counts_before_packages_are_reviewed(project: Any, ana: Any) -> None:
    judge(_item(project), ana)
    Project.objects.filter(pk=project.pk).update(review_required=True)
    assert _verified(project) == {}


def test_a_reopened_item_is_unverified_until_its_new_round_is_judged(project: Any, ana: Any) -> None:
    item = _item(project)
    judge(item, ana)
    reopen(item)
    assert _verified(project) == {}
    judge(item, people(project, 1)[0], WORDS[0])
    (region,) = _verified(project).values()
    assert _texts(region.rejected) == [WORDS[0]]


def test_the_latest_loop_decides_about_each_concept(project: Any, ana: Any) -> None:
    item = _item(project)
    judge(item, ana, WORDS[0], WORDS[2], WORDS[3], WORDS[4])
    judge(_asked_again(item, (WORDS[5], WORDS[0], WORDS[1])), ana, WORDS[1])
    (region,) = _verified(project).values()
    assert _texts(region.accepted) == [WORDS[5], WORDS[0]]
    assert _texts(region.rejected) == [WORDS[1], WORDS[2], WORDS[3], WORDS[4]]
    assert region.loop_number == 2
    assert [decision.loop_number for decision in region.rejected] == [2, 1, 1, 1]


def test_the_effective_tag_of_an_earlier_loop_stays_when_a_later_one_accepts_none(project: Any, ana: Any) -> None:
    item = _item(project)
    judge(item, ana, WORDS[0])
    judge(_asked_again(item, (WORDS[5],)), ana, WORDS[5])
    (region,) = _verified(project).values()
    assert region.effective
    assert _texts([region.effective]) == [WORDS[1]]


def test_an_unjudged_item_of_a_later_loop_takes_nothing_away(project: Any, ana: Any) -> None:
    item = _item(project)
    judge(item, ana)
    _asked_again(item, (WORDS[5],))
    assert len(_verified(project)) == 1


def test_a_concept_that_was_merged_is_decided_once_and_right_wins(project: Any, ana: Any) -> None:
    item = _item(project)
    kept, merged = Concept.objects.get(text=WORDS[0]), Concept.objects.get(text=WORDS[1])
    judge(item, ana, WORDS[0])
    Concept.objects.filter(pk=merged.pk).update(alias_of=kept)
    (region,) = _verified(project).values()
    assert [decision.concept_id for decision in region.accepted] == [merged.pk, *_ids(WORDS[2:5])]
    assert region.rejected == ()


def _ids(words: tuple[str, ...]) -> list[int]:
    return [concept.pk for concept in make_concepts(words)]


def test_aliases_in_a_circle_do_not_hang(project: Any, ana: Any) -> None:
    judge(_item(project), ana)
    first, second = make_concepts(WORDS[:2])
    Concept.objects.filter(pk=first.pk).update(alias_of=second)
    Concept.objects.filter(pk=second.pk).update(alias_of=first)
    (region,) = _verified(project).values()
    assert len(region.accepted) == 5


def test_another_projects_regions_are_never_told(project: Any, ana: Any) -> None:
    item = _item(project)
    judge(item, ana)
    other = Project.objects.create(name="Other", slug="other")
    assert verified_regions(project_id=other.pk, region_ids=item.region_ids) == {}


def test_reading_takes_two_queries_however_many_regions(project: Any, ana: Any, django_assert_num_queries: Any) -> None:
    sample = make_sample(project, items=12, images=3)
    for item in items_of(sample):
        judge(item, ana)
    with django_assert_num_queries(2):
        found = verified_regions(project_id=project.pk, region_ids=range(10_000))
    assert len(found) == 12


def test_the_statement_and_the_arithmetic_agree_on_every_way_to_vote(project: Any) -> None:
    crowd, rng = people(project, 9), random.Random(5)
    expected: dict[int, list[Outcome]] = {}
    for overlap in range(1, 10):
        loop = Loop.objects.create(
            project=project, number=overlap, config_digest=str(overlap) * 64, state=LoopState.FINISHED
        )
        sample = make_sample(_spare_project(overlap), items=20, overlap=overlap)
        Sample.objects.filter(pk=sample.pk).update(project=project, loop=loop)
        for item in items_of(sample):
            ids = [tag["concept_id"] for tag in item.shown["tags"]]
            votes = [[concept for concept in ids if rng.random() < 0.4] for _ in range(overlap)]
            _vote(item, crowd, votes)
            against = [sum(concept in rejected for rejected in votes) for concept in ids]
            expected[item.region_ids[0]] = [majority(count, overlap) for count in against]
    found = verified_regions(project_id=project.pk, region_ids=expected)
    clear = {region for region, outcomes in expected.items() if Outcome.DISPUTED not in outcomes}
    assert set(found) == clear
    assert 20 < len(clear) < len(expected)
    for region_id, region in found.items():
        assert len(region.accepted) == expected[region_id].count(Outcome.ACCEPTED)
        assert len(region.rejected) == expected[region_id].count(Outcome.REJECTED)
    with connection.cursor() as cursor:
        cursor.execute(ACCEPTED_REGIONS_SQL, {"project_id": project.pk})
        accepted = {row[0] for row in cursor.fetchall()}
    assert accepted == {region_id for region_id, region in found.items() if region.effective}


def _spare_project(number: int) -> Any:
    return Project.objects.create(name=f"Spare {number}", slug=f"spare-{number}")


def _vote(item: SampleItem, crowd: list[Any], votes: list[list[int]]) -> None:
    """Close the item's slots with these rejections, one list per person."""
    from uuid import uuid4

    from verification.models import Verdict

    for slot, person, rejected in zip(item.assignments.order_by("slot"), crowd, votes, strict=False):
        verdict = Verdict.objects.create(
            assignment=slot, item=item, annotator=person, key=uuid4(), rejected_ids=rejected, seconds=1
        )
        slot.state, slot.annotator, slot.verdict = "done", person, verdict
        slot.save()


def test_regions_with_a_right_tag_follow_the_latest_loop(project: Any, ana: Any) -> None:
    item = _item(project)
    judge(item, ana, *WORDS[1:5])
    assert _accepted(project) == item.region_ids
    judge(_asked_again(item, (WORDS[0],)), ana, WORDS[0])
    assert _accepted(project) == []


def _accepted(project: Any) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(ACCEPTED_REGIONS_SQL, {"project_id": project.pk})
        return [row[0] for row in cursor.fetchall()]
