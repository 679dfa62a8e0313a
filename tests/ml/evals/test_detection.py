"""Average precision equals published figures, a literal loop, and pycocotools."""

import contextlib
import io
import json
import math
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.evals import detection
from ml.evals.coco_files import GroundTruth, read_ground_truth, read_results
from tests.ml.evals.literal_ap import THRESHOLDS, average_precision

DATA = Path(__file__).parent / "data" / "map_coco100"

# SOURCES: cocodataset/cocoapi results/val2014_fake_eval_res.txt, to the six digits faster_coco_eval asserts.
BOXES = {
    "AP": 0.504581, "AP50": 0.696973, "AP75": 0.572982, "APs": 0.585626, "APm": 0.519400, "APl": 0.501398,
    "AR1": 0.386813, "AR10": 0.593680, "AR100": 0.595353, "ARs": 0.639811, "ARm": 0.566421, "ARl": 0.564291,
}  # fmt: skip
MASKS = {
    "AP": 0.319545, "AP50": 0.562288, "AP75": 0.298927, "APs": 0.387374, "APm": 0.310183, "APl": 0.326934,
    "AR1": 0.268230, "AR10": 0.415449, "AR100": 0.416839, "ARs": 0.469450, "ARm": 0.376759, "ARl": 0.381472,
}  # fmt: skip


def rounded(figures: dict[str, Any], names: dict[str, float]) -> dict[str, float]:
    return {name: round(figures[name], 6) for name in names}


def test_the_twelve_published_figures_of_boxes(capsys: pytest.CaptureFixture[str]) -> None:
    files = ["--ground-truth", f"{DATA}/instances.json", "--results", f"{DATA}/results.json"]
    assert detection.main([*files, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert rounded(printed, BOXES) == BOXES
    assert printed["counts"] == {"images": 100, "annotations": 839, "categories": 80, "results": 734}


def test_the_twelve_published_figures_of_the_published_files(test_data: Path) -> None:
    folder = test_data / "map_coco100"
    for overlap, wanted in (("bbox", BOXES), ("segm", MASKS)):
        truth = read_ground_truth(folder / "instances_val2014_100.json", overlap=overlap)
        results = read_results(folder / f"instances_val2014_fake{overlap}100_results.json", truth, overlap=overlap)
        assert rounded(detection.score(truth, results, overlap=overlap), wanted) == wanted


def test_the_order_of_results_and_annotations_does_not_matter() -> None:
    truth = read_ground_truth(DATA / "instances.json")
    results = read_results(DATA / "results.json", truth)
    # Equal scores are ranked by their place in the file, so ties are broken first.
    results = [{**result, "score": result["score"] + place * 1e-7} for place, result in enumerate(results)]
    shuffled = random.Random(5).sample(results, len(results))
    turned = GroundTruth(truth.path, truth.images, truth.categories, truth.annotations[::-1])
    once = detection.score(truth, results, per_category=True)
    again = detection.score(turned, shuffled, per_category=True)
    assert rounded(again, BOXES) == rounded(once, BOXES)
    assert again["per_category"] == pytest.approx(once["per_category"], nan_ok=True)
    assert again["counts"] == once["counts"]


def test_pycocotools_agrees_on_size_classes_of_our_own() -> None:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        reference = COCO(str(DATA / "instances.json"))
        evaluation = COCOeval(reference, reference.loadRes(str(DATA / "results.json")), "bbox")
        sizes = detection.SIZES["argus"]
        evaluation.params.areaRng = [[0, 1e10], *map(list, sizes.values())]
        evaluation.params.areaRngLbl = ["all", *sizes]
        evaluation.evaluate()
        evaluation.accumulate()
    truth = read_ground_truth(DATA / "instances.json")
    figures = detection.score(truth, read_results(DATA / "results.json", truth), sizes="argus")
    for place, name in enumerate(sizes, start=1):
        precision = evaluation.eval["precision"][:, :, :, place, -1]
        assert figures[f"AP_{name}"] == pytest.approx(precision[precision > -1].mean(), abs=1e-12)
        recall = evaluation.eval["recall"][:, :, place, -1]
        assert figures[f"AR_{name}"] == pytest.approx(recall[recall > -1].mean(), abs=1e-12)


def small_world(boxes: list[tuple[int, int, list[float]]], found: list[tuple[int, int, list[float], float]]) -> Any:
    """(truth, results) over three images and three categories: (image, category, box[, score])."""
    annotations = [
        {"id": place, "image_id": i, "category_id": c, "bbox": box, "area": box[2] * box[3], "iscrowd": 0}
        for place, (i, c, box) in enumerate(boxes)
    ]
    truth = GroundTruth(
        Path("memory"),
        {i: {"id": i, "width": 100, "height": 100} for i in (1, 2, 3)},
        {c: {"id": c, "name": f"thing {c}"} for c in (0, 1, 2)},
        annotations,
    )
    return truth, [{"image_id": i, "category_id": c, "bbox": box, "score": score} for i, c, box, score in found]


def test_two_images_by_hand() -> None:
    # Image 1: the better result is exact, image 2: the box is missed, and a false one stands between them in score.
    box = [10.0, 10.0, 40.0, 40.0]
    truth, results = small_world([(1, 0, box), (2, 0, box)], [(1, 0, box, 0.9), (2, 0, [60.0, 60.0, 20.0, 20.0], 0.5)])
    figures = detection.score(truth, results)
    # Precision is 1 up to recall one half, 51 of the 101 levels; 0 after.
    assert figures["AP"] == pytest.approx(51 / 101)
    assert figures["AP50"] == pytest.approx(51 / 101)
    assert figures["AR100"] == pytest.approx(0.5)
    assert math.isnan(figures["APs"])
    assert figures["APm"] == pytest.approx(51 / 101)


sides = st.integers(1, 8).map(lambda value: value * 10.0)
boxes = st.tuples(sides, sides, sides, sides).map(list)
instances = st.tuples(st.integers(1, 3), st.integers(0, 2), boxes)


@settings(max_examples=40, deadline=None)
@given(st.lists(instances, min_size=1, max_size=8), st.lists(instances, min_size=1, max_size=12), st.randoms())
def test_a_literal_loop_agrees(truths: Any, found: Any, draw: random.Random) -> None:
    scores = draw.sample(range(1, 1000), len(found))
    truth, results = small_world(truths, [(*one, score / 1000) for one, score in zip(found, scores, strict=True)])
    figures = detection.score(truth, results)
    literal = [average_precision(truth.annotations, results, threshold) for threshold in THRESHOLDS]
    assert figures["AP"] == pytest.approx(sum(ap for ap, _ in literal) / 10)
    assert figures["AP50"] == pytest.approx(literal[0][0])
    assert figures["AP75"] == pytest.approx(literal[5][0])
    assert figures["AR100"] == pytest.approx(sum(recall for _, recall in literal) / 10)


def test_masks_by_hand(tmp_path: Path) -> None:
    square = {"size": [4, 4], "counts": [0, 8, 8]}  # the left half, column by column
    right = {"size": [4, 4], "counts": [8, 8]}
    content = {
        "images": [{"id": 7, "width": 4, "height": 4}],
        "categories": [{"id": 1, "name": "half"}],
        "annotations": [{"id": 1, "image_id": 7, "category_id": 1, "bbox": [0, 0, 2, 4], "segmentation": square}],
    }
    truth = read_ground_truth(written(tmp_path, "truth.json", content), overlap="segm")
    for mask, wanted in ((square, 1.0), (right, 0.0)):
        result = [{"image_id": 7, "category_id": 1, "segmentation": compressed(mask), "score": 1}]
        results = read_results(written(tmp_path, "results.json", result), truth, overlap="segm")
        assert detection.score(truth, results, overlap="segm")["AP"] == wanted


def compressed(mask: dict[str, Any]) -> dict[str, Any]:
    from pycocotools import mask as masks

    encoded = masks.frPyObjects(mask, *mask["size"])
    return {"size": encoded["size"], "counts": encoded["counts"].decode()}


def written(folder: Path, name: str, content: Any) -> Path:
    path = folder / name
    path.write_text(json.dumps(content))
    return path


LVIS = {
    "images": [
        {"id": 1, "width": 100, "height": 100, "neg_category_ids": [2], "not_exhaustive_category_ids": [3]},
        {"id": 2, "width": 100, "height": 100, "neg_category_ids": [], "not_exhaustive_category_ids": []},
    ],
    "categories": [{"id": i, "name": f"thing {i}", "frequency": f} for i, f in ((1, "r"), (2, "c"), (3, "f"))],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 50, 50], "area": 2500},
        {"id": 2, "image_id": 1, "category_id": 3, "bbox": [50, 50, 50, 50], "area": 2500},
        {"id": 3, "image_id": 2, "category_id": 2, "bbox": [0, 0, 50, 50], "area": 2500},
    ],
}


def test_lvis_counts_what_was_looked_for_and_no_more(tmp_path: Path) -> None:
    truth = read_ground_truth(written(tmp_path, "lvis.json", LVIS), style="lvis")

    def figures(*extra: tuple[int, int, list[int], float]) -> dict[str, Any]:
        right = [(1, 1, [0, 0, 50, 50], 0.5), (1, 3, [50, 50, 50, 50], 0.5), (2, 2, [0, 0, 50, 50], 0.5)]
        found = [dict(zip(("image_id", "category_id", "bbox", "score"), r, strict=True)) for r in (*right, *extra)]
        return detection.score(truth, found, style="lvis")

    assert {figures()[name] for name in ("AP", "AP50", "APr", "APc", "APf", "AR300")} == {1.0}
    # Nobody looked for category 1 on image 2, nor for all of category 3 on image 1: neither is false.
    assert figures((2, 1, [0, 0, 9, 9], 0.9), (1, 3, [0, 0, 9, 9], 0.9))["AP"] == 1
    # Category 2 is known to be absent from image 1, and category 1 is labelled there throughout.
    assert figures((1, 2, [0, 0, 9, 9], 0.9))["APc"] == pytest.approx(0.5)
    assert figures((1, 1, [60, 0, 9, 9], 0.9))["APr"] == pytest.approx(0.5)
    # The three hundred best of an image are counted over all its categories together.
    crowd = [(1, 2, [0, 0, 9, 9], 0.9)] * 300
    assert figures(*crowd)["APr"] == 0


def test_real_lvis_ground_truth_scores_itself_perfectly(test_data: Path) -> None:
    truth = read_ground_truth(test_data / "lvis" / "data" / "lvis_val_100.json", style="lvis")
    results = [
        {"image_id": one["image_id"], "category_id": one["category_id"], "bbox": one["bbox"], "score": 1.0}
        for one in truth.annotations
    ]
    figures = detection.score(truth, results, style="lvis")
    assert {figures[name] for name in ("AP", "APr", "APc", "APf", "APs", "APm", "APl", "AR300")} == {1.0}
    wrong = [{**result, "category_id": result["category_id"] % 1230 + 1} for result in results]
    assert detection.score(truth, wrong, style="lvis")["AP"] < 0.01


TRUTH = {
    "images": [{"id": 1, "width": 10, "height": 10}],
    "categories": [{"id": 1, "name": "cat"}],
    "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 5, 5]}],
}
RESULT = {"image_id": 1, "category_id": 1, "bbox": [0, 0, 5, 5], "score": 0.5}


def run(tmp_path: Path, truth: Any, results: Any, *options: str) -> int:
    for name, content in (("truth.json", truth), ("results.json", results)):
        (tmp_path / name).write_text(content if isinstance(content, str) else json.dumps(content))
    files = ["--ground-truth", str(tmp_path / "truth.json"), "--results", str(tmp_path / "results.json")]
    return detection.main([*files, *options])


def changed(base: dict[str, Any], name: str, change: Callable[[Any], Any]) -> dict[str, Any]:
    return {**base, name: change(base[name])}


BAD_RESULTS = {
    "[]": "results.json: holds no records",
    "": "results.json: the file is empty",
    "{": "results.json: not JSON",
    '{"a": 1}': "a JSON list of records",
    "[3]": "record 0: an object",
    "[" * 100_000: "results.json: not JSON",
}
BAD_RECORDS: list[tuple[dict[str, Any], str]] = [
    ({"bbox": [0, 0, math.nan, 5]}, "record 1: 'bbox' holds nan"),
    ({"bbox": [5, 5, -1, 2]}, "record 1: 'bbox' .* is inverted"),
    ({"bbox": [0, 0, 1]}, "record 1: 'bbox' is not a list of 4 numbers"),
    ({"score": math.inf}, "record 1: 'score' is inf"),
    ({"score": "high"}, "record 1: 'score' is 'high'"),
    ({"image_id": 2}, "record 1: image 2 is not in the ground truth"),
    ({"image_id": True}, "record 1: image True"),
    ({"category_id": 9}, "record 1: category 9 is not"),
]
BAD_TRUTHS: list[tuple[dict[str, Any], str]] = [
    (changed(TRUTH, "images", lambda old: old * 2), r"images\[1\]: id 1 appears twice"),
    (changed(TRUTH, "annotations", lambda old: old * 2), r"annotations\[1\]: id 1 appears twice"),
    (changed(TRUTH, "categories", lambda _old: []), "'categories' is not a list with at least one"),
    (changed(TRUTH, "images", lambda _old: [{"id": 1, "width": 0, "height": 5}]), "image 1: 'width' is 0"),
    (changed(TRUTH, "images", lambda _old: [{"id": 1, "width": 10**9, "height": 5}]), "image 1: .* more than"),
    (changed(TRUTH, "annotations", lambda old: [{**old[0], "bbox": [0, 0, 5, -5]}]), "annotation 1: .* is inverted"),
    (changed(TRUTH, "annotations", lambda old: [{**old[0], "area": math.nan}]), "annotation 1: 'area' is nan"),
    (changed(TRUTH, "annotations", lambda old: [{**old[0], "iscrowd": 7}]), "annotation 1: 'iscrowd' is 7"),
    (changed(TRUTH, "annotations", lambda old: [{**old[0], "category_id": 2}]), "annotation 1: category 2"),
    ({"images": []}, "truth.json: lacks 'categories'|'images' is not a list"),
]


def refused(capsys: pytest.CaptureFixture[str], status: int, reason: str) -> None:
    assert status == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("python -m ml.evals.detection: error: ")
    assert re.search(reason, captured.err), captured.err


@pytest.mark.parametrize(("text", "reason"), BAD_RESULTS.items(), ids=range(len(BAD_RESULTS)))
def test_a_result_file_that_is_no_list_of_results(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, reason: str
) -> None:
    refused(capsys, run(tmp_path, TRUTH, text), reason)


@pytest.mark.parametrize(("change", "reason"), BAD_RECORDS)
def test_a_result_that_cannot_be_scored_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, Any], reason: str
) -> None:
    refused(capsys, run(tmp_path, TRUTH, [RESULT, {**RESULT, **change}]), reason)


@pytest.mark.parametrize(("truth", "reason"), BAD_TRUTHS)
def test_ground_truth_that_cannot_be_scored_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], truth: Any, reason: str
) -> None:
    refused(capsys, run(tmp_path, truth, [RESULT]), reason)


@pytest.mark.parametrize(
    ("mask", "reason"),
    [
        ({"size": [10, 10], "counts": [101]}, "do not add up to 10 x 10"),
        ({"size": [10, 10], "counts": "~~"}, "counts cannot be read"),
        ({"size": [10, 10], "counts": [-1, 101]}, "counts cannot be read"),
        ({"size": [9, 10], "counts": [90]}, r"mask of size \[9, 10\] on an image of \[10, 10\]"),
        ([[1, 2, 3]], "at least three x, y pairs"),
        ([[1, 2, 3, 4, 5, math.nan]], "not a finite number"),
        ([[1, 2, 3, 4, 5, 1e9]], "a polygon reaches far out of its image"),
        ([], "has no polygon"),
        ("mask", "neither polygons nor"),
    ],
)
def test_a_mask_that_native_code_must_not_see(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], mask: Any, reason: str
) -> None:
    truth = changed(TRUTH, "annotations", lambda old: [{**old[0], "segmentation": [[0, 0, 5, 0, 5, 5]]}])
    refused(capsys, run(tmp_path, truth, [{**RESULT, "segmentation": mask}], "--iou-type", "segm"), reason)


def test_lvis_needs_to_know_what_was_looked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refused(capsys, run(tmp_path, TRUTH, [RESULT], "--style", "lvis"), "image 1: lacks 'neg_category_ids'")
    some = [{"id": 1, "name": "cat", "frequency": "x"}, *LVIS["categories"][1:]]
    refused(capsys, run(tmp_path, {**LVIS, "categories": some}, [RESULT], "--style", "lvis"), "'frequency' is 'x'")


def test_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = detection.main(["--ground-truth", str(tmp_path / "none.json"), "--results", "none.json"])
    refused(capsys, status, "none.json: No such file")
