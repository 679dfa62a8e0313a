"""Files that appear whole or not at all."""

import contextlib
import hashlib
from pathlib import Path

import pytest

from verification.services.files import partial_file
from webapp.core.errors import Conflict


def test_the_file_appears_when_it_is_published(tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    target.write_bytes(b"old")
    with partial_file(target) as file:
        file.write(b"one\n")
        file.write(b"two\n")
        file.sync()
        assert target.read_bytes() == b"old"
        file.publish()
    assert target.read_bytes() == b"one\ntwo\n"
    assert (file.size, file.sha256) == (8, hashlib.sha256(b"one\ntwo\n").hexdigest())
    assert list(tmp_path.iterdir()) == [target]


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    target.write_bytes(b"old")
    with contextlib.suppress(ZeroDivisionError), partial_file(target) as file:
        file.write(b"half")
        file.write(bytes(1 // len(b"")))
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_what_a_killed_run_left_is_written_over(tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    target.with_name("out.jsonl.partial").write_bytes(b"a long half-written rest")
    with partial_file(target) as file:
        file.write(b"new")
        file.sync()
        file.publish()
    assert target.read_bytes() == b"new"


def test_two_writers_of_one_file_do_not_mix(tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    with partial_file(target) as file:
        file.write(b"first")
        with pytest.raises(Conflict), partial_file(target):
            pytest.fail("the second writer was let in")
        file.sync()
        file.publish()
    assert target.read_bytes() == b"first"
