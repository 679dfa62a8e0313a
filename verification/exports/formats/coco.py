"""COCO instances: one annotation per region, of the category of its effective tag. Pure.

A category's id is the concept's, which never changes, so files of different days agree. Accepted and rejected tags
stand in `attributes`. Memory grows with the number of categories alone: annotations wait in a temporary file.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import IO, Any

from annotation.importers.boxes import to_xywh
from verification.exports.formats.writing import Line, Setting
from verification.exports.lines import encode_line
from verification.exports.records import Record


class CocoFile:
    """Implements `Writer`."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._annotations: IO[bytes] = setting.spool()
        self._categories: dict[int, str] = {}
        self._licences: dict[str, int] = {}
        self._last_image: int | None = None
        self._count = 0
        info = {
            "description": f"Verified regions of {setting.project}, exported by Argus {setting.version}",
            "date_created": setting.taken_at.isoformat(),
        }
        setting.sink.write(b'{"info": ' + _json(info) + b',\n"images": [')

    def write(self, lines: Sequence[Line]) -> None:
        images, annotations = [], []
        for line in lines:
            if line.concept_id is None:
                continue
            if line.image_id != self._last_image:
                images.append((b",\n" if self._last_image is not None else b"\n") + _json(self._image(line)))
                self._last_image = line.image_id
            self._categories[line.concept_id] = line.record["tag"]
            annotations.append((b",\n" if self._count else b"\n") + _json(_annotation(line)))
            self._count += 1
        self._setting.sink.write(b"".join(images))
        self._annotations.write(b"".join(annotations))

    def finish(self) -> None:
        sink = self._setting.sink
        sink.write(b'],\n"annotations": [')
        with self._annotations as spooled:
            spooled.seek(0)
            shutil.copyfileobj(spooled, sink, 1024 * 1024)
        sink.write(b'],\n"categories": [')
        for place, (concept_id, name) in enumerate(sorted(self._categories.items())):
            category = {"id": concept_id, "name": name, "supercategory": ""}
            sink.write((b",\n" if place else b"\n") + _json(category))
        licences = [{"id": number, "name": name, "url": ""} for name, number in self._licences.items()]
        sink.write(b'],\n"licenses": ' + _json(licences) + b"}\n")

    def _image(self, line: Line) -> Record:
        image = line.record["image"]
        record = {
            "id": line.image_id,
            "file_name": image["name"],
            "width": image["width"],
            "height": image["height"],
            "sha256": image["sha256"],
        }
        if image["url"]:
            record["coco_url"] = image["url"]
        if image["licence"]:
            record["license"] = self._licences.setdefault(image["licence"], len(self._licences) + 1)
        return record


def _annotation(line: Line) -> Record:
    record = line.record
    x1, y1, x2, y2 = record["bbox"]
    x, y, width, height = (round(value, 2) for value in to_xywh((x1, y1, x2, y2)))
    return {
        "id": record["region"],
        "image_id": line.image_id,
        "category_id": line.concept_id,
        "bbox": [x, y, width, height],
        "area": round(width * height, 2),
        "iscrowd": 0,
        "attributes": {
            "accepted": [entry["tag"] for entry in record["accepted"]],
            "rejected": [entry["tag"] for entry in record["rejected"]],
        },
    }


def _json(value: Any) -> bytes:
    return encode_line(value).rstrip(b"\n")
