import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.importers import boxes
from annotation.importers.records import Box, ItemRefused

sizes = st.tuples(st.integers(1, 5000), st.integers(1, 5000))


@st.composite
def boxes_in_photos(draw: st.DrawFn) -> tuple[Box, tuple[int, int]]:
    width, height = draw(sizes)
    x1 = draw(st.floats(0, width - 0.5))
    y1 = draw(st.floats(0, height - 0.5))
    x2 = draw(st.floats(x1 + 0.25, width))
    y2 = draw(st.floats(y1 + 0.25, height))
    return (x1, y1, x2, y2), (width, height)


def test_coco_boxes_are_corner_and_size() -> None:
    assert boxes.from_xywh(10, 20, 30, 40) == (10, 20, 40, 60)


def test_yolo_boxes_are_centre_and_size_as_fractions() -> None:
    assert boxes.from_yolo(0.5, 0.5, 0.5, 0.25, 200, 100) == (50, 37.5, 150, 62.5)


def test_label_studio_boxes_are_percent() -> None:
    assert boxes.from_percent(10, 50, 20, 25, 200, 100) == (20, 50, 60, 75)


def test_voc_boxes_count_from_one_and_include_the_last_pixel() -> None:
    assert boxes.from_voc(1, 1, 100, 80) == (0, 0, 100, 80)
    assert boxes.from_voc(0, 0, 99, 79, one_based=False) == (0, 0, 99, 79)


@given(boxes_in_photos())
def test_every_format_converts_there_and_back(pair: tuple[Box, tuple[int, int]]) -> None:
    box, size = pair
    for there, back in (
        (boxes.to_xywh(box), boxes.from_xywh),
        (boxes.to_yolo(box, *size), lambda *values: boxes.from_yolo(*values, *size)),
        (boxes.to_percent(box, *size), lambda *values: boxes.from_percent(*values, *size)),
    ):
        assert back(*there) == pytest.approx(box, abs=0.005)


@given(boxes_in_photos())
def test_a_checked_box_stays_inside_and_is_checked_only_once(pair: tuple[Box, tuple[int, int]]) -> None:
    box, size = pair
    checked = boxes.checked_box(box, size)
    assert 0 <= checked[0] < checked[2] <= size[0]
    assert 0 <= checked[1] < checked[3] <= size[1]
    assert boxes.checked_box(checked, size) == checked
    assert checked == pytest.approx(box, abs=0.0051)


def test_up_to_one_pixel_over_the_edge_is_pulled_in() -> None:
    assert boxes.checked_box((-1, -0.5, 101, 80.9), (100, 80)) == (0, 0, 100, 80)


def test_zero_is_never_negative() -> None:
    assert str(boxes.checked_box((-0.001, 0, 10, 10), None)[0]) == "0.0"


@pytest.mark.parametrize(
    ("box", "code"),
    [
        ((math.nan, 0, 10, 10), "not_finite"),
        ((0, 0, math.inf, 10), "not_finite"),
        ((0, -math.inf, 10, 10), "not_finite"),
        ((20, 0, 10, 10), "inverted_box"),
        ((0, 20, 10, 10), "inverted_box"),
        ((10, 0, 10, 10), "empty_box"),
        ((10, 0, 10.001, 10), "empty_box"),
        ((-1.01, 0, 10, 10), "outside"),
        ((0, 0, 101.01, 10), "outside"),
        ((0, 0, 10, 81.5), "outside"),
        ((100.5, 0, 101, 10), "empty_box"),
        ((0, 0, 1e30, 10), "outside"),
    ],
)
def test_bad_boxes_are_refused(box: Box, code: str) -> None:
    with pytest.raises(ItemRefused) as caught:
        boxes.checked_box(box, (100, 80))
    assert caught.value.code == code
    assert caught.value.message.endswith(".")


def test_a_box_that_only_the_clamp_empties_is_refused() -> None:
    with pytest.raises(ItemRefused, match="no area"):
        boxes.checked_box((-0.9, 0, 0, 10), (100, 80))
