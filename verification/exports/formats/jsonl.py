"""JSONL: the records themselves, one a line. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from verification.exports.formats.writing import Line, Setting
from verification.exports.lines import encode_line


class JsonLines:
    """Implements `Writer`."""

    def __init__(self, setting: Setting) -> None:
        self._sink = setting.sink

    def write(self, lines: Sequence[Line]) -> None:
        self._sink.write(b"".join([encode_line(line.record) for line in lines]))

    def finish(self) -> None:
        """Nothing is known only at the end."""
