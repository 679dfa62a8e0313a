"""Read JSON files of any size with flat memory, item by item, through ijson.

Two things would stop a strict parser although the rest of the file is fine, so a filter before it changes them on
the fly: NaN and Infinity outside of strings become null (the item is then refused by its field), and a string
longer than MAX_STRING is cut and marked (the item is refused, or the field was not needed). It also stops at numbers
of hundreds of digits: ijson's C parser crashes the process on integers that Python refuses to convert.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

import ijson

MAX_STRING: Final = 8 * 1024 * 1024
TOO_LONG: Final = "\ufdd0"
"""A noncharacter at the end of a string that was cut."""

CHUNK = 64 * 1024
_WINDOW = 256
_DIGITS = re.compile(rb"[0-9]{512}")
_BOM = b"\xef\xbb\xbf"
_WORD_TAIL = re.compile(rb"[-A-Za-z0-9]{1,12}\Z")
_ESCAPE_TAIL = re.compile(rb"\\u[0-9a-fA-F]{0,3}\Z")
_TOKEN = re.compile(rb'"|\\u[0-9a-fA-F]{4}|\\.|-?Infinity|NaN', re.DOTALL)
_STRING_TOKEN = re.compile(rb'"|\\u[0-9a-fA-F]{4}|\\.', re.DOTALL)


class BadJson(Exception):
    """The file is not JSON, or breaks off. The message says where."""


class StringGuard:
    """A binary file for ijson: the bytes of `file`, with the two changes described above."""

    def __init__(self, file: BinaryIO, max_string: int = MAX_STRING) -> None:
        self._file = file
        self._max = max_string
        self._held = b""
        self._ready = b""
        self._in_string = False
        self._run = 0  # bytes of the current string so far
        self._dropping = False
        self._started = False
        self.position = 0

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes (all if negative); b"" only at the end."""
        while size < 0 or len(self._ready) < size:
            chunk = self._file.read(CHUNK)
            self.position += len(chunk)
            if not self._started:
                self._started = True
                chunk = chunk.removeprefix(_BOM)
            if not chunk:
                self._ready += self._filtered(self._held)
                self._held = b""
                break
            chunk = self._held + chunk
            cut = _safe_cut(chunk)
            self._held, chunk = chunk[cut:], chunk[:cut]
            self._ready += self._filtered(chunk)
        if size < 0:
            size = len(self._ready)
        out, self._ready = self._ready[:size], self._ready[size:]
        return out

    def _filtered(self, chunk: bytes) -> bytes:
        if not chunk or self._is_plain(chunk):
            return chunk
        return self._tokenised(chunk)

    def _is_plain(self, chunk: bytes) -> bool:
        """The fast path: nothing to change in this chunk; only the state is carried on."""
        if self._dropping or b"\\" in chunk or b"NaN" in chunk or b"Infinity" in chunk:
            return False
        if _has_long_number(chunk):
            return False
        quotes = chunk.count(b'"')
        if self._in_string and self._run + (chunk.find(b'"') if quotes else len(chunk)) > self._max:
            return False
        if quotes == 0:
            self._run += len(chunk) if self._in_string else 0
            return True
        if quotes % 2:
            self._in_string = not self._in_string
        self._run = len(chunk) - chunk.rfind(b'"') - 1 if self._in_string else 0
        return True

    def _tokenised(self, chunk: bytes) -> bytes:
        out = bytearray()
        position = 0
        while position < len(chunk):
            if self._in_string:
                position = self._through_string(chunk, position, out)
                continue
            found = _TOKEN.search(chunk, position)
            if _DIGITS.search(chunk, position, found.start() if found else len(chunk)):
                raise ValueError("a number of more than 500 digits")
            if found is None:
                out += chunk[position:]
                break
            out += chunk[position : found.start()]
            token = found.group()
            out += b"null" if token in (b"NaN", b"Infinity", b"-Infinity") else token
            position = found.end()
            if token == b'"':
                self._in_string, self._run, self._dropping = True, 0, False
        return bytes(out)

    def _through_string(self, chunk: bytes, position: int, out: bytearray) -> int:
        """Copy (or drop) up to the closing quote or the end of the chunk; answers where to go on."""
        while True:
            found = _STRING_TOKEN.search(chunk, position)
            end = found.start() if found else len(chunk)
            self._copy(chunk[position:end], out)
            if found is None:
                return end
            if found.group() == b'"':
                out += b'"'
                self._in_string, self._dropping = False, False
                return found.end()
            self._copy(found.group(), out)
            position = found.end()

    def _copy(self, part: bytes, out: bytearray) -> None:
        """Copy text inside a string while it is within the limit; then one mark, then nothing."""
        if self._dropping:
            return
        room = self._max - self._run
        self._run += len(part)
        if len(part) <= room:
            out += part
            return
        # Go on to the end of a UTF-8 character that the cut would go through, into the next chunk if it must be.
        end = 0 if part.startswith(b"\\") else max(0, room)
        while end < len(part) and part[end] & 0xC0 == 0x80:
            end += 1
        out += part[:end]
        if end < len(part):
            out += TOO_LONG.encode()
            self._dropping = True


def _has_long_number(chunk: bytes) -> bool:
    """Whether there may be 512 digits in a row, certainly if there are 1,024; samples instead of scanning."""
    return any(
        chunk[start : start + 2 * _WINDOW].isdigit()
        for start in range(0, len(chunk) - 2 * _WINDOW + 1, _WINDOW)
        if 48 <= chunk[start] <= 57
    )


def _safe_cut(chunk: bytes) -> int:
    """Where the chunk can be cut without going through NaN, Infinity or an escape: its end, or a little before."""
    cut = len(chunk)
    for pattern in (_WORD_TAIL, _ESCAPE_TAIL):
        found = pattern.search(chunk[max(0, cut - 12) : cut])
        cut -= len(found.group()) if found else 0
    # An odd number of backslashes before the cut: the last one belongs to what follows.
    return cut - (cut - len(chunk[:cut].rstrip(b"\\"))) % 2


def iterate(path: Path, prefix: str) -> Iterator[Any]:
    """Items of the JSON file at `prefix` (ijson's notation, "item" for a list at the top). Raises BadJson."""
    with path.open("rb") as file:
        guard = StringGuard(file)
        try:
            yield from ijson.items(guard, prefix)
        except (ijson.JSONError, ValueError, ArithmeticError) as error:
            reason = " ".join(str(error).split())[:120]
            raise BadJson(f"The file is no valid JSON near byte {guard.position:,}: {reason}") from error


def check(path: Path) -> None:
    """Parse the file to its end and keep nothing. Raises BadJson."""
    for _ in iterate(path, TOO_LONG):  # a prefix that nothing has
        pass


def top_level(path: Path) -> str:
    """What the file holds at its top: "map", "list" or "value". Raises BadJson."""
    with path.open("rb") as file:
        try:
            event = next(iter(ijson.basic_parse(StringGuard(file))))[0]
        except (ijson.JSONError, ValueError, StopIteration) as error:
            raise BadJson("The file is no valid JSON.") from error
    return {"start_map": "map", "start_array": "list"}.get(event, "value")
