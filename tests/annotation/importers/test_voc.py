from collections.abc import Callable
from pathlib import Path

import pytest

from tests.annotation.importers.conftest import Read

Reader = Callable[..., Read]


def voc_object(
    name: str = "cat", xmin: str = "11", ymin: str = "21", xmax: str = "40", ymax: str = "60", more: str = ""
) -> str:
    corners = f"<xmin>{xmin}</xmin><ymin>{ymin}</ymin><xmax>{xmax}</xmax><ymax>{ymax}</ymax>"
    return f"<object><name>{name}</name><bndbox>{corners}</bndbox>{more}</object>"


def write(path: Path, *objects: str, filename: str = "1.jpg", width: int = 100, height: int = 80) -> Path:
    size = f"<size><width>{width}</width><height>{height}</height><depth>3</depth></size>"
    path.write_text(f"<annotation><filename>{filename}</filename>{size}{''.join(objects)}</annotation>")
    return path


def test_pixels_are_counted_from_one_unless_told_otherwise(read: Reader, tmp_path: Path) -> None:
    write(tmp_path / "1.xml", voc_object())
    got = read("voc", annotations=[tmp_path])
    assert got.problems == []
    assert got.boxes[0].box == (10, 20, 40, 60)
    assert got.boxes[0].tags == (("cat", 1.0),)
    assert (got.images[0].width, got.images[0].height, got.images[0].name) == (100, 80, "1.jpg")
    assert read("voc", annotations=[tmp_path], one_based=False).boxes[0].box == (11, 21, 40, 60)


def test_a_box_over_the_whole_photo_fits(read: Reader, tmp_path: Path) -> None:
    write(tmp_path / "1.xml", voc_object(xmin="1", ymin="1", xmax="100", ymax="80"))
    assert read("voc", annotations=[tmp_path]).boxes[0].box == (0, 0, 100, 80)


def test_equal_boxes_are_one_region_with_both_names(read: Reader, tmp_path: Path) -> None:
    write(tmp_path / "1.xml", voc_object("cat"), voc_object("pet"), voc_object("cat"))
    got = read("voc", annotations=[tmp_path])
    assert [box.tags for box in got.boxes] == [(("cat", 1.0), ("pet", 1.0))]


def test_parts_are_boxes_too(read: Reader, tmp_path: Path) -> None:
    part = voc_object("head", xmax="20", ymax="30").replace("object>", "part>")
    write(tmp_path / "1.xml", voc_object(more=part))
    assert [box.tags[0][0] for box in read("voc", annotations=[tmp_path]).boxes] == ["cat", "head"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (voc_object(xmin="nan"), "not_finite"),
        (voc_object(xmin="inf"), "not_finite"),
        (voc_object(xmin="50"), "inverted_box"),
        (voc_object(xmax="150"), "outside"),
        (voc_object(xmin=""), "bad_field"),
        (voc_object(xmin="ten"), "bad_field"),
        (voc_object(name=""), "bad_tag"),
        (voc_object(name="x" * 101), "bad_tag"),
        ("<object/>", "bad_field"),
    ],
)
def test_a_bad_object_is_named_and_the_others_go_on(read: Reader, tmp_path: Path, text: str, code: str) -> None:
    write(tmp_path / "1.xml", text, voc_object("dog"))
    got = read("voc", annotations=[tmp_path])
    assert (got.only_problem.file, got.only_problem.item, got.only_problem.code) == ("1.xml", "object 1", code)
    assert [box.tags[0][0] for box in got.boxes] == ["dog"]


def test_markup_stays_text_and_direction_marks_go(read: Reader, tmp_path: Path) -> None:
    write(tmp_path / "1.xml", voc_object("&lt;b&gt;cat&lt;/b&gt;"), voc_object("do\u202eg", xmin="1"))
    got = read("voc", annotations=[tmp_path])
    assert sorted(box.tags[0][0] for box in got.boxes) == ["<b>cat</b>", "dog"]
    assert (got.only_problem.item, got.only_problem.code) == ("object 2", "tag_cleaned")


def test_entities_and_broken_files_are_refused_and_the_rest_goes_on(read: Reader, tmp_path: Path) -> None:
    laughs = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
    (tmp_path / "a.xml").write_text(f'<!DOCTYPE a [<!ENTITY l0 "lol">{laughs}]><annotation>&l9;</annotation>')
    (tmp_path / "b.xml").write_text(
        '<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]><annotation>&f;</annotation>'
    )
    (tmp_path / "c.xml").write_text("<annotation><object>")
    (tmp_path / "d.xml").write_text("<svg/>")
    (tmp_path / "e.xml").write_text("<annotation>\x00</annotation>")
    write(tmp_path / "f.xml", voc_object())
    got = read("voc", annotations=[tmp_path])
    assert [(problem.file, problem.code) for problem in got.problems] == [
        ("a.xml", "forbidden_xml"), ("b.xml", "forbidden_xml"), ("c.xml", "bad_xml"), ("d.xml", "wrong_format"),
        ("e.xml", "bad_xml"),
    ]  # fmt: skip
    assert len(got.boxes) == 1


def test_photo_names_never_lead_out_of_the_folder(read: Reader, tmp_path: Path) -> None:
    write(tmp_path / "1.xml", voc_object(), filename="../../secret.jpg")
    assert read("voc", annotations=[tmp_path], images=tmp_path).codes == ["outside_folder"]
