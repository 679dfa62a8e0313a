import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from tests.annotation.importers.conftest import Read

Reader = Callable[..., Read]


def annotation(number: int, **fields: Any) -> dict[str, Any]:
    pixels = np.zeros((80, 100), dtype=np.uint8)
    pixels[10:30, 20:50] = 1
    counts = coco_mask.encode(np.asfortranarray(pixels))["counts"].decode()
    mask = {"size": [80, 100], "counts": counts}
    return {"id": number, "segmentation": mask, "bbox": [20, 10, 29, 19], "predicted_iou": 0.93, **fields}


def document(*annotations: Any, **image: Any) -> str:
    entry = {"image_id": 1, "width": 100, "height": 80, "file_name": "sa_1.jpg", **image}
    return json.dumps({"image": entry, "annotations": annotations})


def test_masks_are_class_agnostic_regions_beside_their_photo(read: Reader, tmp_path: Path) -> None:
    (tmp_path / "sa_1.json").write_text(document(annotation(5)))
    got = read("sa1b", annotations=[tmp_path])
    assert got.problems == []
    assert got.images[0].path == tmp_path.resolve() / "sa_1.jpg"
    box = got.boxes[0]
    assert (box.external_id, box.tags, box.score) == ("5", (), 0.93)
    assert box.mask_rle


def test_the_box_comes_from_the_mask_because_the_files_box_leaves_out_the_last_pixel(
    read: Reader, tmp_path: Path
) -> None:
    (tmp_path / "sa_1.json").write_text(document(annotation(5)))
    assert read("sa1b", annotations=[tmp_path]).boxes[0].box == (20, 10, 50, 30)


def test_every_photos_boxes_follow_it(read: Reader, tmp_path: Path) -> None:
    for number in (2, 1):
        (tmp_path / f"sa_{number}.json").write_text(document(annotation(5), file_name=f"sa_{number}.jpg"))
    records = read("sa1b", annotations=[tmp_path]).records
    assert [type(record).__name__ for record in records] == ["ImageRecord", "BoxRecord"] * 2
    assert [record.image_key for record in records[1::2]] == ["sa_1.json", "sa_2.json"]


def test_bad_masks_and_bad_files_are_named_and_the_rest_goes_on(read: Reader, tmp_path: Path) -> None:
    wrong_length = {"size": [80, 100], "counts": [7000]}
    (tmp_path / "a.json").write_text(
        document(
            annotation(1, segmentation=wrong_length), annotation(2), annotation(2), annotation(4, predicted_iou="x")
        )
    )
    (tmp_path / "b.json").write_text("{")
    (tmp_path / "c.json").write_text("[]")
    (tmp_path / "d.json").write_text(document(annotation(1), file_name="../../etc/passwd"))
    (tmp_path / "e.json").write_text("[" * 100_000)
    (tmp_path / "f.json").write_text(document(annotation(9)))
    got = read("sa1b", annotations=[tmp_path])
    assert [(problem.file, problem.item, problem.code) for problem in got.problems] == [
        ("a.json", "annotation 1", "bad_mask"),
        ("a.json", "annotation 2", "duplicate_id"),
        ("a.json", "annotation 4", "bad_field"),
        ("b.json", "", "bad_json"),
        ("c.json", "", "bad_item"),
        ("d.json", "", "outside_folder"),
        ("e.json", "", "bad_json"),
    ]
    assert [box.external_id for box in got.boxes] == ["2", "9"]
    assert "sum to 7,000, not to 80 × 100 = 8,000" in got.problems[0].message
