from collections import Counter
from typing import Any

import numpy as np
import pytest
from django.db import connection

from annotation.models import Concept, Image, Loop, LoopState, RegionAnnotation
from annotation.pipeline.loop_configs import SamplingConfig
from tests.verification.services.annotated import annotated_loop
from tests.verification.services.crowds import verdict_of, work_until_empty
from verification.models import Assignment, Sample, SampleItem
from verification.sampling import hash_cut
from verification.services.queue import lease_items
from verification.services.sample_draws import NothingToSample
from verification.services.samples import close_sample, draw_tag_sample

pytestmark = pytest.mark.django_db

SKEWED = {"cup": 400, "jug": 60, "spoon": 12, "ladle": 4, "whisk": 1}
SHORT_SEED = 11  # with it the cut leaves a concept with too few hashes


def running_loop(project: Any, parent: Loop, number: int = 1) -> Loop:
    Loop.objects.filter(project=project, state=LoopState.RUNNING).update(state=LoopState.FINISHED)
    return Loop.objects.create(project=project, number=number, parent=parent, config_digest="1" * 64)


def draw(project: Any, zero: Loop, *, number: int = 1, **options: Any) -> Sample:
    return draw_tag_sample(loop=running_loop(project, zero, number), annotated_loop=zero, **options)


def first_words(sample: Sample) -> Counter[str]:
    return Counter(item.shown["tags"][0]["text"] for item in sample.items.all())


def test_rare_concepts_are_taken_whole_and_frequent_ones_by_their_quota(project: Any) -> None:
    sample = draw(project, annotated_loop(project, SKEWED), seed=1)
    found = first_words(sample)
    assert (found["whisk"], found["ladle"]) == (1, 4)
    assert found["cup"] == 90
    assert (found["jug"], found["spoon"]) == (60, 12)  # their quotas, 63 and 41, are more than there are
    assert sum(found.values()) == sample.items.count() == sample.config["drawn"]["items"]


def test_every_item_keeps_the_probability_with_which_it_was_drawn(project: Any) -> None:
    sample = draw(project, annotated_loop(project, SKEWED), seed=1)
    for item in sample.items.all():
        frequency = SKEWED[item.shown["tags"][0]["text"]]
        assert item.inclusion_probability == pytest.approx(90 / 400 if frequency == 400 else 1.0)
    assert sum(1 / item.inclusion_probability for item in sample.items.all()) == pytest.approx(477)


def test_what_is_shown_is_a_frozen_copy(project: Any) -> None:
    zero = annotated_loop(project, {"cup": 3})
    item = draw(project, zero).items.order_by("pk")[0]
    cup, thing = Concept.objects.get(text="cup"), Concept.objects.get(text="thing")
    assert item.shown == {
        "tags": [
            {"concept_id": cup.pk, "text": "cup", "score": 0.75, "role_mask": 1},
            {"concept_id": thing.pk, "text": "thing", "score": 0.25, "role_mask": 8},
        ]
    }
    Concept.objects.filter(pk=cup.pk).update(display="Cup!")
    item.refresh_from_db()
    assert item.shown["tags"][0]["text"] == "cup"
    region = RegionAnnotation.objects.get(loop_id=zero.pk, region_id=item.region_ids[0])
    assert item.image_id == region.image_id


def test_the_same_seed_draws_the_same_regions_and_another_seed_others(project: Any) -> None:
    zero = annotated_loop(project, SKEWED)
    drawn = []
    for number, seed in ((1, 5), (2, 5), (3, 6)):
        sample = draw(project, zero, number=number, seed=seed)
        drawn.append({tuple(ids) for ids in sample.items.values_list("region_ids", flat=True)})
    assert drawn[0] == drawn[1] != drawn[2]


def test_the_smallest_hashes_of_each_concept_are_taken_also_where_few_lie_below_the_cut(project: Any) -> None:
    zero = annotated_loop(project, {f"word {number}": 40 for number in range(150)})
    sample = draw(project, zero, seed=SHORT_SEED)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT array_agg(region_id ORDER BY hash, region_id), array_agg(hash ORDER BY hash) "
            "FROM (SELECT *, hashint8extended(region_id, %s::bigint) AS hash FROM annotation_regionannotation) hashed "
            "WHERE loop_id = %s GROUP BY concept_ids[1]",
            [SHORT_SEED, zero.pk],
        )
        found = cursor.fetchall()
    expected = {region for regions, _hashes in found for region in regions[:6]}
    assert {item.region_ids[0] for item in sample.items.all()} == expected
    cut = hash_cut(np.array([6]), np.array([40]))[0]
    assert min(sum(hashed / 2**64 + 0.5 <= cut for hashed in hashes) for _regions, hashes in found) < 6


def test_no_working_table_is_left(project: Any) -> None:
    draw(project, annotated_loop(project, {"cup": 3}))
    assert not [name for name in connection.introspection.table_names() if name.startswith("sample_")]


def test_a_second_draw_for_the_same_loop_is_the_first_one(project: Any) -> None:
    zero = annotated_loop(project, SKEWED)
    loop = running_loop(project, zero)
    once = draw_tag_sample(loop=loop, annotated_loop=zero, seed=1)
    again = draw_tag_sample(loop=loop, annotated_loop=zero, seed=2)
    assert once == again
    assert SampleItem.objects.count() == once.config["drawn"]["items"]


def test_a_budget_bounds_the_sample(project: Any) -> None:
    sample = draw(project, annotated_loop(project, SKEWED), budget=40, seed=3)
    assert sample.items.count() == 40


def test_a_budget_smaller_than_the_number_of_concepts_still_gives_a_weighted_sample(project: Any) -> None:
    zero = annotated_loop(project, {f"word {number}": 10 for number in range(50)})
    sample = draw(project, zero, budget=10, seed=3)
    assert sample.items.count() == 10
    assert [item.inclusion_probability for item in sample.items.all()] == pytest.approx([0.02] * 10)


def test_each_item_has_as_many_slots_as_people_are_wanted_and_they_are_in_random_order(project: Any) -> None:
    project.overlap = 3
    project.save()
    sample = draw(project, annotated_loop(project, {"cup": 60}), seed=2)
    slots = Assignment.objects.filter(sample=sample)
    assert sample.overlap == 3
    assert slots.count() == 3 * sample.items.count()
    assert Counter(slots.values_list("slot", flat=True)) == Counter(dict.fromkeys(range(3), sample.items.count()))
    regions = [region for (region,) in slots.order_by("rank").values_list("item__region_ids", flat=True)]
    assert regions[::3] == regions[1::3] == regions[2::3]  # the slots of an item stand together
    assert regions[::3] != sorted(regions[::3])
    assert slots.values("rank").distinct().count() == slots.count()


def test_rare_concepts_can_be_left_out_and_the_report_says_how_many(project: Any) -> None:
    zero = annotated_loop(project, SKEWED)
    sample = draw(project, zero, config=SamplingConfig(min_frequency=10, max_concepts=2))
    assert set(first_words(sample)) == {"cup", "jug"}
    assert sample.config["drawn"]["left_out"] == {
        "regions_verified_before": 0,
        "concepts_below_minimum": 2,
        "regions_below_minimum": 5,
        "concepts_cut": 1,
        "regions_cut": 12,
    }


def test_only_the_first_photos_are_in_the_frame(project: Any) -> None:
    zero = annotated_loop(project, {"cup": 40}, images=4)
    first = Image.objects.order_by("pk")[:2]
    sample = draw(project, zero, config=SamplingConfig(first_images=2))
    assert {item.image_id for item in sample.items.all()} == {image.pk for image in first}
    assert sample.config["drawn"]["regions"] == 20


def test_an_alias_counts_for_the_concept_it_stands_for_and_is_shown_by_its_name(project: Any) -> None:
    zero = annotated_loop(project, {"cup": 8, "mug": 8, "beaker": 8})
    cup, mug, beaker = (Concept.objects.get(text=word) for word in ("cup", "mug", "beaker"))
    Concept.objects.filter(pk=beaker.pk).update(alias_of=mug)
    Concept.objects.filter(pk=mug.pk).update(alias_of=cup)
    sample = draw(project, zero)
    assert sample.config["drawn"]["concepts"] == 1
    assert first_words(sample) == Counter({"cup": sample.items.count()})
    assert {item.shown["tags"][0]["concept_id"] for item in sample.items.all()} <= {cup.pk, mug.pk, beaker.pk}


def test_two_names_of_one_concept_are_shown_once(project: Any) -> None:
    zero = annotated_loop(project, {"cup": 5})
    Concept.objects.filter(text="thing").update(alias_of=Concept.objects.get(text="cup"))
    for item in draw(project, zero).items.all():
        assert [tag["text"] for tag in item.shown["tags"]] == ["cup"]


def test_regions_with_an_accepted_tag_leave_the_frame_and_fully_rejected_ones_wait_for_new_tags(
    project: Any, ana: Any
) -> None:
    zero = annotated_loop(project, {"cup": 6})
    draw(project, zero)
    all_right, all_wrong, *_ = lease_items(project_id=project.pk, user_id=ana.pk, count=6)
    verdict_of(project, ana, all_right, wrong=0)
    verdict_of(project, ana, all_wrong, wrong=2)
    judged = {item.item_id: item for item in (all_right, all_wrong)}
    regions = {number: SampleItem.objects.get(pk=number).region_ids[0] for number in judged}
    again = draw(project, zero, number=2)
    assert {item.region_ids[0] for item in again.items.all()}.isdisjoint(regions.values())
    assert again.items.count() == 4
    # Annotated anew, the region of which all was wrong is asked about again; the accepted one is not.
    one = annotated_loop(project, {}, number=9)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO annotation_regionannotation SELECT %s, region_id, image_id, concept_ids, scores, role_masks, "
            "raw_score, size_class, producer_id, '', NULL FROM annotation_regionannotation WHERE loop_id = %s",
            [one.pk, zero.pk],
        )
    third = draw_tag_sample(loop=running_loop(project, one, 10), annotated_loop=one)
    asked = {item.region_ids[0] for item in third.items.all()}
    assert regions[all_wrong.item_id] in asked
    assert regions[all_right.item_id] not in asked


def test_when_everything_is_verified_there_is_nothing_to_draw_and_nothing_is_written(project: Any, ana: Any) -> None:
    zero = annotated_loop(project, {"cup": 4})
    draw(project, zero)
    work_until_empty(project, ana)
    with pytest.raises(NothingToSample, match="of 0 regions"):
        draw(project, zero, number=2)
    assert Sample.objects.count() == 1


def test_another_projects_verdicts_do_not_touch_the_frame(project: Any, ana: Any) -> None:
    from webapp.projects.models import Project

    zero = annotated_loop(project, {"cup": 4})
    draw(project, zero)
    work_until_empty(project, ana)
    other = Project.objects.create(name="Other", slug="other")
    assert draw(other, annotated_loop(other, {"cup": 4})).items.count() == 4


def test_a_closed_sample_frees_its_leases_and_hands_out_nothing(project: Any, ana: Any) -> None:
    sample = draw(project, annotated_loop(project, {"cup": 6}))
    assert lease_items(project_id=project.pk, user_id=ana.pk, count=3)
    assert close_sample(sample.pk)
    assert not close_sample(sample.pk)
    assert not Assignment.objects.exclude(state="open").exists()
    assert lease_items(project_id=project.pk, user_id=ana.pk, count=3) == []


def test_the_draw_costs_a_fixed_number_of_statements(project: Any, django_assert_max_num_queries: Any) -> None:
    small = annotated_loop(project, {"cup": 3})
    with django_assert_max_num_queries(40) as few:
        draw(project, small, seed=1)
    large = annotated_loop(project, {f"word {number}": 30 for number in range(100)}, number=5)
    with django_assert_max_num_queries(len(few)):
        draw_tag_sample(loop=running_loop(project, large, 6), annotated_loop=large, seed=1)
