"""Static files are collected when one has changed, and only then."""

from pathlib import Path
from typing import Any

import pytest

from webapp.embedded.statics import collect_static_files


@pytest.fixture
def source(tmp_path: Path, settings: Any) -> Path:
    """A folder with one style sheet, and a place to collect it."""
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "page.css").write_text("a {}")
    settings.STATICFILES_DIRS = [folder]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATIC_ROOT = tmp_path / "collected"
    return folder


def test_the_first_time_collects_and_the_second_does_not(source: Path, settings: Any) -> None:
    assert collect_static_files()
    assert (settings.STATIC_ROOT / "page.css").read_text() == "a {}"
    assert not collect_static_files()


def test_a_changed_file_is_collected_again(source: Path, settings: Any) -> None:
    collect_static_files()
    (source / "page.css").write_text("a { color: red }")
    assert collect_static_files()
    assert (settings.STATIC_ROOT / "page.css").read_text() == "a { color: red }"


def test_a_removed_file_goes(source: Path, settings: Any) -> None:
    (source / "old.css").write_text("")
    collect_static_files()
    (source / "old.css").unlink()
    assert collect_static_files()
    assert not (settings.STATIC_ROOT / "old.css").exists()
