"""Proposals find what stands out, in pixels of the original, the same every time."""

import time

import numpy as np
import pytest

from ml.backends.builtin.proposals import SegmentProposals
from tests.ml.backends.photos import TestPhoto, drawn, shipped

localizer = SegmentProposals()


def best_iou(boxes: np.ndarray, target: tuple[float, float, float, float]) -> float:
    low, high = np.maximum(boxes[:, :2], target[:2]), np.minimum(boxes[:, 2:], target[2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=1)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    return float((shared / (areas + (target[2] - target[0]) * (target[3] - target[1]) - shared)).max())


def test_plain_shapes_are_found_almost_exactly() -> None:
    shapes = [((30, 40, 110, 120), "red"), ((180, 60, 290, 200), "blue")]
    [found] = localizer.localize([drawn(*shapes)], [[]])
    for box, _ in shapes:
        assert best_iou(found.boxes, box) > 0.9


def test_boxes_are_in_pixels_of_the_original() -> None:
    small = drawn(((30, 40, 110, 120), "red"))
    [found] = localizer.localize([TestPhoto(small.pixels, 3200, 1200)], [[]])
    assert best_iou(found.boxes, (300, 200, 1100, 600)) > 0.9


@pytest.mark.parametrize(
    ("name", "thing", "target", "least"),
    [
        ("coffee", "cup", (178, 22, 440, 245), 0.55),
        ("coffee", "saucer", (80, 78, 480, 390), 0.7),
        ("coffee", "spoon", (318, 195, 410, 335), 0.6),
        ("astronaut", "mission patch", (136, 350, 206, 421), 0.7),
        ("astronaut", "face", (176, 74, 290, 205), 0.5),
        ("chelsea", "left eye", (136, 86, 205, 142), 0.7),
    ],
)
def test_things_in_real_photos_are_found(name: str, thing: str, target: tuple, least: float) -> None:
    [found] = localizer.localize([shipped(name)], [[]])
    assert best_iou(found.boxes, target) > least, thing


@pytest.mark.parametrize("name", ["coffee", "astronaut", "chelsea", "rocket"])
def test_a_photo_gets_a_sensible_number_of_good_boxes_in_good_time(name: str) -> None:
    photo = shipped(name)
    start = time.process_time()
    [found] = localizer.localize([photo], [[]])
    assert time.process_time() - start < 2.0  # about 0.3 s alone
    assert 15 <= len(found.boxes) <= 60
    x1, y1, x2, y2 = found.boxes.T
    assert (x1 < x2).all()
    assert (y1 < y2).all()
    assert x1.min() >= 0
    assert x2.max() <= photo.width
    assert y2.max() <= photo.height
    assert (np.diff(found.scores) <= 0).all()
    assert found.scores.min() > 0


def test_the_same_photo_gets_the_same_boxes() -> None:
    first, second = (localizer.localize([shipped("chelsea")], [[]])[0] for _ in range(2))
    assert np.array_equal(first.boxes, second.boxes)
    assert np.array_equal(first.scores, second.scores)


def test_no_two_boxes_nearly_coincide() -> None:
    [found] = localizer.localize([shipped("coffee")], [[]])
    for number in range(1, len(found.boxes)):
        assert best_iou(found.boxes[:number], tuple(found.boxes[number])) <= 0.6001


@pytest.mark.parametrize("size", [(1, 1), (2, 50), (7, 7), (300, 5)])
def test_a_plain_or_tiny_photo_has_nothing_to_propose(size: tuple[int, int]) -> None:
    [found] = localizer.localize([drawn(size=size)], [[]])
    assert found.boxes.shape == (0, 4)
    assert found.scores.shape == (0,)


def test_options_are_checked() -> None:
    with pytest.raises(ValueError, match="max_boxes"):
        SegmentProposals(max_boxes=0)
    with pytest.raises(ValueError, match="side"):
        SegmentProposals(side=5000)
    assert len(SegmentProposals(max_boxes=5).localize([shipped("coffee")], [[]])[0].boxes) == 5
