import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.annotation.importers.conftest import Read, box_annotation

Reader = Callable[..., Read]
Writer = Callable[..., Path]


def test_boxes_are_converted_once_and_named(read: Reader, coco_file: Writer) -> None:
    got = read("coco", annotations=[coco_file([box_annotation(score=0.5)])])
    assert got.problems == []
    assert [(image.key, image.name, image.width, image.height) for image in got.images] == [
        (1, "1.jpg", 100, 80), (2, "2.jpg", 100, 80),
    ]  # fmt: skip
    assert got.images[0].licence == "Attribution License"
    box = got.boxes[0]
    assert (box.image_key, box.box, box.external_id, box.tags, box.score) == (
        1,
        (10, 20, 40, 60),
        "1",
        (("cat", 0.5),),
        0.5,
    )
    assert (box.file, box.item) == ("instances.json", "annotation 1")


def test_instances_and_captions_may_come_in_two_files(read: Reader, coco_file: Writer) -> None:
    captions = coco_file([{"id": 1, "image_id": 2, "caption": "A dog\non a sofa."}], name="captions.json")
    got = read("coco", annotations=[coco_file([box_annotation()]), captions])
    assert got.problems == []
    assert len(got.images) == 2
    assert [(caption.image_key, caption.text, caption.external_id) for caption in got.captions] == [
        (2, "A dog on a sofa.", "1")
    ]


def test_detection_results_take_photos_and_categories_from_a_reference(
    read: Reader, coco_file: Writer, tmp_path: Path
) -> None:
    results = tmp_path / "results.json"
    box = {"image_id": 1, "bbox": [10, 20, 30, 40]}
    results.write_text(
        json.dumps(
            [
                {**box, "category_id": 7, "score": 0.4},
                {**box, "category_id": 8, "score": 0.9},
                {"image_id": 2, "category_id": 8, "bbox": [0, 0, 5, 5], "score": 0.1},
            ]
        )
    )
    got = read("coco", annotations=[results], reference=[coco_file([box_annotation()])])
    assert got.problems == []
    assert [(found.image_key, found.tags, found.score, found.external_id) for found in got.boxes] == [
        (1, (("dog", 0.9), ("cat", 0.4)), 0.9, ""),
        (2, (("dog", 0.1),), 0.1, ""),
    ]


def test_lvis_names_lose_their_underscores_and_photos_are_found_by_their_address(
    read: Reader, coco_file: Writer, photo: Callable[..., Path], tmp_path: Path
) -> None:
    photo("val/000000000001.jpg")
    image = {"id": 1, "coco_url": "http://images.example/val2017/000000000001.jpg", "width": 100, "height": 80}
    path = coco_file(
        [box_annotation()], images=[image], categories=[{"id": 7, "name": "bow_(weapon)", "synset": "bow.n.04"}]
    )
    got = read("lvis", annotations=[path], images=tmp_path / "val")
    assert got.problems == []
    assert got.boxes[0].tags == (("bow (weapon)", 1.0),)
    assert got.images[0].path == (tmp_path / "val" / "000000000001.jpg").resolve()
    assert got.images[0].url is None
    assert read("lvis", annotations=[path], download=True).images[0].url == image["coco_url"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"image_id": 99}, "unknown_image"),
        ({"image_id": "1"}, "unknown_image"),
        ({"image_id": None}, "bad_id"),
        ({"category_id": 99}, "unknown_category"),
        ({"bbox": [float("nan"), 0, 10, 10]}, "not_finite"),
        ({"bbox": [0, 0, float("inf"), 10]}, "not_finite"),
        ({"bbox": [50, 20, -30, 40]}, "inverted_box"),
        ({"bbox": [50, 20, 0, 40]}, "empty_box"),
        ({"bbox": [50, 20, 52, 40]}, "outside"),
        ({"bbox": [-2, 20, 10, 40]}, "outside"),
        ({"bbox": [1, 2, 3]}, "bad_field"),
        ({"bbox": ["1", 2, 3, 4]}, "bad_field"),
        ({"bbox": None}, "bad_field"),
        ({"segmentation": {"size": [80, 100], "counts": [7999]}}, "bad_mask"),
        ({"segmentation": {"size": [80, 100], "counts": "abc"}}, "bad_mask"),
        ({"segmentation": [[1, 2, 3]]}, "bad_mask"),
        ({"score": "high"}, "bad_field"),
        ({"id": [1]}, "bad_id"),
    ],
)
def test_a_bad_annotation_is_named_and_the_others_go_on(
    read: Reader, coco_file: Writer, fields: dict[str, Any], code: str
) -> None:
    got = read("coco", annotations=[coco_file([box_annotation(1), box_annotation(2, **fields), box_annotation(3)])])
    assert [box.external_id for box in got.boxes] == ["1", "3"]
    problem = got.only_problem
    assert (problem.file, problem.code) == ("instances.json", code)
    assert problem.item.startswith("annotation")
    assert problem.item == "annotation 2" or "id" in fields
    assert problem.message.endswith(".")


def test_infinity_by_exponent_is_not_finite(read: Reader, coco_file: Writer) -> None:
    path = coco_file([box_annotation()])
    path.write_text(path.read_text().replace("[10, 20, 30, 40]", "[10, 20, 1e999, 40]"))
    assert read("coco", annotations=[path]).codes == ["not_finite"]


def test_items_that_are_no_objects_are_named(read: Reader, coco_file: Writer) -> None:
    path = coco_file(
        [5, None, [], {"id": 3, "image_id": 1}, box_annotation(4)], images=[7, {"id": 1, "file_name": "1.jpg"}]
    )
    got = read("coco", annotations=[path])
    assert got.codes == ["bad_item"] * 5
    assert len(got.boxes) == 1


def test_duplicate_ids_are_refused(read: Reader, coco_file: Writer) -> None:
    images = [
        {"id": 1, "file_name": "1.jpg", "width": 100, "height": 80},
        {"id": 1, "file_name": "other.jpg", "width": 100, "height": 80},
    ]
    categories = [{"id": 7, "name": "cat"}, {"id": 7, "name": "dog"}]
    path = coco_file([box_annotation(5), box_annotation(5, bbox=[0, 0, 9, 9])], images=images, categories=categories)
    got = read("coco", annotations=[path])
    assert [(problem.item, problem.code) for problem in got.problems] == [
        ("category 7", "duplicate_id"),
        ("image 1", "duplicate_id"),
        ("annotation 5", "duplicate_id"),
    ]
    assert [image.name for image in got.images] == ["1.jpg"]
    assert [box.box for box in got.boxes] == [(10, 20, 40, 60)]


def test_two_files_that_disagree_about_a_photo_are_told_apart(read: Reader, coco_file: Writer) -> None:
    other = coco_file([], name="captions.json", images=[{"id": 1, "file_name": "x.jpg", "width": 5, "height": 5}])
    assert read("coco", annotations=[coco_file([]), other]).codes == ["duplicate_id"]


@pytest.mark.parametrize(
    ("name", "kept", "codes"),
    [
        ("<script>alert(1)</script>", "<script>alert(1)</script>", []),  # text: pages escape it
        ("big\u202ecat\x07", "bigcat", ["tag_cleaned"]),
        ("zero\u200bwidth", "zerowidth", ["tag_cleaned"]),
        ("cafe\u0301  au\tlait", "café au lait", []),
        ("null\x00byte", "nullbyte", ["tag_cleaned"]),
    ],
)
def test_tags_keep_markup_as_text_and_lose_what_is_invisible(
    read: Reader, coco_file: Writer, name: str, kept: str, codes: list[str]
) -> None:
    got = read("coco", annotations=[coco_file([box_annotation()], categories=[{"id": 7, "name": name}])])
    assert got.boxes[0].tags == ((kept, 1.0),)
    assert got.codes == codes
    for problem in got.problems:
        assert (problem.file, problem.item) == ("instances.json", "category 7")
        assert kept in problem.message
        assert problem.message.isprintable()


@pytest.mark.parametrize("name", ["", "\u202e\x07", "x" * 101, "x" * 20_000_000, 5, None])
def test_names_that_can_be_no_tag_are_refused(read: Reader, coco_file: Writer, name: object) -> None:
    got = read("coco", annotations=[coco_file([box_annotation()], categories=[{"id": 7, "name": name}])])
    assert got.codes == ["bad_tag", "unknown_category"]
    assert (got.problems[0].item, got.boxes) == ("category 7", [])
    assert len(got.problems[0].message) < 300


def test_a_caption_of_100_mb_is_refused_and_the_rest_goes_on(read: Reader, coco_file: Writer) -> None:
    path = coco_file([{"id": 1, "image_id": 1, "caption": "@"}, {"id": 2, "image_id": 2, "caption": "A dog."}])
    before, after = path.read_bytes().split(b"@")
    with path.open("wb") as file:
        file.write(before)
        for _ in range(100):
            file.write(b"y" * 1_000_000)
        file.write(after)
    tracemalloc.start()
    got = read("coco", annotations=[path])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (got.only_problem.item, got.only_problem.code) == ("annotation 1", "too_long")
    assert [caption.text for caption in got.captions] == ["A dog."]
    assert peak < 60_000_000


@pytest.mark.parametrize("keep", [0.3, 0.9, 0.999])
def test_a_file_that_breaks_off_is_refused_as_a_whole(read: Reader, coco_file: Writer, keep: float) -> None:
    path = coco_file([box_annotation(number) for number in range(50)])
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    got = read("coco", annotations=[path])
    assert got.records == [got.only_problem]
    assert (got.only_problem.file, got.only_problem.code) == ("instances.json", "bad_json")


def test_a_missing_file_does_not_stop_the_other(read: Reader, coco_file: Writer, tmp_path: Path) -> None:
    got = read("coco", annotations=[tmp_path / "none.json", coco_file([box_annotation()])])
    assert (got.only_problem.file, got.only_problem.code) == ("none.json", "missing_file")
    assert len(got.boxes) == 1


def test_photo_names_never_lead_out_of_the_folder(read: Reader, coco_file: Writer, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (tmp_path / "secret.jpg").write_bytes(b"x")
    (folder / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    names = ["../secret.jpg", "/etc/passwd", "..\\secret.jpg", "link.jpg", "a/../../secret.jpg", "nul\x00.jpg"]
    images = [{"id": number, "file_name": name} for number, name in enumerate(names)]
    got = read("coco", annotations=[coco_file([], images=images)], images=folder)
    assert got.images == []
    assert got.codes == ["outside_folder"] * 5 + ["bad_name"]


def test_outlines_and_run_lengths_become_masks(read: Reader, coco_file: Writer) -> None:
    outline = [[10, 20, 40, 20, 40, 60, 10, 60]]
    runs = {"size": [80, 100], "counts": [80 * 50, 80, 80 * 49]}
    path = coco_file([box_annotation(1, segmentation=outline), box_annotation(2, segmentation=runs, iscrowd=1)])
    got = read("coco", annotations=[path])
    assert got.problems == []
    assert all(box.mask_rle for box in got.boxes)
    assert [box.mask_rle for box in read("coco", annotations=[path], masks=False).boxes] == [None, None]


def test_segmentation_results_get_the_box_of_their_mask(read: Reader, coco_file: Writer, tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    mask = {"size": [80, 100], "counts": [80 * 50 + 10, 20, 80 * 50 - 30]}
    results.write_text(json.dumps([{"image_id": 1, "category_id": 7, "segmentation": mask, "score": 0.5}]))
    got = read("coco", annotations=[results], reference=[coco_file([])])
    assert got.boxes[0].box == (50, 10, 51, 30)


def test_a_large_file_is_read_with_flat_memory(read: Reader, coco_file: Writer) -> None:
    from annotation.importers.options import ImportOptions
    from annotation.importers.registry import IMPORTERS

    path = coco_file([box_annotation(number) for number in range(1, 30_001)])
    assert path.stat().st_size > 2_000_000
    tracemalloc.start()
    total = sum(1 for _ in IMPORTERS["coco"].read(ImportOptions(annotations=(path,))))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == 30_002
    assert peak < 6_000_000
    assert IMPORTERS["coco"].count(ImportOptions(annotations=(path,))) == total


def test_the_real_files_have_no_problem(read: Reader, test_data: Path) -> None:
    folder = test_data / "coco_mini_val"
    got = read(
        "coco",
        annotations=[folder / "annotations/instances_val2017.json", folder / "annotations/captions_val2017.json"],
        images=folder / "val2017",
    )
    assert (len(got.images), len(got.boxes), len(got.captions), got.problems) == (79, 624, 395, [])
    raw = {
        a["id"]: a["bbox"]
        for a in json.loads((folder / "annotations/instances_val2017.json").read_text())["annotations"]
    }
    for box in got.boxes:
        x, y, width, height = raw[int(box.external_id)]
        assert np.allclose(box.box, (x, y, x + width, y + height), atol=0.0051)


def test_the_real_lvis_file_has_no_problem(read: Reader, test_data: Path) -> None:
    got = read("lvis", annotations=[test_data / "lvis/data/lvis_val_100.json"])
    assert (len(got.images), len(got.boxes), got.problems) == (100, 977, [])
    assert not any("_" in text for box in got.boxes for text, _ in box.tags)


def test_the_real_results_have_no_problem(read: Reader, test_data: Path) -> None:
    folder = test_data / "map_coco100"
    for name in ("instances_val2014_fakebbox100_results.json", "instances_val2014_fakesegm100_results.json"):
        got = read("coco", annotations=[folder / name], reference=[folder / "instances_val2014_100.json"])
        assert (len(got.images), len(got.boxes), got.problems) == (100, 734, [])
