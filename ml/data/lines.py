"""Lines of a file with their offsets, in bounded memory however long a line is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from ml.data.manifests import MAX_LINE_BYTES

_CHUNK = 2**20


@dataclass(frozen=True, slots=True)
class Line:
    """`text` keeps at most MAX_LINE_BYTES + 1 bytes, `length` is the whole line with its end, in bytes."""

    offset: int
    length: int
    text: bytes


def lines_from(file: BinaryIO, offset: int, seen: Callable[[bytes], object] | None = None) -> Iterator[Line]:
    """The lines from `offset` on, which must be the start of one. `seen` is given every byte, in order."""
    file.seek(offset)
    while text := file.readline(MAX_LINE_BYTES + 1):
        if seen is not None:
            seen(text)
        length = len(text)
        if length > MAX_LINE_BYTES and not text.endswith(b"\n"):
            length += _rest_of_line(file, seen)
        yield Line(offset, length, text)
        offset += length


def _rest_of_line(file: BinaryIO, seen: Callable[[bytes], object] | None) -> int:
    length = 0
    while chunk := file.readline(_CHUNK):
        if seen is not None:
            seen(chunk)
        length += len(chunk)
        if chunk.endswith(b"\n"):
            break
    return length
