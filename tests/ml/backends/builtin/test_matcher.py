"""The source prior ranks by who proposed a tag, and by nothing it has not seen."""

from dataclasses import dataclass

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ml.backends.builtin.matcher import OWN_PRIOR, SHARED_PRIOR, SourcePrior
from tests.ml.backends.photos import TestPhoto

PHOTO = TestPhoto(Image.new("RGB", (4, 4)), 400, 400)
LARGE, SMALL = [0.0, 0, 400, 380], [100.0, 190, 120, 210]


@dataclass
class Tag:
    text: str
    role_names: tuple[str, ...]
    rank: int = 0
    parent: str | None = None


def match(boxes: list, shared: list[Tag], own: list[list[Tag]]):
    [scores] = SourcePrior().match([PHOTO], [np.array(boxes, dtype=np.float64).reshape(-1, 4)], [shared], [own])
    return scores


def test_the_regions_own_tags_come_first() -> None:
    scores = match([LARGE], [Tag("cup", ("spotter",))], [[Tag("mug", ("imported",)), Tag("jar", ("detector",))]])
    assert scores.own[0][0] > scores.own[0][1] > scores.shared[0, 0]


def test_for_the_photo_spotter_splitter_imaginator() -> None:
    tags = [Tag("a", ("spotter",)), Tag("b", ("splitter",)), Tag("c", ("imaginator",))]
    row = match([[0.0, 0, 200, 200]], tags, [[]]).shared[0]
    assert row[0] > row[1] > row[2]


def test_two_proposers_count_more_than_one() -> None:
    row = match([LARGE], [Tag("a", ("splitter", "imaginator")), Tag("b", ("splitter",))], [[]]).shared[0]
    assert row[0] > row[1]


def test_parts_fit_small_regions_and_the_spotters_first_large_ones() -> None:
    scores = match([LARGE, SMALL], [Tag("cat", ("spotter",)), Tag("ear", ("splitter",))], [[], []]).shared
    assert scores[0, 0] > scores[1, 0]
    assert scores[1, 1] > scores[0, 1]
    assert scores[1, 1] > scores[1, 0]


def test_the_sky_is_above_and_the_floor_below() -> None:
    tags = [Tag("blue sky", ("spotter",)), Tag("floor", ("spotter",))]
    top, bottom = match([[0.0, 0, 400, 50], [0.0, 350, 400, 400]], tags, [[], []]).shared
    assert top[0] > top[1]
    assert bottom[1] > bottom[0]


def test_earlier_tags_of_a_role_win() -> None:
    row = match([LARGE], [Tag("a", ("spotter",), 0), Tag("b", ("spotter",), 1)], [[]]).shared[0]
    assert row[0] > row[1]


roles = st.sets(st.sampled_from(sorted({*OWN_PRIOR, *SHARED_PRIOR, "class_agnostic"}))).map(tuple)
tags = st.lists(st.builds(Tag, st.sampled_from(["cup", "sky", "floor"]), roles, st.integers(0, 300)), max_size=5)


@given(tags, st.lists(tags, max_size=3))
def test_scores_have_their_shape_and_stay_between_0_and_1(shared: list[Tag], own: list[list[Tag]]) -> None:
    boxes = [[10.0 * number, 5, 10.0 * number + 50, 60] for number in range(len(own))]
    scores = match(boxes, shared, own)
    assert scores.shared.shape == (len(own), len(shared))
    assert [len(mine) for mine in scores.own] == [len(mine) for mine in own]
    for values in (scores.shared, *scores.own):
        assert ((values >= 0) & (values <= 1)).all()
