"""The lines in which the paper's authors publish AS-Core: flat, `{image, bbox, width, height, …}`. Pure.

`bbox` is x1, y1, x2, y2 in pixels. Questions have `question` and `answer`, captions `caption`.
"""

from __future__ import annotations

from collections.abc import Sequence

from verification.exports.formats.writing import Line, Setting
from verification.exports.lines import encode_line
from verification.exports.records import Record

_WORDS = {"qa": ("question", "answer"), "captions": ("caption",)}


class AsCoreLines:
    """Implements `Writer`."""

    def __init__(self, setting: Setting) -> None:
        self._sink = setting.sink
        self._words = _WORDS[setting.kind]

    def write(self, lines: Sequence[Line]) -> None:
        self._sink.write(b"".join([encode_line(self._flat(line.record)) for line in lines]))

    def finish(self) -> None:
        """Nothing is known only at the end."""

    def _flat(self, record: Record) -> Record:
        image = record["image"]
        flat = {
            "image": image["path"] or image["url"] or image["name"],
            "bbox": record["bbox"],
            "width": image["width"],
            "height": image["height"],
        }
        return flat | {word: record[word] for word in self._words}
