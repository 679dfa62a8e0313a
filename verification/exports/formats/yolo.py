"""A YOLO folder as a zip: `labels/NUMBER.txt` per photo, `data.yaml`, and which photo each number is. Pure.

A class keeps its number in every export of a project: new ones are added at the end (`Classes`). A photo's file is
named by its id, because names may repeat. Photos themselves are in it when they were asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import yaml

from annotation.importers.boxes import to_yolo
from verification.exports.formats.spools import CheckedSpool
from verification.exports.formats.writing import Line, Setting
from verification.exports.lines import encode_line
from verification.exports.records import Record
from verification.exports.zips import ZipStream

_HEAD = """\
# Exported by Argus. Boxes are fractions of the upright photo (rotated as EXIF says).
# photos.jsonl names the photo of every number; put those that are missing below images/.
# There is no split: divide train and val as you need.
path: .
train: images
val: images
names:
"""
NO_SUFFIX = ".jpg"


class YoloFolder:
    """Implements `Writer`."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._zip = ZipStream(setting.sink, setting.spool)
        self._photos = CheckedSpool(setting.spool())
        self._waiting: list[Line] = []

    def write(self, lines: Sequence[Line]) -> None:
        self._waiting.extend(line for line in lines if line.concept_id is not None)
        if not self._waiting:
            return
        last = self._waiting[-1].image_id  # more of it may come
        self._flush([line for line in self._waiting if line.image_id != last])
        self._waiting = [line for line in self._waiting if line.image_id == last]

    def finish(self) -> None:
        self._flush(self._waiting)
        with CheckedSpool(self._setting.spool()) as spooled:
            spooled.write(_HEAD.encode())
            for number, name in self._setting.classes.names():
                spooled.write(f"  {number}: {_quoted(name)}\n".encode())
            spooled.add_to(self._zip, "data.yaml")
        with self._photos as photos:
            photos.add_to(self._zip, "photos.jsonl")
        self._zip.close()

    def _flush(self, lines: list[Line]) -> None:
        numbers = self._setting.classes.numbers({line.concept_id for line in lines if line.concept_id is not None})
        for image_id, group in groupby(lines, lambda line: line.image_id):
            of_photo = list(group)
            text = "".join(_label(line.record, numbers[line.concept_id or 0]) for line in of_photo)
            self._zip.add(f"labels/{image_id:012d}.txt", text.encode())
            self._add_photo(image_id, of_photo[0])

    def _add_photo(self, image_id: int, line: Line) -> None:
        image = line.record["image"]
        found = self._setting.photo(line) if self._setting.photo else None
        suffix = found[1] if found else _suffix(image["path"] or image["name"])
        file = f"images/{image_id:012d}{suffix}"
        if found:
            self._zip.add(file, found[0], compress=False)
        self._photos.write(encode_line({"file": file, "is_here": found is not None, **image}))


def _label(record: Record, number: int) -> str:
    image = record["image"]
    x1, y1, x2, y2 = record["bbox"]
    sides = to_yolo((x1, y1, x2, y2), image["width"], image["height"])
    return f"{number} {' '.join(f'{side:.8f}' for side in sides)}\n"


def _suffix(name: str) -> str:
    """Of a file's name, as it may stand in a name of ours."""
    _stem, dot, suffix = name.rpartition(".")
    return f".{suffix.lower()}" if dot and suffix.isascii() and suffix.isalnum() and len(suffix) <= 5 else NO_SUFFIX


def _quoted(name: str) -> str:
    """A YAML scalar on one line, whatever the name holds."""
    return yaml.safe_dump(name, default_style='"', allow_unicode=True, width=10_000).strip()
