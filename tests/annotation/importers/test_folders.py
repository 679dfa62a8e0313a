import random
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from annotation.importers.lines import bounded_lines
from annotation.importers.options import ImportOptions
from annotation.importers.registry import IMPORTERS
from annotation.importers.seen import SeenKeys
from tests.annotation.importers.conftest import Read

Reader = Callable[..., Read]
Photo = Callable[..., Path]


def test_photos_are_found_in_subfolders_in_a_fixed_order(read: Reader, photo: Photo, tmp_path: Path) -> None:
    for name in ("p/b.jpg", "p/a.PNG", "p/c/d.webp", "p/.hidden.jpg", "p/.git/e.jpg"):
        photo(name.replace("PNG", "png"))
    (tmp_path / "p/notes.txt").write_text("x")
    got = read("folder", images=tmp_path / "p", licence="CC0", source="mine")
    assert got.problems == []
    assert [image.key for image in got.images] == ["a.png", "b.jpg", "c/d.webp"]
    assert {(image.licence, image.source) for image in got.images} == {("CC0", "mine")}
    assert IMPORTERS["folder"].count(ImportOptions(images=tmp_path / "p")) == 3


def test_formats_that_people_will_miss_are_named(read: Reader, tmp_path: Path) -> None:
    for name in ("a.heic", "b.SVG", "c.txt"):
        (tmp_path / name).write_bytes(b"x")
    got = read("folder", images=tmp_path)
    assert [(problem.file, problem.code) for problem in got.problems] == [
        ("a.heic", "format_not_allowed"), ("b.SVG", "format_not_allowed"),
    ]  # fmt: skip


def test_links_never_lead_out_of_the_folder(read: Reader, photo: Photo, tmp_path: Path) -> None:
    photo("outside/secret.jpg")
    photo("p/in.jpg")
    (tmp_path / "p/out.jpg").symlink_to(tmp_path / "outside/secret.jpg")
    (tmp_path / "p/again.jpg").symlink_to("in.jpg")
    (tmp_path / "p/folder").symlink_to(tmp_path / "outside")
    (tmp_path / "p/loop.jpg").symlink_to("loop.jpg")
    got = read("folder", images=tmp_path / "p")
    assert [image.key for image in got.images] == ["again.jpg", "in.jpg"]
    assert [(problem.file, problem.code) for problem in got.problems] == [
        ("loop.jpg", "bad_name"), ("out.jpg", "outside_folder"),
    ]  # fmt: skip


def test_a_missing_folder_is_named(read: Reader, tmp_path: Path) -> None:
    assert read("folder", images=tmp_path / "none").codes == ["missing_folder"]
    assert read("folder").codes == ["missing_folder"]


def test_addresses_stand_one_a_line(read: Reader, tmp_path: Path) -> None:
    path = tmp_path / "urls.txt"
    path.write_text(
        "# photos\n\nhttp://a.example/x/gr%C3%BCn.jpg?w=1\nhttp://a.example/\n http://a.example/ \nhttp://[bad\n"
        f"http://{'a' * 5000}\n"
    )
    got = read("urls", urls=path)
    assert [(image.name, image.url) for image in got.images] == [
        ("grün.jpg", "http://a.example/x/gr%C3%BCn.jpg?w=1"),
        ("a.example", "http://a.example/"),
        ("http://[bad", "http://[bad"),
    ]
    assert [(problem.item, problem.code) for problem in got.problems] == [
        ("line 5", "duplicate"),
        ("line 7", "too_long"),
    ]
    assert IMPORTERS["urls"].count(ImportOptions(urls=path)) == 5


def test_a_line_of_100_mb_is_passed_over_with_little_memory(read: Reader, tmp_path: Path) -> None:
    path = tmp_path / "urls.txt"
    with path.open("wb") as file:
        file.write(b"http://")
        for _ in range(100):
            file.write(b"a" * 1_000_000)
        file.write(b"\nhttp://b.example/1.jpg\n")
    tracemalloc.start()
    got = read("urls", urls=path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (got.only_problem.item, got.only_problem.code) == ("line 1", "too_long")
    assert [image.url for image in got.images] == ["http://b.example/1.jpg"]
    assert peak < 10_000_000


@pytest.mark.parametrize("ending", ["\n", "\r\n", ""])
def test_lines_of_exactly_the_limit_are_kept(tmp_path: Path, ending: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbfab\n" + b"x" * 10 + ending.encode())
    assert list(bounded_lines(path, 12)) == [(1, "ab"), (2, "x" * 10)]


def test_seen_keys_agree_with_a_set(monkeypatch: pytest.MonkeyPatch) -> None:
    from annotation.importers import seen

    monkeypatch.setattr(seen, "RECENT", 50)
    keys, reference = SeenKeys(), set[object]()
    random.seed(3)
    for _ in range(5_000):
        key = random.choice([random.randrange(2_000), str(random.randrange(2_000))])
        assert keys.add(key) == (key not in reference)
        reference.add(key)


def test_options_that_nobody_knows_are_refused() -> None:
    with pytest.raises(ValidationError):
        ImportOptions.model_validate({"folder": "/etc"})


def test_options_survive_json() -> None:
    options = ImportOptions(annotations=(Path("/a.json"),), images=Path("/p"), masks=False, producer="me")
    assert ImportOptions.model_validate_json(options.model_dump_json()) == options
    assert options.paths() == [Path("/a.json"), Path("/p")]
