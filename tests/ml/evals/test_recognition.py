"""Region recognition: a scorer that sees everything gets all, real checkpoints are evaluated from their folder."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

from ml.evals import detection, recognition
from ml.evals.coco_files import read_ground_truth, read_results
from ml.evals.inputs import InputError
from ml.evals.recognition import category_texts, recognise
from ml.evals.scorers import Scores, scorer_of
from tests.ml.evals.literal_ap import THRESHOLDS, average_precision

COLOURS = {3: ("red_thing", (250, 0, 0)), 1: ("green thing", (0, 250, 0)), 7: ("blue thing", (0, 0, 250))}
BOXES = {
    11: [(3, (0, 0, 60, 60)), (1, (60, 60, 30, 30)), (7, (70, 0, 15, 15))],
    12: [(1, (10, 10, 50, 50)), (7, (60, 10, 30, 60))],
    13: [],
}


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """A folder with images/ and instances.json: squares of a colour on grey, one crowd, one image without boxes."""
    (tmp_path / "images").mkdir()
    images, annotations = [], []
    for identity, boxes in BOXES.items():
        photo = Image.new("RGB", (100, 90), (128, 128, 128))
        for category, (x, y, width, height) in boxes:
            photo.paste(COLOURS[category][1], (x, y, x + width, y + height))
            number = len(annotations) + 5
            box = [x, y, width, height]
            annotations.append({"id": number, "image_id": identity, "category_id": category, "bbox": box})
        photo.save(tmp_path / "images" / f"{identity}.png")
        images.append({"id": identity, "width": 100, "height": 90, "file_name": f"{identity}.png"})
    annotations.append({"id": 99, "image_id": 12, "category_id": 3, "bbox": [0, 0, 100, 90], "iscrowd": 1})
    categories = [{"id": identity, "name": name} for identity, (name, _rgb) in COLOURS.items()]
    write(tmp_path, {"images": images, "annotations": annotations, "categories": categories})
    return tmp_path


def write(folder: Path, content: Any) -> None:
    (folder / "instances.json").write_text(json.dumps(content))


def changed(folder: Path, **changes: Any) -> None:
    write(folder, json.loads((folder / "instances.json").read_text()) | changes)


class Painter:
    """Names a box by the colour of its middle; `blind` ones see every box as the last text."""

    def __init__(self, *, blind: bool = False) -> None:
        self.blind = blind
        self.asked: list[str] = []

    def score(self, image: Image.Image, boxes: Sequence[Sequence[float]], texts: Sequence[str]) -> Scores:
        self.asked = list(texts)
        known = {text: rgb for text in texts for name, rgb in COLOURS.values() if name.replace("_", " ") in text}
        scores = np.zeros((len(boxes), len(texts)), np.float32)
        for row, (x1, y1, x2, y2) in enumerate(boxes):
            seen = image.getpixel((int((x1 + x2) / 2), int((y1 + y2) / 2)))
            scores[row] = [10 * (known[text] == seen) for text in texts]
        if self.blind:
            scores[:] = np.arange(len(texts))
        return scores


def test_a_scorer_that_sees_everything_gets_all_of_it(world: Path) -> None:
    truth = read_ground_truth(world / "instances.json")
    found = recognise(Painter(), truth, world / "images")
    figures = detection.score(truth, found.results)
    assert {figures[name] for name in ("AP", "AP50", "APs", "APm", "AR100")} == {1.0}
    assert (found.top1.hits, found.top1.n) == (5, 5)  # the crowd is not asked about
    assert {name: share.n for name, share in found.top1_by_size.items()} == {"tiny": 1, "small": 1, "medium": 3}


def test_every_box_is_scored_against_every_category(world: Path) -> None:
    truth = read_ground_truth(world / "instances.json")
    found = recognise(Painter(blind=True), truth, world / "images")
    assert len(found.results) == 5 * 3
    first = [result for result in found.results if result["image_id"] == 12][:3]
    odds = np.exp([0.0, 1.0, 2.0])
    assert {result["category_id"] for result in found.results[:3]} == {7}  # texts are in the order of category ids
    assert first[0]["score"] == pytest.approx(odds[2] / odds.sum())
    assert first[2]["score"] == pytest.approx(odds[1] / odds.sum())
    assert (found.top1.hits, found.top5.hits) == (2, 5)


def test_the_best_hundred_of_an_image_count(world: Path) -> None:
    many = [{"id": n + 1, "image_id": 11, "category_id": 3, "bbox": [0, 0, 60, 60]} for n in range(120)]
    changed(world, annotations=many)
    truth = read_ground_truth(world / "instances.json")
    found = recognise(Painter(), truth, world / "images")
    assert len(found.results) == 100
    assert {result["category_id"] for result in found.results} == {3}


def test_names_are_put_into_the_template(world: Path) -> None:
    truth = read_ground_truth(world / "instances.json")
    scorer = Painter()
    recognise(scorer, truth, world / "images", template="a photo of a {}")
    assert scorer.asked == ["a photo of a green thing", "a photo of a red thing", "a photo of a blue thing"]
    for template in ("no name", "{} and {}"):
        with pytest.raises(InputError, match="once, where the name goes"):
            category_texts(truth, template)


@pytest.fixture(scope="module")
def rclip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch

    from ml.checkpoint import save_model
    from ml.rclip.config import RClipConfig
    from ml.rclip.model import build_rclip
    from ml.rclip.texts import train_tokenizer

    folder = tmp_path_factory.mktemp("rclip")
    train_tokenizer([name for name, _rgb in COLOURS.values()], 300).save(str(folder / "tokenizer.json"))
    torch.manual_seed(3)
    model = build_rclip(RClipConfig.tiny(str(folder / "tokenizer.json"), vocabulary=300))
    save_model(folder / "checkpoint", model, {"step": 0})
    return folder / "checkpoint"


def run(capsys: pytest.CaptureFixture[str], world: Path, checkpoint: Path, *options: str) -> dict[str, Any]:
    arguments = ["--checkpoint", str(checkpoint), "--ground-truth", str(world / "instances.json")]
    assert recognition.main([*arguments, "--images", str(world / "images"), *options, "--json"]) == 0
    return dict(json.loads(capsys.readouterr().out.splitlines()[-1]))


def test_a_real_rclip_checkpoint_from_its_folder(
    world: Path, rclip_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = world / "results.json"
    printed = run(capsys, world, rclip_folder, "--results", str(written))
    assert printed["top1"]["n"] == 5
    truth = read_ground_truth(world / "instances.json")
    results = read_results(written, truth)
    assert printed["counts"]["results"] == len(results) == 15
    # The same from the predictor itself, and the figure from the literal loop.
    expected = expected_results(rclip_folder, world)
    assert [(r["image_id"], r["bbox"], r["category_id"]) for r in results] == [row[:3] for row in expected]
    assert [r["score"] for r in results] == pytest.approx([row[3] for row in expected], abs=1e-6)
    plain = [one for one in truth.annotations if not one["iscrowd"]]
    literal = [average_precision(plain, results, threshold)[0] for threshold in THRESHOLDS]
    changed(world, annotations=plain)
    assert run(capsys, world, rclip_folder)["AP"] == pytest.approx(sum(literal) / 10)


def expected_results(checkpoint: Path, world: Path) -> list[Any]:
    import torch

    from ml.checkpoint import load_model
    from ml.rclip.model import RClip
    from ml.rclip.predictor import RegionPredictor

    predictor = RegionPredictor(cast(RClip, load_model(checkpoint)))
    rows = []
    for identity in (11, 12):
        boxes = [list(box) for _category, box in BOXES[identity]]
        corners = [[x, y, x + width, y + height] for x, y, width, height in boxes]
        with Image.open(world / "images" / f"{identity}.png") as photo:
            encoded = predictor.encode(photo.convert("RGB"))
        shares = torch.softmax(predictor.score(encoded, corners, ["green thing", "red thing", "blue thing"]), dim=1)
        here = [(identity, boxes[b], (1, 3, 7)[c], float(shares[b, c])) for b in range(len(boxes)) for c in range(3)]
        rows += sorted(here, key=lambda row: -row[3])
    return rows


def test_a_real_asm_checkpoint_ranks_by_alignment(
    world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import torch

    from ml.asm.building import build_asm
    from ml.asm.config import ASMConfig
    from ml.checkpoint import save_model

    torch.manual_seed(4)
    save_model(tmp_path / "asm", build_asm(ASMConfig.tiny()), {"step": 0})
    printed = run(capsys, world, tmp_path / "asm")
    assert printed["counts"]["results"] == 15
    assert 0 <= printed["AP"] <= 1


def test_lvis_files_by_their_address(world: Path, rclip_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = json.loads((world / "instances.json").read_text())
    for image in content["images"]:
        image["coco_url"] = f"http://images.example.org/val/{image.pop('file_name')}"
        image |= {"neg_category_ids": [1, 3, 7], "not_exhaustive_category_ids": []}
    for category, frequency in zip(content["categories"], "rcf", strict=True):
        category["frequency"] = frequency
    write(world, content)
    printed = run(capsys, world, rclip_folder, "--style", "lvis")
    assert {"AP", "APr", "APc", "APf", "AR300"} <= set(printed)


def refused(capsys: pytest.CaptureFixture[str], world: Path, checkpoint: Path, *options: str) -> str:
    arguments = ["--checkpoint", str(checkpoint), "--ground-truth", str(world / "instances.json")]
    assert recognition.main([*arguments, "--images", str(world / "images"), *options]) == 2
    return capsys.readouterr().err


def test_bad_input_names_the_image(world: Path, rclip_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "once, where the name goes" in refused(capsys, world, rclip_folder, "--template", "x")
    assert "device 'teapot' cannot be used" in refused(capsys, world, rclip_folder, "--device", "teapot")
    assert "config.json is missing" in refused(capsys, world, world / "nothing")
    outside = [{"id": 1, "image_id": 11, "category_id": 3, "bbox": [90, 0, 60, 60]}]
    changed(world, annotations=outside)
    assert "image 11: box 0 (90, 0, 150, 60) is outside" in refused(capsys, world, rclip_folder)
    changed(world, annotations=[{**outside[0], "bbox": [0, 0, 9, 9], "iscrowd": 1}])
    assert "no annotation but crowds" in refused(capsys, world, rclip_folder)
    changed(world, annotations=[{**outside[0], "bbox": [0, 0, 9, 9]}])
    (world / "images" / "11.png").unlink()
    problem = refused(capsys, world, rclip_folder)
    assert "image 11: " in problem
    assert "11.png: missing" in problem
    Image.new("RGB", (10, 10)).save(world / "images" / "11.png")
    assert "is 10 x 10 px, the manifest says 100 x 90" in refused(capsys, world, rclip_folder)
    changed(world, images=[{"id": 11, "width": 100, "height": 90}])
    assert "image 11 has neither 'file_name' nor 'coco_url'" in refused(capsys, world, rclip_folder)


def test_a_model_of_another_kind_is_refused() -> None:
    with pytest.raises(InputError, match="dict does not score regions"):
        scorer_of({})
