"""A zip file written from front to back, in memory that does not grow with the number of its members. Pure.

`zipfile` keeps an object per member until the end: gigabytes, where each of a million photos has its file. Here the
directory waits in a temporary file. Sizes beyond 4 GiB and more than 65,535 members are written as ZIP64.
All members carry the same date, so that equal content is an equal file.
"""

from __future__ import annotations

import shutil
import struct
import zlib
from collections.abc import Callable
from typing import IO, Final, Protocol

_CHUNK: Final = 1024 * 1024
_MOST: Final = 0xFFFFFFFF
_MOST_MEMBERS: Final = 0xFFFF
_UTF8: Final = 0x800
_STORED, _DEFLATED = 0, 8
_DATE: Final = 0x21  # 1 January 1980, the first that zip knows
_PLAIN_FILE: Final = 0o100644 << 16
_VERSION, _VERSION_64 = 20, 45


class Sink(Protocol):
    def write(self, data: bytes, /) -> object: ...


class ZipStream:
    """`spool`: makes an empty temporary file, for the directory."""

    def __init__(self, sink: Sink, spool: Callable[[], IO[bytes]]) -> None:
        self._sink = sink
        self._directory = spool()
        self._members = 0
        self._at = 0

    def add(self, name: str, data: bytes, *, compress: bool = True) -> None:
        """A member that is in memory."""
        packed, method = data, _STORED
        if compress:
            packer = zlib.compressobj(6, zlib.DEFLATED, -15)
            packed, method = packer.compress(data) + packer.flush(), _DEFLATED
        self._begin(name, zlib.crc32(data), len(packed), len(data), method)
        self._write(packed)

    def add_stored(self, name: str, stream: IO[bytes], size: int, crc: int) -> None:
        """A member that lies in a file, from where the stream stands, not compressed again."""
        self._begin(name, crc, size, size, _STORED)
        shutil.copyfileobj(stream, self, _CHUNK)

    def close(self) -> None:
        """Write the directory. The sink stays open."""
        start = self._at
        with self._directory as spooled:
            spooled.seek(0)
            shutil.copyfileobj(spooled, self, _CHUNK)
        size, end = self._at - start, self._at
        if self._members >= _MOST_MEMBERS or start >= _MOST or size >= _MOST:
            fields = (44, 3 << 8 | _VERSION_64, _VERSION_64, 0, 0, self._members, self._members, size, start)
            self._write(struct.pack("<IQHHIIQQQQ", 0x06064B50, *fields))
            self._write(struct.pack("<IIQI", 0x07064B50, 0, end, 1))
        members = min(self._members, _MOST_MEMBERS)
        self._write(
            struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, members, members, min(size, _MOST), min(start, _MOST), 0)
        )

    def write(self, data: bytes) -> None:
        """For `copyfileobj`."""
        self._write(data)

    def _begin(self, name: str, crc: int, packed: int, size: int, method: int) -> None:
        """The member's header, and its entry in the directory."""
        encoded, start = name.encode(), self._at
        large = packed >= _MOST or size >= _MOST
        extra = struct.pack("<HHQQ", 1, 16, size, packed) if large else b""
        sizes = (_MOST, _MOST) if large else (packed, size)
        version = _VERSION_64 if large else _VERSION
        fields = (_UTF8, method, 0, _DATE, crc, *sizes, len(encoded))
        self._write(struct.pack("<IHHHHHIIIHH", 0x04034B50, version, *fields, len(extra)) + encoded + extra)
        wide = ([size, packed] if large else []) + ([start] if start >= _MOST else [])
        if wide:
            extra, version = struct.pack(f"<HH{len(wide)}Q", 1, 8 * len(wide), *wide), _VERSION_64
        entry = struct.pack(
            "<IHHHHHHIIIHHHHHII",
            0x02014B50,
            3 << 8 | _VERSION_64,
            version,
            *fields,
            len(extra),
            0,
            0,
            0,
            _PLAIN_FILE,
            min(start, _MOST),
        )
        self._directory.write(entry + encoded + extra)
        self._members += 1

    def _write(self, data: bytes) -> None:
        self._sink.write(data)
        self._at += len(data)
