"""The pass over the manifests before training."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from ml.data.manifests import MAX_LINE_BYTES
from ml.data.surveys import BadLine, ManifestError, survey
from tests.ml.data.records import align, generate, write

KINDS = ("align", "generate")


def test_lines_places_and_digests_are_counted(tmp_path: Path) -> None:
    one = write(tmp_path / "one.jsonl", [align(n) for n in range(300)])
    two = write(tmp_path / "two.jsonl", [generate(n) for n in range(10)])
    found = survey([one, two], KINDS, pytest.fail)
    assert [file.lines for file in found.files] == [300, 10]
    assert found.files[0].sha256 == hashlib.sha256(one.read_bytes()).hexdigest()
    assert found.lines == 310
    assert (found.total("align"), found.total("generate"), found.bad) == (300, 10, 0)
    assert found.block_line.tolist() == [1, 257, 1]
    assert found.block_file.tolist() == [0, 0, 1]


def test_bad_lines_are_named_by_number_field_and_reason(tmp_path: Path) -> None:
    lines = [align(0), "{", "", {**align(1), "width": 0}, {**align(2), "task": "dance"}, align(3)]
    path = write(tmp_path / "m.jsonl", lines)
    bad: list[BadLine] = []
    found = survey([path], ("align",), bad.append)
    assert [(line.line, line.field) for line in bad] == [(2, ""), (4, "width"), (5, "task")]
    assert {line.manifest for line in bad} == {str(path)}
    assert (found.bad, found.lines, found.total("align")) == (3, 6, 5)  # only the blank line has no place


def test_records_of_kinds_that_are_not_trained_are_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "m.jsonl", [align(0), generate(0), generate(1)])
    found = survey([path], ("align",), pytest.fail)
    assert (found.total("align"), found.ignored, found.bad) == (1, 2, 0)


def test_a_line_without_an_end_counts(tmp_path: Path) -> None:
    path = write(tmp_path / "m.jsonl", [align(0), align(1)])
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    assert survey([path], ("align",), pytest.fail).total("align") == 2


def test_a_very_long_line_is_one_bad_line_and_the_next_is_read(tmp_path: Path) -> None:
    long = '{"x": "' + "x" * (3 * MAX_LINE_BYTES) + '"}'
    path = write(tmp_path / "m.jsonl", [align(0), long, align(1)])
    bad: list[BadLine] = []
    found = survey([path], ("align",), bad.append)
    assert [(line.line, line.reason) for line in bad] == [(2, f"the line is longer than {MAX_LINE_BYTES} bytes")]
    assert found.lines == 3
    assert found.files[0].size == path.stat().st_size
    assert found.files[0].sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_manifest_that_is_missing_or_of_no_use_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="No such file"):
        survey([tmp_path / "none.jsonl"], KINDS, pytest.fail)
    empty = write(tmp_path / "empty.jsonl", [])
    with pytest.raises(ManifestError, match="no usable record with task 'align' in 0 lines"):
        survey([empty], KINDS, pytest.fail)
    with pytest.raises(ManifestError, match="'generate' in 1 lines"):
        survey([write(tmp_path / "m.jsonl", [align(0)])], KINDS, pytest.fail)
