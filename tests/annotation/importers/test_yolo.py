from collections.abc import Callable
from pathlib import Path

import pytest

from tests.annotation.importers.conftest import Read

Reader = Callable[..., Read]
Photo = Callable[..., Path]


@pytest.fixture
def names(tmp_path: Path) -> Path:
    path = tmp_path / "data.yaml"
    path.write_text("names:\n  0: cat\n  1: dog\n")
    return path


def test_labels_lie_under_labels_where_photos_lie_under_images(
    read: Reader, photo: Photo, names: Path, tmp_path: Path
) -> None:
    photo("images/val/1.jpg")
    photo("images/val/empty.jpg")
    (tmp_path / "labels/val").mkdir(parents=True)
    (tmp_path / "labels/val/1.txt").write_text("0 0.5 0.5 0.2 0.5\n\n1 0.1 0.1 0.1 0.1 0.75\n")
    for folder in ("images", "images/val"):
        got = read("yolo", images=tmp_path / folder, names=names)
        assert got.problems == []
        assert len(got.images) == 2
        assert [(box.box, box.tags, box.score) for box in got.boxes] == [
            ((40, 20, 60, 60), (("cat", 1.0),), None),
            ((5, 4, 15, 12), (("dog", 0.75),), 0.75),
        ]


def test_labels_may_lie_beside_the_photos_or_in_a_named_folder(
    read: Reader, photo: Photo, names: Path, tmp_path: Path
) -> None:
    photo("a/1.jpg")
    (tmp_path / "a/1.txt").write_text("0 0.5 0.5 0.2 0.5")
    (tmp_path / "b").mkdir()
    (tmp_path / "b/1.txt").write_text("1 0.5 0.5 0.2 0.5")
    assert read("yolo", images=tmp_path / "a", names=names).boxes[0].tags[0][0] == "cat"
    named = read("yolo", images=tmp_path / "a", names=names, annotations=[tmp_path / "b"])
    assert named.boxes[0].tags[0][0] == "dog"


def test_sizes_are_those_after_exif_rotation(read: Reader, names: Path, tmp_path: Path) -> None:
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6
    (tmp_path / "p").mkdir()
    Image.new("RGB", (100, 80)).save(tmp_path / "p/1.jpg", exif=exif)
    (tmp_path / "p/1.txt").write_text("0 0.5 0.5 1 1")
    assert read("yolo", images=tmp_path / "p", names=names).boxes[0].box == (0, 0, 80, 100)


def test_outlines_give_box_and_mask(read: Reader, photo: Photo, names: Path, tmp_path: Path) -> None:
    photo("p/1.jpg")
    (tmp_path / "p/1.txt").write_text("0 0.1 0.25 0.4 0.25 0.4 0.75 0.1 0.75")
    box = read("yolo", images=tmp_path / "p", names=names).boxes[0]
    assert box.box == (10, 20, 40, 60)
    assert box.mask_rle


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("0 nan 0.5 0.2 0.5", "not_finite"),
        ("0 inf 0.5 0.2 0.5", "not_finite"),
        ("0 0.5 0.5 -0.2 0.5", "inverted_box"),
        ("0 0.5 0.5 0 0.5", "empty_box"),
        ("0 0.5 0.5 1.5 0.5", "outside"),
        ("7 0.5 0.5 0.2 0.5", "unknown_category"),
        ("0.5 0.5 0.5 0.2 0.5", "unknown_category"),
        ("cat 0.5 0.5 0.2 0.5", "bad_field"),
        ("0 0.5", "bad_field"),
        ("0 0.5 0.5 0.2 0.5 0.1 0.2 0.3", "bad_field"),
    ],
)
def test_a_bad_line_is_named_and_the_others_go_on(
    read: Reader, photo: Photo, names: Path, tmp_path: Path, line: str, code: str
) -> None:
    photo("p/1.jpg")
    (tmp_path / "p/1.txt").write_text(f"{line}\n1 0.5 0.5 0.2 0.5\n")
    got = read("yolo", images=tmp_path / "p", names=names)
    assert (got.only_problem.file, got.only_problem.item, got.only_problem.code) == ("1.txt", "line 1", code)
    assert [box.tags[0][0] for box in got.boxes] == ["dog"]


def test_a_line_of_100_mb_is_passed_over(read: Reader, photo: Photo, names: Path, tmp_path: Path) -> None:
    photo("p/1.jpg")
    with (tmp_path / "p/1.txt").open("wb") as file:
        for _ in range(100):
            file.write(b"0 " * 500_000)
        file.write(b"\n1 0.5 0.5 0.2 0.5\n")
    got = read("yolo", images=tmp_path / "p", names=names)
    assert (got.only_problem.item, got.only_problem.code) == ("line 1", "too_long")
    assert [box.item for box in got.boxes] == ["line 2"]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("data.yaml", "names: [cat, dog]", ["cat", "dog"]),
        ("data.yml", "nc: 2\nnames: {0: cat, 1: dog}", ["cat", "dog"]),
        ("classes.txt", "cat\ndog\n", ["cat", "dog"]),
    ],
)
def test_names_come_from_yaml_or_text(
    read: Reader, photo: Photo, tmp_path: Path, name: str, text: str, expected: list[str]
) -> None:
    photo("p/1.jpg")
    (tmp_path / "p/1.txt").write_text("0 0.5 0.5 0.2 0.5\n1 0.5 0.5 0.2 0.6\n")
    (tmp_path / name).write_text(text)
    got = read("yolo", images=tmp_path / "p", names=tmp_path / name)
    assert [box.tags[0][0] for box in got.boxes] == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("names: [", "bad_yaml"),
        ("nc: 2", "wrong_format"),
        ("[1, 2]", "wrong_format"),
        ("names: !!python/object/apply:os.system ['true']", "bad_yaml"),
        ("a: &a [x, x]\nb: &b [*a, *a]\nnames: *b", "bad_yaml"),
        ("names: []", "wrong_format"),
    ],
)
def test_bad_names_are_refused(read: Reader, photo: Photo, tmp_path: Path, text: str, code: str) -> None:
    photo("p/1.jpg")
    (tmp_path / "data.yaml").write_text(text)
    got = read("yolo", images=tmp_path / "p", names=tmp_path / "data.yaml")
    assert got.records == [got.only_problem]
    assert got.only_problem.code == code


def test_a_broken_photo_is_named_and_the_others_go_on(read: Reader, photo: Photo, names: Path, tmp_path: Path) -> None:
    photo("p/2.jpg")
    (tmp_path / "p/1.jpg").write_bytes(b"<svg/>")
    got = read("yolo", images=tmp_path / "p", names=names)
    assert (got.only_problem.file, got.only_problem.code) == ("1.jpg", "svg")
    assert [image.name for image in got.images] == ["2.jpg"]
