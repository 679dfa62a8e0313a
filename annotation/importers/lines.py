"""Read text files line by line, never more than one bounded line in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

MAX_LINE_BYTES = 1024 * 1024


def bounded_lines(path: Path, max_bytes: int = MAX_LINE_BYTES) -> Iterator[tuple[int, str | None]]:
    """(number from 1, line without its end); None in place of a line longer than `max_bytes`. Bad UTF-8 is kept
    as replacement characters."""
    with path.open("rb") as file:
        number = 0
        while line := file.readline(max_bytes + 1):
            number += 1
            if len(line) > max_bytes and not line.endswith(b"\n"):
                while rest := file.readline(max_bytes):
                    if rest.endswith(b"\n"):
                        break
                yield number, None
                continue
            yield number, line.decode("utf-8-sig" if number == 1 else "utf-8", "replace").rstrip("\r\n")
