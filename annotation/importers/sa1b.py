"""SA-1B (Segment Anything): one JSON file per photo with class-agnostic masks and their predicted IoU.

The box is taken from the mask, not from the file's `bbox`: that one leaves out the last row and column.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from annotation.importers import boxes, fields, masks
from annotation.importers.documents import files_below, load_json
from annotation.importers.options import ImportOptions
from annotation.importers.paths import safe_join
from annotation.importers.records import BoxRecord, ImageRecord, ItemRefused, Key, Problem, Record
from annotation.importers.seen import SeenKeys


def read(options: ImportOptions) -> Iterator[Record]:
    """Each photo, followed by its boxes. Photos lie in `options.images`, else beside their JSON file."""
    for root, path in files_below(options.annotations, (".json",)):
        file = path.relative_to(root).as_posix()
        try:
            yield from _photo(fields.mapping(load_json(path), "The file"), path, file, options)
        except ItemRefused as error:
            yield Problem(file, "", error.code, error.message)


def count(options: ImportOptions) -> int:
    return sum(1 for _ in files_below(options.annotations, (".json",)))


def _photo(document: Any, path: Path, file: str, options: ImportOptions) -> Iterator[Record]:
    image = fields.mapping(document.get("image"), "“image”")
    entries = document.get("annotations")
    if not isinstance(entries, list):
        raise ItemRefused("wrong_format", "This is no SA-1B file: it has no list “annotations”.")
    key: Key = file
    width = fields.side(image.get("width"), "The image's width")
    height = fields.side(image.get("height"), "The image's height")
    if width is None or height is None:
        raise ItemRefused("bad_field", "The image has no width or height.")
    name = fields.text(image.get("file_name"), "The file name", fields.MAX_NAME)
    folder = options.images or path.parent
    yield ImageRecord(
        key=key, name=name, file=file, path=safe_join(folder, name), width=width, height=height,
        licence=options.licence, source=options.source,
    )  # fmt: skip
    seen = SeenKeys()
    for value in entries:
        named = value.get("id") if isinstance(value, dict) else None
        item = f"annotation {fields.label(named)}"
        try:
            entry = fields.mapping(value, "The annotation")
            external = str(fields.key(named, "The annotation's id"))
            if not seen.add(external):
                raise ItemRefused("duplicate_id", "Another annotation of this photo has the same id.")
            mask = masks.checked_rle(entry.get("segmentation"), width, height)
            score = fields.number(entry["predicted_iou"], "predicted_iou") if "predicted_iou" in entry else None
            box = boxes.checked_box(masks.box_of_mask(mask, width, height), (width, height))
            kept = mask if options.masks else None
            yield BoxRecord(key, box, file, item, external_id=external, score=score, mask_rle=kept)
        except ItemRefused as error:
            yield Problem(file, item, error.code, error.message)
