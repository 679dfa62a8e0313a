"""How regions spread over concepts: counted, or taken from the database's statistics."""

from typing import Any

import pytest
from django.db import connection, transaction

from annotation.models import Loop
from annotation.pipeline.loop_configs import SamplingConfig
from tests.annotation.scenes import make_scene, rename
from tests.verification.judgements import judge_all
from tests.verification.services.annotated import annotated_loop
from verification.models import ConceptSpread
from verification.selectors import concept_spreads
from verification.selectors.concept_spreads import preview_of_loop, spread_of_loop
from verification.services.audit_draws import draw_audit
from verification.services.concept_spreads import count_spread
from verification.services.samples import draw_tag_sample

pytestmark = pytest.mark.django_db


def test_few_regions_are_counted(project: Any) -> None:
    loop = make_scene(project, photos=3, regions=4)
    spread = spread_of_loop(loop.pk)
    assert spread is not None
    assert spread.is_exact
    assert spread.frequencies.tolist() == [3, 3, 3, 3]


def test_many_regions_are_estimated_from_statistics(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = make_scene(project, photos=5, regions=6)
    monkeypatch.setattr(concept_spreads, "MOST_COUNTED", 10)
    assert spread_of_loop(loop.pk) is None
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE annotation_regionannotation_{loop.pk}")
    spread = spread_of_loop(loop.pk)
    assert spread is not None
    assert not spread.is_exact
    assert spread.regions == 30
    assert sorted(spread.frequencies.tolist()) == [5] * 6


def test_a_loop_without_annotations_has_an_empty_spread(project: Any) -> None:
    spread = spread_of_loop(make_scene(project, photos=0).pk)
    assert spread is not None
    assert spread.regions == 0


# --- previews

TAIL = {"cup": 300, "jug": 80, "spoon": 12, "ladle": 3, "whisk": 1}


def next_loop(project: Any, parent: Loop, number: int) -> Loop:
    Loop.objects.filter(project=project).update(state="finished")
    return Loop.objects.create(project=project, number=number, parent=parent, config_digest="1" * 64)


@pytest.mark.parametrize(
    "sampling",
    [
        SamplingConfig(),
        SamplingConfig(budget=60),
        SamplingConfig(min_frequency=10, max_concepts=2),
        SamplingConfig(first_images=1),
    ],
)
def test_a_preview_says_what_the_draw_then_takes(project: Any, ana: Any, sampling: SamplingConfig) -> None:
    zero = annotated_loop(project, TAIL)
    rename("ladle", "spoon")
    draw_audit(loop=zero, size=20)
    judge_all(draw_tag_sample(loop=next_loop(project, zero, 1), annotated_loop=zero, budget=30, seed=1), [ana])
    preview = preview_of_loop(zero, sampling)
    assert preview is not None
    sample = draw_tag_sample(loop=next_loop(project, zero, 2), annotated_loop=zero, config=sampling, seed=2)
    drawn = sample.config["drawn"]
    assert preview.is_exact
    assert abs(preview.items - drawn["items"]) <= 1
    assert (preview.regions, preview.concepts) == (drawn["regions"], drawn["concepts"])
    left_out = drawn["left_out"]
    assert (preview.concepts_below, preview.regions_cut) == (
        left_out["concepts_below_minimum"],
        left_out["regions_cut"],
    )
    assert preview.verified_before == left_out["regions_verified_before"] == 50


def test_a_preview_writes_nothing(project: Any) -> None:
    zero = annotated_loop(project, TAIL)
    before = transaction.savepoint()
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
    preview = preview_of_loop(zero, SamplingConfig())
    transaction.savepoint_rollback(before)
    assert preview is not None
    assert [row.text for row in preview.rows] == ["cup", "jug", "spoon", "ladle", "whisk"]


def test_what_was_counted_when_the_loop_was_finished_is_used_when_there_is_too_much_to_count(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    zero = annotated_loop(project, TAIL)
    monkeypatch.setattr(concept_spreads, "MOST_COUNTED", 10)
    kept = count_spread(zero)
    assert kept is not None
    assert kept.spectrum == [[300, 1], [80, 1], [12, 1], [3, 1], [1, 1]]
    preview = preview_of_loop(zero, SamplingConfig(budget=60))
    assert preview is not None
    assert (preview.items, preview.regions, preview.concepts) == (60, 396, 5)
    assert (preview.is_exact, preview.verified_before) == (False, None)
    assert [(row.text, row.frequency) for row in preview.rows] == list(TAIL.items())


def test_counting_again_replaces_what_was_counted(project: Any) -> None:
    zero = annotated_loop(project, {"cup": 4})
    count_spread(zero)
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM annotation_regionannotation WHERE region_id = (SELECT max(id) FROM annotation_region)"
        )
    count_spread(zero)
    assert ConceptSpread.objects.get().spectrum == [[3, 1]]
    empty = make_scene(project, photos=0, loop=next_loop(project, zero, 1))
    assert count_spread(empty) is None


def test_examples_that_are_kept_are_few(project: Any) -> None:
    zero = annotated_loop(project, {f"word {number}": 1 + number // 3 for number in range(120)})
    kept = count_spread(zero)
    assert kept is not None
    assert len(kept.examples) <= 12 + 3 * 2 + 3
    assert kept.examples[0][1] == 40
    assert kept.examples[-1][1] == 1
