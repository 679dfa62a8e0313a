"""In which order the lines of a kind are used: an endless, seeded, shuffled sequence that can be entered anywhere.

The n-th place is a function of the manifests, the seed and n alone. So a run resumes at any step by arithmetic, and
processes and data workers share the lines without overlap or loss whatever their number is.

An epoch is every place once. Its blocks are permuted, and the places of each 64 consecutive permuted blocks (up to
16,384 lines: a window) are permuted together; only one window's offsets are in memory.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from dataclasses import dataclass
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from ml.data.lines import lines_from
from ml.data.manifests import MAX_LINE_BYTES, TASKS
from ml.data.surveys import BLOCK_LINES, ManifestError, Survey, place_of

WINDOW_BLOCKS: Final = 64
_WINDOWS_KEPT: Final = 2


@dataclass(frozen=True, slots=True)
class Place:
    """One line in its turn: `file` indexes the survey's files, `line` counts from 1."""

    epoch: int
    file: int
    line: int
    text: bytes


class Stream:
    """The places of one kind. Opens its files when first used, so that each data worker has its own."""

    def __init__(self, survey: Survey, kind: str, seed: int) -> None:
        self._survey = survey
        self._kind = kind
        self._seed = (seed, TASKS.index(kind))
        self._files: dict[int, BinaryIO] = {}
        self._order: tuple[int, NDArray[np.int64], NDArray[np.int64]] | None = None
        self._windows: OrderedDict[tuple[int, int], NDArray[np.int64]] = OrderedDict()
        self.total = survey.total(kind)

    def place(self, number: int) -> Place:
        """`number` counts from 0 over all epochs. Raises ManifestError where a manifest has changed."""
        epoch, slot = divmod(number, self.total)
        blocks, ends = self._epoch_order(epoch)
        window = int(np.searchsorted(ends, slot, side="right"))
        first = int(ends[window - 1]) if window else 0
        file, line, offset, length = (int(value) for value in self._window(epoch, window, blocks)[slot - first])
        return Place(epoch, file, line, self._read(file, offset, length))

    def close(self) -> None:
        for file in self._files.values():
            file.close()
        self._files.clear()

    def _epoch_order(self, epoch: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The permuted blocks, and after how many places each window ends."""
        if self._order is None or self._order[0] != epoch:
            blocks = np.random.default_rng([*self._seed, epoch]).permutation(len(self._survey.block_file))
            ends = self._survey.places[self._kind][blocks].cumsum(dtype=np.int64)
            self._order = epoch, blocks, np.append(ends[WINDOW_BLOCKS - 1 :: WINDOW_BLOCKS], ends[-1])
        return self._order[1], self._order[2]

    def _window(self, epoch: int, window: int, blocks: NDArray[np.int64]) -> NDArray[np.int64]:
        """(places, 4): file, line, offset, length, in the order of use."""
        key = (epoch, window)
        if key not in self._windows:
            rows = [
                row
                for block in blocks[window * WINDOW_BLOCKS : (window + 1) * WINDOW_BLOCKS].tolist()
                for row in self._block(block)
            ]
            order = np.random.default_rng([*self._seed, epoch, window]).permutation(len(rows))
            self._windows[key] = np.array(rows, np.int64).reshape(-1, 4)[order]
            while len(self._windows) > _WINDOWS_KEPT:
                self._windows.popitem(last=False)
        self._windows.move_to_end(key)
        return self._windows[key]

    def _block(self, block: int) -> list[tuple[int, int, int, int]]:
        file = int(self._survey.block_file[block])
        number = int(self._survey.block_line[block])
        rows = []
        for line in lines_from(self._file(file), int(self._survey.block_offset[block])):
            if line.text.strip() and self._kind in place_of(line.text, (self._kind,))[0]:
                rows.append((file, number, line.offset, line.length))
            number += 1
            if (number - 1) % BLOCK_LINES == 0:
                break
        if len(rows) != self._survey.places[self._kind][block]:
            raise self._changed(file)
        return rows

    def _read(self, file: int, offset: int, length: int) -> bytes:
        opened = self._file(file)
        opened.seek(offset)
        return opened.read(min(length, MAX_LINE_BYTES + 1))

    def _file(self, index: int) -> BinaryIO:
        """Looks each time whether it is still the file of the survey. One that was replaced under its name is not
        noticed once it is open, and need not be: the old one is read on."""
        surveyed = self._survey.files[index]
        if index not in self._files:
            self._files[index] = surveyed.path.open("rb")
        status = os.fstat(self._files[index].fileno())
        if (status.st_size, status.st_mtime_ns) != (surveyed.size, surveyed.modified_ns):
            raise self._changed(index)
        return self._files[index]

    def _changed(self, file: int) -> ManifestError:
        return ManifestError(f"{self._survey.files[file].path} changed during training: start a new run with it")
