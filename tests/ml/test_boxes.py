from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ml.boxes import BoxError, checked_boxes, scaled_boxes, whole_image

NAN, INFINITE = float("nan"), float("inf")


def test_good_boxes_come_back_as_they_are() -> None:
    boxes = checked_boxes([[0, 0, 640, 480], [1.5, 2.5, 3.5, 4.5]], 640, 480)
    assert boxes.dtype == torch.float32
    assert boxes.tolist() == [[0, 0, 640, 480], [1.5, 2.5, 3.5, 4.5]]


@pytest.mark.parametrize("boxes", [[[1, 2, 3, 4]], np.array([[1, 2, 3, 4]]), torch.tensor([[1, 2, 3, 4]])])
def test_lists_arrays_and_tensors_are_read(boxes: Any) -> None:
    assert checked_boxes(boxes, 10, 10).tolist() == [[1, 2, 3, 4]]


@pytest.mark.parametrize("boxes", [[], np.zeros((0, 4)), torch.zeros(0, 4)])
def test_no_box_is_no_error(boxes: Any) -> None:
    assert checked_boxes(boxes, 10, 10).shape == (0, 4)


@pytest.mark.parametrize(
    ("box", "what"),
    [
        ([0, 0, 0, 5], "empty"),
        ([0, 3, 5, 3], "empty"),
        ([5, 0, 2, 5], "inverted"),
        ([0, 5, 5, 2], "inverted"),
        ([-1.01, 0, 5, 5], "outside"),
        ([0, -2, 5, 5], "outside"),
        ([0, 0, 641.5, 5], "outside"),
        ([0, 0, 5, 482], "outside"),
        ([700, 10, 710, 20], "outside"),
        ([-0.9, 0, -0.1, 5], "outside"),
        ([640.2, 0, 640.9, 5], "outside"),
        ([NAN, 0, 5, 5], "no finite number"),
        ([0, 0, INFINITE, 5], "no finite number"),
        ([None, 0, 5, 5], "no finite number"),
        ([10**400, 0, 5, 5], "four numbers"),
        ([7.0, 0, 7.00000000001, 5], "too thin"),
    ],
)
def test_a_bad_box_is_named_with_what_is_wrong(box: list[Any], what: str) -> None:
    with pytest.raises(BoxError, match=what) as refused:
        checked_boxes([[0, 0, 5, 5], box], 640, 480)
    if what != "four numbers":
        assert "box 1 (" in str(refused.value)


@pytest.mark.parametrize("boxes", [[1, 2, 3, 4], [[1, 2, 3]], [[1, 2, 3, 4], [1, 2]], [["a", 2, 3, 4]]])
def test_what_is_not_rows_of_four_numbers_is_refused(boxes: Any) -> None:
    with pytest.raises(BoxError, match="four numbers"):
        checked_boxes(boxes, 640, 480)


def test_an_image_without_an_area_is_refused() -> None:
    with pytest.raises(BoxError, match="0 x 480"):
        checked_boxes([[0, 0, 1, 1]], 0, 480)


def test_a_box_that_sticks_out_by_rounding_is_cut() -> None:
    assert checked_boxes([[-1, -0.5, 641, 480.9]], 640, 480).tolist() == [[0, 0, 640, 480]]


def test_the_givers_boxes_are_left_alone() -> None:
    boxes = np.array([[-0.5, 0.0, 10.0, 10.0]])
    checked_boxes(boxes, 10, 10)
    assert boxes.tolist() == [[-0.5, 0, 10, 10]]


def test_boxes_follow_their_image_to_another_size() -> None:
    boxes = torch.tensor([[10.0, 20.0, 30.0, 40.0]])
    assert scaled_boxes(boxes, from_size=(100, 50), to_size=(200, 25)).tolist() == [[20, 10, 60, 20]]


def test_the_whole_image_is_a_box() -> None:
    assert whole_image(640, 480).tolist() == [[0, 0, 640, 480]]
    assert checked_boxes(whole_image(640, 480), 640, 480).tolist() == [[0, 0, 640, 480]]


numbers = st.floats(allow_nan=True, allow_infinity=True, width=32) | st.floats(-5, 105)


@given(st.lists(st.tuples(numbers, numbers, numbers, numbers), max_size=5))
def test_what_passes_has_an_area_inside_the_image(boxes: list[tuple[float, ...]]) -> None:
    try:
        passed = checked_boxes(boxes, 100, 50)
    except BoxError:
        return
    assert len(passed) == len(boxes)
    assert (passed >= 0).all()
    assert (passed[:, [0, 2]] <= 100).all()
    assert (passed[:, [1, 3]] <= 50).all()
    assert (passed[:, 2:] > passed[:, :2]).all()
