"""Temporary files that become members of a zip: their size and checksum are counted while they are written. Pure."""

from __future__ import annotations

import zlib
from types import TracebackType
from typing import IO, Self

from verification.exports.zips import ZipStream


class CheckedSpool:
    """A file-like object over an empty temporary file."""

    closed = False

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._crc = 0
        self.size = 0

    def write(self, data: bytes) -> int:
        self._stream.write(data)
        self._crc = zlib.crc32(data, self._crc)
        self.size += len(data)
        return len(data)

    def tell(self) -> int:
        return self.size

    def flush(self) -> None:
        self._stream.flush()

    def close(self) -> None:
        """What is written stays until the block ends."""

    def add_to(self, zipped: ZipStream, name: str) -> None:
        self._stream.seek(0)
        zipped.add_stored(name, self._stream, self.size, self._crc)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()
