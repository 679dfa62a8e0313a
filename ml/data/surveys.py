"""One pass over the manifests before training: digests, bad lines, and where the lines of each kind are.

What is kept grows by some 20 bytes per 256 lines, so that a manifest of ten million lines takes about a megabyte.
"""

from __future__ import annotations

import hashlib
import os
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml.data.lines import Line, lines_from
from ml.data.manifests import TASKS, RecordError, parse_object, record_of

BLOCK_LINES: Final = 256


class ManifestError(ValueError):
    """A manifest that cannot be trained on at all, or that changed while it was."""


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is left out. `line` counts from 1; `field` is empty where the whole line is meant."""

    manifest: str
    line: int
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class SurveyedFile:
    path: Path
    sha256: str
    size: int
    modified_ns: int
    lines: int


@dataclass(frozen=True)
class Survey:
    """All manifests of a run. Blocks are runs of up to 256 lines of one file, in order.

    `block_file`, `block_offset` (bytes), `block_line` (number of its first line): (blocks,). `places`: by kind, how
    many places each block has in that kind's stream, (blocks,). A line that cannot be read at all has an empty place
    in every stream: repairing or breaking a line moves no other.
    """

    files: tuple[SurveyedFile, ...]
    block_file: NDArray[np.int32]
    block_offset: NDArray[np.int64]
    block_line: NDArray[np.int64]
    places: dict[str, NDArray[np.int32]]
    bad: int
    ignored: int

    @property
    def lines(self) -> int:
        return sum(file.lines for file in self.files)

    def total(self, kind: str) -> int:
        """Places of one epoch of this kind."""
        return int(self.places[kind].sum())


def survey(manifests: Sequence[Path], kinds: Sequence[str], on_bad: Callable[[BadLine], None]) -> Survey:
    """Reads every line once. Raises ManifestError where a file cannot be read or a kind has no record."""
    blocks = _Blocks(kinds)
    files = tuple(_survey_file(index, path, blocks, on_bad) for index, path in enumerate(manifests))
    found = Survey(
        files=files,
        block_file=np.array(blocks.file, np.int32),
        block_offset=np.array(blocks.offset, np.int64),
        block_line=np.array(blocks.line, np.int64),
        places={kind: np.array(blocks.places[kind], np.int32) for kind in kinds},
        bad=blocks.bad,
        ignored=blocks.ignored,
    )
    for kind in kinds:
        if not blocks.good[kind]:
            names = ", ".join(str(path) for path in manifests)
            raise ManifestError(f"{names}: no usable record with task {kind!r} in {found.lines} lines")
    return found


def place_of(line: bytes, kinds: Sequence[str]) -> tuple[Sequence[str], dict[str, Any] | None, RecordError | None]:
    """In which of `kinds` a line has a place; its JSON object, or why it has none."""
    try:
        values = parse_object(line)
    except RecordError as error:
        return kinds, None, error
    task = values.get("task")
    if isinstance(task, str) and task in kinds:
        return (task,), values, None
    if task in TASKS:
        return (), values, None
    return kinds, values, None


class _Blocks:
    def __init__(self, kinds: Sequence[str]) -> None:
        self.kinds = kinds
        self.file, self.offset, self.line = array("i"), array("q"), array("q")
        self.places = {kind: array("i") for kind in kinds}
        self.good = dict.fromkeys(kinds, 0)
        self.bad = self.ignored = 0

    def start(self, file: int, offset: int, number: int) -> None:
        self.file.append(file)
        self.offset.append(offset)
        self.line.append(number)
        for places in self.places.values():
            places.append(0)

    def add(self, line: Line) -> RecordError | None:
        if not line.text.strip():
            return None
        kinds, values, error = place_of(line.text, self.kinds)
        for kind in kinds:
            self.places[kind][-1] += 1
        if values is not None and not kinds:
            self.ignored += 1
            return None
        if values is not None:
            try:
                self.good[record_of(values).task] += 1
            except RecordError as refused:
                error = refused
        self.bad += error is not None
        return error


def _survey_file(index: int, path: Path, blocks: _Blocks, on_bad: Callable[[BadLine], None]) -> SurveyedFile:
    digest = hashlib.sha256()
    number = size = 0
    try:
        with path.open("rb") as file:
            for line in lines_from(file, 0, digest.update):
                if number % BLOCK_LINES == 0:
                    blocks.start(index, line.offset, number + 1)
                number += 1
                size = line.offset + line.length
                if (error := blocks.add(line)) is not None:
                    on_bad(BadLine(str(path), number, error.field, error.reason))
            modified = os.fstat(file.fileno()).st_mtime_ns
    except OSError as error:
        raise ManifestError(f"{path}: cannot be read: {error.strerror}") from error
    return SurveyedFile(path, digest.hexdigest(), size, modified, number)
