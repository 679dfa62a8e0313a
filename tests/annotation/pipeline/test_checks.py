"""Nonsense from a backend is refused where it comes in, in words that say what and where."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from annotation.pipeline import checks
from annotation.pipeline.checks import BadAnswer
from annotation.pipeline.ports import Proposals


def test_a_box_a_hair_outside_is_clamped_and_rounded() -> None:
    assert checks.check_boxes([[-0.9, 0.004, 50.126, 80.5]], 50, 80).tolist() == [[0.0, 0.0, 50.0, 80.0]]


@pytest.mark.parametrize(
    ("box", "reason"),
    [
        ([-1.1, 0, 10, 10], "outside the photo of 50 x 80 px"),
        ([0, 0, 51.5, 10], "outside"),
        ([10, 0, 10, 10], "no area"),
        ([20, 0, 10, 10], "no area"),
        ([0, 5, 10, 5.001], "no area"),
        ([50.2, 0, 50.9, 10], "no area"),
        ([float("nan"), 0, 10, 10], "not finite"),
        ([0, 0, float("inf"), 10], "not finite"),
    ],
)
def test_a_bad_box_is_refused_by_its_number(box: list[float], reason: str) -> None:
    with pytest.raises(BadAnswer, match=f"box 1 .*{reason}"):
        checks.check_boxes([[1, 1, 5, 5], box], 50, 80)


@pytest.mark.parametrize("boxes", [[[1, 2, 3]], [1, 2, 3, 4], "boxes", [[1, 2, 3, None], [1, 2, 3, "x"]]])
def test_boxes_of_another_shape_are_refused(boxes: Any) -> None:
    with pytest.raises(BadAnswer):
        checks.check_boxes(boxes, 50, 80)


def test_no_boxes_are_fine() -> None:
    assert checks.check_boxes([], 50, 80).shape == (0, 4)


def proposals(**changes: Any) -> Any:
    whole = {"boxes": [[0, 0, 9, 9]], "scores": [1.0], "tags": [["cup"]], "keys": ["7"]}
    return SimpleNamespace(**{**whole, **changes})


def test_good_proposals_pass_unchanged() -> None:
    checked = checks.check_proposals(proposals(), 50, 80)
    assert checked.boxes.tolist() == [[0, 0, 9, 9]]
    assert (checked.tags, checked.keys) == ([("cup",)], ["7"])
    assert checks.check_proposals(Proposals(), 50, 80).boxes.shape == (0, 4)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"scores": [float("nan")]}, "score 0 is not finite"),
        ({"scores": [1.0, 2.0]}, "shape"),
        ({"tags": [["cup"], ["cat"]]}, "lists of tags: 1 were expected, 2 came"),
        ({"tags": [[""]]}, "box 0: tag 0: .*empty"),
        ({"tags": [[7]]}, "box 0: tag 0 is a int"),
        ({"tags": ["cup"]}, "one text"),
        ({"keys": ["1", "2"]}, "keys"),
    ],
)
def test_bad_proposals_are_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadAnswer, match=reason):
        checks.check_proposals(proposals(**changes), 50, 80)


def test_tags_come_out_once_each_and_cleaned() -> None:
    assert checks.check_tags(["Cup ", "cup", "a\u202ecat", "CUP"]) == ("Cup", "acat")


@pytest.mark.parametrize("tags", [["cup", " "], ["x" * 101], "cup", [None]])
def test_bad_tags_are_refused(tags: Any) -> None:
    with pytest.raises(BadAnswer):
        checks.check_tags(tags)


def test_a_matcher_must_score_every_pair() -> None:
    good = SimpleNamespace(shared=np.ones((2, 3)), own=[np.ones(1), np.ones(0)])
    matrix, own = checks.check_match(good, 2, 3, [1, 0])
    assert matrix.shape == (2, 3)
    assert [len(scores) for scores in own] == [1, 0]
    with pytest.raises(BadAnswer, match="2 x 4 were expected, 6 came"):
        checks.check_match(good, 2, 4, [1, 0])
    with pytest.raises(BadAnswer, match="own scores of region 1"):
        checks.check_match(good, 2, 3, [1, 1])
    with pytest.raises(BadAnswer, match="not finite"):
        checks.check_match(SimpleNamespace(shared=[[np.nan]], own=[[]]), 1, 1, [0])


def test_a_photo_without_regions_needs_no_scores() -> None:
    matrix, own = checks.check_match(SimpleNamespace(shared=np.zeros((0, 3)), own=[]), 0, 3, [])
    assert matrix.shape == (0, 3)
    assert own == []


@pytest.mark.parametrize("cover", [[1.2], [-0.1], [float("nan")], [0.5, 0.5]])
def test_covers_are_shares(cover: list[float]) -> None:
    with pytest.raises(BadAnswer, match="region 0"):
        checks.check_covers([np.array(cover)], [1])


def test_texts_are_counted_and_never_empty() -> None:
    assert checks.check_texts(["One?\n", "Two?"], 2, "questions") == ("One?", "Two?")
    with pytest.raises(BadAnswer, match="2 were expected, 1 came"):
        checks.check_texts(["One?"], 2, "questions")
    with pytest.raises(BadAnswer, match="questions: number 1 is empty"):
        checks.check_texts(["One?", "\u200b"], 2, "questions")
    with pytest.raises(BadAnswer, match="list of 2"):
        checks.check_texts("ab", 2, "questions")
    with pytest.raises(BadAnswer, match="at most 2000"):
        checks.check_text("x" * 2001, "the caption")
