import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.annotation.importers.conftest import Read

Reader = Callable[..., Read]


def rectangle(name: str = "r1", labels: tuple[Any, ...] = ("cat",), **value: Any) -> dict[str, Any]:
    corners = {"x": 10, "y": 25, "width": 30, "height": 50, "rotation": 0, **value}
    return {
        "id": name, "type": "rectanglelabels", "from_name": "label", "to_name": "image",
        "original_width": 100, "original_height": 80, "value": {**corners, "rectanglelabels": list(labels)},
    }  # fmt: skip


def task(number: int, *results: Any, image: str = "/data/upload/1/0a1b2c3d-1.jpg", **fields: Any) -> dict[str, Any]:
    return {"id": number, "data": {"image": image}, "annotations": [{"id": 1, "result": list(results)}], **fields}


@pytest.fixture
def export(tmp_path: Path) -> Callable[..., Path]:
    def work(*tasks: Any) -> Path:
        path = tmp_path / "export.json"
        path.write_text(json.dumps(tasks))
        return path

    return work


Export = Callable[..., Path]


def test_percent_become_pixels(read: Reader, export: Export) -> None:
    got = read("label_studio", annotations=[export(task(1, rectangle()))])
    assert got.problems == []
    box = got.boxes[0]
    assert (box.box, box.external_id, box.tags) == ((10, 20, 40, 60), "r1", (("cat", 1.0),))
    assert (got.images[0].width, got.images[0].height) == (100, 80)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("/data/upload/1/0a1b2c3d-dog.jpg", "dog.jpg"),
        ("/data/local-files/?d=photos/dog%20one.jpg", "dog one.jpg"),
        ("https://example.org/a/dog.jpg?x=1", "dog.jpg"),
        ("s3://bucket/folder/dog.jpg", "dog.jpg"),
        ("dog.jpg", "dog.jpg"),
    ],
)
def test_photos_are_known_by_their_file_name(read: Reader, export: Export, address: str, name: str) -> None:
    got = read("label_studio", annotations=[export(task(1, rectangle(), image=address))])
    assert got.images[0].name == name


def test_photos_are_found_with_or_without_the_upload_prefix(
    read: Reader, export: Export, photo: Callable[..., Path], tmp_path: Path
) -> None:
    photo("p/1.jpg")
    photo("p/0a1b2c3d-2.jpg")
    path = export(task(1, rectangle()), task(2, rectangle(), image="/data/upload/1/0a1b2c3d-2.jpg"))
    got = read("label_studio", annotations=[path], images=tmp_path / "p")
    assert [image.path.name for image in got.images if image.path] == ["1.jpg", "0a1b2c3d-2.jpg"]


def test_addresses_are_fetched_only_when_asked(read: Reader, export: Export) -> None:
    path = export(task(1, rectangle(), image="https://example.org/dog.jpg"))
    assert read("label_studio", annotations=[path]).images[0].url is None
    assert read("label_studio", annotations=[path], download=True).images[0].url == "https://example.org/dog.jpg"


def test_turned_rectangles_are_refused(read: Reader, export: Export) -> None:
    got = read(
        "label_studio", annotations=[export(task(7, rectangle("r1", rotation=15), rectangle("r2", rotation=360)))]
    )
    assert (got.only_problem.file, got.only_problem.item, got.only_problem.code) == (
        "export.json", "task 7, result r1", "rotated",
    )  # fmt: skip
    assert [box.external_id for box in got.boxes] == ["r2"]


def test_choices_and_labels_of_a_region_are_its_tags(read: Reader, export: Export) -> None:
    choice = {"id": "r1", "type": "choices", "value": {"choices": ["striped", "cat"]}}
    got = read("label_studio", annotations=[export(task(1, rectangle(), choice))])
    assert got.problems == []
    assert [text for text, _ in got.boxes[0].tags] == ["cat", "striped"]


def test_choices_about_the_whole_photo_are_named(read: Reader, export: Export) -> None:
    choice = {"id": "c1", "type": "choices", "value": {"choices": ["indoors"]}}
    got = read("label_studio", annotations=[export(task(1, rectangle(), choice))])
    assert (got.only_problem.item, got.only_problem.code) == ("task 1, result c1", "no_place")


def test_texts_about_the_whole_photo_are_captions(read: Reader, export: Export) -> None:
    text = {"id": "t1", "type": "textarea", "value": {"text": ["A cat.", "It sleeps."]}}
    got = read("label_studio", annotations=[export(task(1, text))])
    assert [(caption.external_id, caption.text) for caption in got.captions] == [
        ("t1-0", "A cat."),
        ("t1-1", "It sleeps."),
    ]


def test_predictions_stand_in_where_nobody_annotated(read: Reader, export: Export) -> None:
    predicted = {
        "id": 1,
        "data": {"image": "1.jpg"},
        "annotations": [],
        "predictions": [{"result": [{**rectangle(), "score": 0.4}]}],
    }
    cancelled = task(2, rectangle("r2"))
    cancelled["annotations"][0]["was_cancelled"] = True
    got = read("label_studio", annotations=[export(predicted, cancelled)])
    assert [(box.external_id, box.score, box.tags) for box in got.boxes] == [("r1", 0.4, (("cat", 0.4),))]


@pytest.mark.parametrize(
    ("result", "code"),
    [
        (rectangle(x=float("nan")), "not_finite"),
        (rectangle(width=-5), "inverted_box"),
        (rectangle(width=0), "empty_box"),
        (rectangle(width=95), "outside"),
        (rectangle(x="ten"), "bad_field"),
        ({**rectangle(), "original_width": None}, "bad_field"),
        ({**rectangle(), "value": None}, "bad_item"),
        ({**rectangle(), "type": "polygonlabels"}, "unsupported"),
        ("text", "bad_item"),
    ],
)
def test_a_bad_result_is_named_and_the_others_go_on(read: Reader, export: Export, result: Any, code: str) -> None:
    got = read("label_studio", annotations=[export(task(3, result, rectangle("good")))])
    assert (got.only_problem.code, got.only_problem.file) == (code, "export.json")
    assert got.only_problem.item.startswith("task 3, result")
    assert [box.external_id for box in got.boxes] == ["good"]


def test_bad_labels_are_named_and_good_ones_kept(read: Reader, export: Export) -> None:
    got = read("label_studio", annotations=[export(task(1, rectangle(labels=("<i>x</i>", "a\u202eb", "", 5))))])
    assert [text for text, _ in got.boxes[0].tags] == ["<i>x</i>", "ab"]
    assert got.codes == ["tag_cleaned", "bad_tag", "bad_tag"]


def test_tasks_that_are_none_or_double_are_named(read: Reader, export: Export, tmp_path: Path) -> None:
    path = export(5, {"id": 2}, task(3), task(3), {**task(4), "data": {"n": 1}})
    assert read("label_studio", annotations=[path]).codes == ["bad_item", "bad_item", "duplicate_id", "bad_field"]
    path.write_text('[{"id": 1}, ')
    assert read("label_studio", annotations=[path]).codes == ["bad_json"]
