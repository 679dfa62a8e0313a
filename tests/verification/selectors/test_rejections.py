"""What people rejected for a region, as the texts that annotation must leave out."""

from typing import Any

import pytest

from annotation.models import Concept
from tests.factories import WORDS, make_sample
from tests.verification.judgements import items_of, judge, reopen
from tests.verification.services.crowds import people
from verification.models import SampleItem
from verification.selectors.rejections import rejected_texts

pytestmark = pytest.mark.django_db


def _item(project: Any, *, overlap: int = 1) -> SampleItem:
    return items_of(make_sample(project, items=1, overlap=overlap))[0]


def _rejected(project: Any, item: SampleItem) -> frozenset[str]:
    found = rejected_texts(project_id=project.pk, region_ids=[*item.region_ids, 10**12])
    assert set(found) <= set(item.region_ids)
    return found.get(item.region_ids[0], frozenset())


def test_nothing_is_left_out_before_anybody_judged(project: Any) -> None:
    assert _rejected(project, _item(project)) == frozenset()
    assert rejected_texts(project_id=project.pk, region_ids=[]) == {}


def test_what_was_marked_wrong_is_left_out(project: Any, ana: Any) -> None:
    item = _item(project)
    judge(item, ana, WORDS[0], WORDS[2])
    assert _rejected(project, item) == {WORDS[0], WORDS[2]}


def test_a_region_whose_tags_are_all_right_has_no_entry(project: Any, ana: Any) -> None:
    item = _item(project)
    judge(item, ana)
    assert rejected_texts(project_id=project.pk, region_ids=item.region_ids) == {}


def test_only_what_is_verified_counts(project: Any, ana: Any) -> None:
    item = _item(project, overlap=2)
    judge(item, ana, WORDS[0])  # one of two
    assert _rejected(project, item) == frozenset()
    ben, *_ = people(project, 1)
    judge(item, ben, WORDS[0])
    assert _rejected(project, item) == {WORDS[0]}
    reopen(item)
    assert _rejected(project, item) == frozenset()


def test_all_names_of_a_rejected_concept_are_left_out(project: Any, ana: Any) -> None:
    item = _item(project)
    judge(item, ana, WORDS[0])
    shown = Concept.objects.get(text=WORDS[0])
    kept = Concept.objects.create(text="the kept name", display="The kept name")
    Concept.objects.create(text="a third name", display="A third name", alias_of=shown)
    Concept.objects.create(text="unrelated", display="Unrelated")
    shown.alias_of = kept
    shown.save()
    assert _rejected(project, item) == {WORDS[0], "the kept name", "a third name"}


def test_another_project_decides_for_itself(project: Any, ana: Any) -> None:
    item = _item(project)
    judge(item, ana, WORDS[0])
    assert rejected_texts(project_id=project.pk + 1, region_ids=item.region_ids) == {}


def test_a_shard_costs_a_few_queries(project: Any, ana: Any, django_assert_max_num_queries: Any) -> None:
    items = items_of(make_sample(project, items=6))
    for item in items:
        judge(item, ana, WORDS[1])
    with django_assert_max_num_queries(4):
        found = rejected_texts(project_id=project.pk, region_ids=[item.region_ids[0] for item in items])
    assert set(found.values()) == {frozenset({WORDS[1]})}
    assert len(found) == 6
