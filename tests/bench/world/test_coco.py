import json
import re

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from annotation.importers.options import ImportOptions
from annotation.importers.records import BoxRecord, CaptionRecord, ImageRecord, Problem
from annotation.importers.registry import IMPORTERS
from bench.world.__main__ import main
from bench.world.concepts import BY_NAME, CONCEPTS


def read(annotations, images=None):
    options = ImportOptions(annotations=(annotations,), images=images)
    records = list(IMPORTERS["coco"].read(options))
    assert not [record for record in records if isinstance(record, Problem)]
    return records


def test_the_corpus_is_imported_without_labels(world):
    folder, truth = world
    records = read(folder / "proposals.json", folder / "images")
    images = [record for record in records if isinstance(record, ImageRecord)]
    boxes = [record for record in records if isinstance(record, BoxRecord)]
    assert len(images) == 12
    for image in images:
        with Image.open(image.path) as picture:
            assert picture.size == (image.width, image.height)
    assert len(boxes) > len(json.loads((truth / "instances.json").read_text())["annotations"])
    assert not any(box.tags for box in boxes)


def test_the_folder_that_is_imported_says_nothing_of_the_truth(world):
    folder, _ = world
    assert sorted(path.name for path in folder.iterdir()) == ["images", "proposals.json"]
    words = set(re.findall(r"[a-z]+", (folder / "proposals.json").read_text().lower()))
    assert words == {"images", "annotations", "id", "image", "file", "name", "width", "height", "bbox", "corpus", "jpg"}
    for path in (folder / "images").iterdir():
        assert re.fullmatch(r"corpus-5-\d{6}\.jpg", path.name)
        with Image.open(path) as picture:
            assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_the_truth_is_read_as_instances_and_captions(world):
    _, truth = world
    boxes = [record for record in read(truth / "instances.json") if isinstance(record, BoxRecord)]
    captions = [record for record in read(truth / "captions.json") if isinstance(record, CaptionRecord)]
    assert {name for box in boxes for name, _ in box.tags} <= set(BY_NAME)
    assert len(captions) == 12
    assert all(caption.text.startswith("A picture of ") for caption in captions)
    categories = json.loads((truth / "instances.json").read_text())["categories"]
    assert [category["name"] for category in categories] == [concept.name for concept in CONCEPTS]


@pytest.mark.parametrize(("moved", "expected"), [(0.0, 1.0), (9.0, None)])
def test_perfect_results_score_one(world, moved, expected, capsys):
    truth = COCO(str(world[1] / "instances.json"))
    results = [
        {"image_id": one["image_id"], "category_id": one["category_id"], "score": 0.9,
         "bbox": [one["bbox"][0] + moved, *one["bbox"][1:]]}
        for one in truth.dataset["annotations"]
    ]  # fmt: skip
    evaluation = COCOeval(truth, truth.loadRes(results), "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    average = float(np.asarray(evaluation.stats)[0])
    assert average == pytest.approx(1.0) if expected else average < 0.95


def test_the_command_writes_the_same_world_again(tmp_path, capsys):
    for name in ("one", "two"):
        command = ["--scenes", "2", "--seed", "9", "--out", str(tmp_path / name), "--domain", "holdout"]
        assert main(command) == 0
    counts = json.loads(capsys.readouterr().out.splitlines()[-1])
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file())
    assert [str(path) for path in files if path.suffix == ".jpg"] == [
        "images/holdout-9-000000.jpg", "images/holdout-9-000001.jpg",
    ]  # fmt: skip
    assert len(files) == 7
    assert all((tmp_path / "one" / path).read_bytes() == (tmp_path / "two" / path).read_bytes() for path in files)
    instances = json.loads((tmp_path / "one" / "truth" / "instances.json").read_text())
    assert counts["objects"] == len(instances["annotations"])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [(["--scenes", "0"], "--scenes"), (["--scenes", "1", "--distractors", "1"], "--distractors")],
)
def test_the_command_refuses_what_it_cannot_do(tmp_path, capsys, wrong, message):
    assert main([*wrong, "--seed", "1", "--out", str(tmp_path)]) == 2
    assert message in capsys.readouterr().err
