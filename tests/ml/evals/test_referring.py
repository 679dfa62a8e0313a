"""Boxes of referring expressions, in pixels and in All-Seeing's texts."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.evals import referring
from ml.evals.referring import Expression, first_box, iou
from ml.evals.relation_texts import boxes_in, to_pixels

# Of All-Seeing v2's example (Apache-2.0): the same boxes on an image of 640 x 514, padded to a square and plain.
PADDED = (
    "a tall red <ref>bus</ref><box>[[290, 260, 835, 781]]</box> on a <ref>road</ref><box>[[0, 583, 984, 900]]</box>"
)
PLAIN = "a tall red <ref>bus</ref><box>[[290, 201, 835, 850]]</box> on a <ref>road</ref><box>[[0, 603, 984, 998]]</box>"


def test_padded_and_plain_numbers_name_the_same_pixels() -> None:
    for padded, plain in zip(boxes_in(PADDED), boxes_in(PLAIN), strict=True):
        assert to_pixels(padded, 640, 514, "padded") == pytest.approx(to_pixels(plain, 640, 514, "plain"), abs=1)
    bus = to_pixels(next(boxes_in(PLAIN)), 640, 514, "plain")
    assert bus == pytest.approx((290 / 999 * 640, 201 / 999 * 514, 835 / 999 * 640, 850 / 999 * 514))


def test_all_boxes_of_the_published_example(test_data: Path) -> None:
    plain, padded = json.loads((test_data / "allseeing" / "derived" / "rec_example_bus.json").read_text())
    one, other = list(boxes_in(plain["text"])), list(boxes_in(padded["text"]))
    assert len(one) == len(other) == 33
    for a, b in zip(one, other, strict=True):
        assert to_pixels(a, 640, 514, "plain") == pytest.approx(to_pixels(b, 640, 514, "padded"), abs=1.3)


def test_portrait_images_are_padded_at_the_sides() -> None:
    assert to_pixels((333, 0, 666, 999), 100, 300, "padded") == pytest.approx((0, 0, 100, 300))


def test_iou_by_hand() -> None:
    assert iou((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(50 / 150)
    assert iou((0, 0, 10, 10), (10, 0, 20, 10)) == 0
    assert iou((0, 0, 10, 10), (0, 0, 10, 5)) == 0.5


sides = st.tuples(st.floats(0, 50), st.floats(0, 50), st.floats(0.1, 50), st.floats(0.1, 50))


@given(sides, sides)
def test_iou_is_symmetric_and_a_share(a: Any, b: Any) -> None:
    first, second = ((x, y, x + w, y + h) for x, y, w, h in (a, b))
    assert iou(first, second) == pytest.approx(iou(second, first))
    assert 0 <= iou(first, second) <= 1 + 1e-9
    assert iou(first, first) == pytest.approx(1)


@pytest.mark.parametrize(
    "text",
    ["", "no box", "<box>[[1, 2, 3]]</box>", "<box>[[5, 5, 5, 9]]</box>", "<box>[[9, 9, 1, 1]]</box>",
     "<box>[[0, 0, 1000, 10]]</box>", "<box>[[-1, 0, 10, 10]]</box>", "<box>[[1, 2, 3, 4]", "[1, 2, 3, 4]",
     "<box>" + "[ " * 20_000],
)  # fmt: skip
def test_an_answer_without_a_box_that_can_be_read(text: str) -> None:
    assert first_box(text, Expression((0, 0, 1, 1), 100, 100), "plain") is None


def test_a_box_in_the_padding_is_no_box() -> None:
    expression = Expression((0, 0, 10, 10), 100, 50)
    assert first_box("<box>[[0, 0, 999, 200]]</box>", expression, "padded") is None
    assert first_box("<box>[[0, 0, 999, 200]]</box>", expression, "plain") is not None


TRUTH: list[dict[str, Any]] = [
    {"id": 1, "box": [185, 103, 535, 437], "width": 640, "height": 514, "group": "testA"},
    {"id": 2, "box": [0, 0, 10, 10], "width": 20, "height": 20, "group": "testA"},
    {"id": "c", "box": [0, 0, 10, 10], "width": 20, "height": 20, "group": "testB"},
    {"id": "d", "box": [0, 0, 10, 10], "width": 20, "height": 20},
]
RESULTS: list[dict[str, Any]] = [
    {"id": "d", "text": "I cannot tell."},
    {"id": "c", "box": [0, 0, 10, 5]},
    {"id": 2, "box": [0, 0, 10, 4.9]},
    {"id": 1, "text": PADDED},
]


def files(folder: Path, truth: list[Any], results: list[Any]) -> list[str]:
    for name, records in (("truth.jsonl", truth), ("results.jsonl", results)):
        (folder / name).write_text("".join(f"{json.dumps(record)}\n" for record in records))
    return ["--ground-truth", str(folder / "truth.jsonl"), "--results", str(folder / "results.jsonl")]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert referring.main([*arguments, "--json"]) == 0
    return dict(json.loads(capsys.readouterr().out.splitlines()[-1]))


def test_four_expressions_by_hand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    printed = run(capsys, *files(tmp_path, TRUTH, RESULTS))
    assert (printed["accuracy"]["hits"], printed["accuracy"]["n"]) == (2, 4)  # 0.5 is enough, 0.49 is not
    assert printed["unreadable"] == 1
    assert printed["mean_iou"] == pytest.approx((1 + 0.49 + 0.5 + 0) / 4, abs=0.005)
    assert {name: share["hits"] for name, share in printed["by_group"].items()} == {"testA": 1, "testB": 1}
    assert run(capsys, *files(tmp_path, TRUTH[::-1], RESULTS[::-1])) == printed
    assert run(capsys, *files(tmp_path, TRUTH, RESULTS), "--coordinates", "plain")["mean_iou"] < printed["mean_iou"]


@pytest.mark.parametrize(
    ("truth", "results", "reason"),
    [
        (TRUTH, [], "results.jsonl: the file is empty"),
        (TRUTH, RESULTS[1:], "1 ids have no answer, 'd' among them"),
        (TRUTH, [*RESULTS, RESULTS[0]], "results.jsonl, line 5: id 'd' has an answer already"),
        (TRUTH, [{"id": 7, "box": [0, 0, 1, 1]}], "line 1: id 7 is not in the ground truth"),
        (TRUTH, [{"id": 1, "box": [5, 5, 1, 1]}], "line 1: 'box' [5, 5, 1, 1] is inverted or empty"),
        (TRUTH, [{"id": 1, "box": [0, 0, float("nan"), 1]}], "line 1: 'box' holds nan"),
        (TRUTH, [{"id": 1}], "line 1: lacks 'text'"),
        ([TRUTH[0], TRUTH[0]], RESULTS, "truth.jsonl, line 2: id 1 appears twice"),
        ([{**TRUTH[0], "width": 100}], RESULTS, "line 1: 'box' reaches out of the image of 100 x 514"),
        ([{**TRUTH[0], "height": "tall"}], RESULTS, "line 1: 'height' is 'tall', not a finite number"),
    ],
)
def test_files_that_cannot_be_scored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], truth: list[Any], results: list[Any], reason: str
) -> None:
    assert referring.main(files(tmp_path, truth, results)) == 2
    assert reason in capsys.readouterr().err
