"""Cleaning keeps the best regions of every size class."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.pipeline.batches import Failure
from annotation.pipeline.cleaning import SizeClass, best_per_size_class, clean_images, size_classes
from annotation.pipeline.matching import Ranked, Ranking
from annotation.pipeline.ports import Candidate
from annotation.pipeline.roles import Role
from tests.annotation.pipeline.backends import Fake, backends, photo


def square(side: float) -> list[float]:
    return [0.0, 0.0, side, side]


@pytest.mark.parametrize(
    ("side", "size"),
    [
        (19.99, SizeClass.TINY),
        (20, SizeClass.SMALL),
        (39.99, SizeClass.SMALL),
        (40, SizeClass.MEDIUM),
        (100, SizeClass.LARGE),
        (200, SizeClass.XLARGE),
        (499.99, SizeClass.XLARGE),
        (500, SizeClass.HUGE),
    ],
)
def test_the_lower_bound_belongs_to_the_class(side: float, size: SizeClass) -> None:
    assert size_classes(np.array([square(side)])).tolist() == [size]


def test_the_class_is_by_area_not_by_sides() -> None:
    assert size_classes(np.array([[0.0, 0, 400, 1], [0.0, 0, 1, 399]])).tolist() == [1, 0]


@given(
    st.lists(st.tuples(st.sampled_from([5, 30, 60, 150, 300, 600]), st.integers(0, 4)), max_size=40),
    st.integers(1, 5),
)
def test_each_class_keeps_its_best(regions: list[tuple[int, int]], limit: int) -> None:
    boxes = np.array([square(side) for side, _ in regions], dtype=np.float64).reshape(-1, 4)
    scores = np.array([score for _, score in regions], dtype=np.float64)
    kept = best_per_size_class(boxes, scores, limit)
    assert kept == sorted(kept)
    for side in {side for side, _ in regions}:
        members = [number for number, region in enumerate(regions) if region[0] == side]
        best = sorted(members, key=lambda number: (-scores[number], number))[:limit]
        assert [number for number in kept if number in members] == sorted(best)


def ranking(score: float, *texts: str) -> Ranking:
    return tuple(Ranked(Candidate(text, Role.SPOTTER), score, score) for text in texts)


def test_regions_without_a_tag_and_the_worst_are_dropped() -> None:
    boxes = np.array([square(10), square(11), square(12), square(50)])
    rankings = [ranking(0.1, "a"), (), ranking(0.9, "b"), ranking(0.05, "c")]
    [clean] = clean_images([photo(1)], [boxes], [rankings], backends(), max_per_size_class=1)
    assert not isinstance(clean, Failure)
    assert clean.kept == (2, 3)
    assert [entries[0].candidate.text for entries in clean.rankings] == ["b", "c"]


def test_the_raw_score_decides_and_the_segmenter_reorders_the_survivors() -> None:
    boxes = np.array([square(10), square(11)])
    first = (Ranked(Candidate("a", Role.SPOTTER), 0.9, 0.1), Ranked(Candidate("b", Role.SPOTTER), 0.8, 0.05))
    second = ranking(0.5, "c")
    segmenter = Fake(cover=lambda images, _, tags: [[[t != "a" for t in ts] for ts in photo] for photo in tags])
    [clean] = clean_images([photo(1)], [boxes], [[first, second]], backends(segmenter=segmenter), max_per_size_class=1)
    assert not isinstance(clean, Failure)
    assert clean.kept == (0,)
    assert [entry.candidate.text for entry in clean.rankings[0]] == ["b", "a"]


def test_offensive_words_are_dropped_and_may_take_their_region_along() -> None:
    boxes = np.array([square(10), square(11)])
    [clean] = clean_images([photo(1)], [boxes], [[ranking(0.9, "shit"), ranking(0.1, "shit", "cup")]], backends())
    assert not isinstance(clean, Failure)
    assert clean.kept == (1,)
    assert [entry.candidate.text for entry in clean.rankings[0]] == ["cup"]


def test_a_photo_without_regions_stays_empty() -> None:
    [clean] = clean_images([photo(1)], [np.zeros((0, 4))], [[]], backends())
    assert not isinstance(clean, Failure)
    assert clean.kept == ()
