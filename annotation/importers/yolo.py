"""YOLO: one text file per photo, `class cx cy w h [confidence]` or an outline, in fractions of the photo's sides.

Class names come from data.yaml (`names`) or a text file with one name a line. Label files have no sizes in pixels,
so the size is read from the photo's header.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from annotation.decoding import ImageRefused, probe_image, read_photo
from annotation.importers import boxes, fields, masks
from annotation.importers.documents import read_document
from annotation.importers.grouping import merge_equal_boxes
from annotation.importers.lines import bounded_lines
from annotation.importers.options import ImportOptions
from annotation.importers.paths import FOREIGN_SUFFIXES, photos_below, safe_join
from annotation.importers.records import Box, BoxRecord, ImageRecord, ItemRefused, Problem, Record

MAX_NAMES_BYTES = 8 * 1024 * 1024
MAX_OUTLINE_NUMBERS = 20_000


def read(options: ImportOptions) -> Iterator[Record]:
    """Each photo below `options.images`, followed by the boxes of its label file.

    `options.annotations` names the folder of label files; without it they lie beside the photos, or under
    `labels/` where the photos lie under `images/`. `options.names` is data.yaml or a list of names.
    """
    folder = options.images
    if folder is None or not folder.is_dir():
        yield Problem(str(folder or ""), "", "missing_folder", "The folder of photos does not exist.")
        return
    names: dict[int, str] = {}
    try:
        yield from _read_names(options.names, names)
    except ItemRefused as error:
        yield Problem(options.names.name if options.names else "", "", error.code, error.message)
        return
    root = folder.resolve()
    for path in photos_below(root):
        if path.suffix.lower() not in FOREIGN_SUFFIXES:
            yield from merge_equal_boxes(_photo(root, path, names, options))


def count(options: ImportOptions) -> int:
    return sum(1 for _ in photos_below(options.images)) if options.images and options.images.is_dir() else 0


def _read_names(path: Path | None, names: dict[int, str]) -> Iterator[Problem]:
    """Fill `names`. Raises ItemRefused when there are none at all."""
    if path is None:
        raise ItemRefused("missing_file", "YOLO needs class names: data.yaml, or a text file with one name a line.")
    data = read_document(path, MAX_NAMES_BYTES)
    for number, value in _raw_names(path, data):
        try:
            names[number], note = fields.tag(value, f"the name of class {number}")
            if note:
                yield Problem(path.name, f"class {number}", "tag_cleaned", note)
        except ItemRefused as error:
            yield Problem(path.name, f"class {number}", error.code, error.message)
    if not names:
        raise ItemRefused("wrong_format", "The file contains no class names.")


def _raw_names(path: Path, data: bytes) -> list[tuple[int, Any]]:
    if path.suffix.lower() not in (".yaml", ".yml"):
        lines = data.decode("utf-8-sig", "replace").splitlines()
        return [(number, line.strip()) for number, line in enumerate(lines) if line.strip()]
    try:
        document = yaml.load(data, Loader=_PlainLoader)  # noqa: S506  # a SafeLoader without aliases
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ItemRefused("bad_yaml", f"The file is no valid YAML: {' '.join(str(error).split())[:120]}.") from error
    listed = document.get("names") if isinstance(document, dict) else None
    if isinstance(listed, dict):
        return [(int(number), name) for number, name in listed.items() if isinstance(number, int)]
    if isinstance(listed, list):
        return list(enumerate(listed))
    raise ItemRefused("wrong_format", "The file has no list “names”.")


class _PlainLoader(yaml.SafeLoader):
    """Plain values only: an alias of an alias of an alias unfolds to gigabytes."""

    def compose_node(self, parent: Any, index: int) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not allowed")
        return super().compose_node(parent, index)


def _photo(root: Path, path: Path, names: dict[int, str], options: ImportOptions) -> Iterator[Record]:
    name = path.relative_to(root).as_posix()
    try:
        safe_join(root, name)
        header = probe_image(read_photo(path))
    except (ItemRefused, ImageRefused) as error:
        yield Problem(name, "", error.code, error.message)
        return
    size = (header.width, header.height)
    yield ImageRecord(
        key=name, name=name, file=name, path=path, width=size[0], height=size[1],
        licence=options.licence, source=options.source,
    )  # fmt: skip
    labels = _label_file(root, path, options)
    if labels is None:
        return  # a photo without labels: nothing is on it
    for number, line in bounded_lines(labels):
        item = f"line {number}"
        try:
            if line is None:
                raise ItemRefused("too_long", "The line is longer than 1 MB and was passed over.")
            if line.strip():
                yield _box(line.split(maxsplit=MAX_OUTLINE_NUMBERS), name, labels.name, item, size, names, options)
        except ItemRefused as error:
            yield Problem(labels.name, item, error.code, error.message)


def _label_file(root: Path, path: Path, options: ImportOptions) -> Path | None:
    """The photo's label file, if there is one."""
    inner = path.relative_to(root).with_suffix(".txt")
    places = [folder / inner for folder in options.annotations] + [
        folder / inner.name for folder in options.annotations
    ]
    if not options.annotations:
        places = [path.with_suffix(".txt"), root.parent / "labels" / inner]
        parts = list(path.with_suffix(".txt").parts)
        if "images" in parts:
            parts[len(parts) - 1 - parts[::-1].index("images")] = "labels"
            places.append(Path(*parts))
        if root.name and root.parent.name == "images":
            places.append(root.parent.parent / "labels" / root.name / inner)
    return next((place for place in places if place.is_file()), None)


def _box(
    words: list[str],
    key: str,
    file: str,
    item: str,
    size: tuple[int, int],
    names: dict[int, str],
    options: ImportOptions,
) -> BoxRecord:
    try:
        numbers = [float(word) for word in words]
    except ValueError as error:
        raise ItemRefused("bad_field", "The line contains something that is not a number.") from error
    if not all(math.isfinite(number) for number in numbers):
        raise ItemRefused("not_finite", "The line contains NaN or an infinite number.")
    if numbers[0] != int(numbers[0]) or int(numbers[0]) not in names:
        raise ItemRefused("unknown_category", f"There is no class {words[0][:20]} in the names.")
    tag = names[int(numbers[0])]
    if len(numbers) in (5, 6):
        score = numbers[5] if len(numbers) == 6 else None
        confidence = min(max(score, 0.0), 1.0) if score is not None else 1.0
        cx, cy, width, height = numbers[1:5]
        box = boxes.checked_box(boxes.from_yolo(cx, cy, width, height, *size), size)
        return BoxRecord(key, box, file, item, tags=((tag, confidence),), score=score)
    outline, mask = _outline(numbers[1:], size, options.masks)
    return BoxRecord(key, boxes.checked_box(outline, size), file, item, tags=((tag, 1.0),), mask_rle=mask)


def _outline(numbers: list[float], size: tuple[int, int], keep_mask: bool) -> tuple[Box, str | None]:
    if len(numbers) < 6 or len(numbers) % 2:
        raise ItemRefused(
            "bad_field", "A line has 5 numbers, 6 with a confidence, or a class and an outline of points."
        )
    points = [number * size[position % 2] for position, number in enumerate(numbers)]
    box = boxes.from_points(points[::2], points[1::2])
    return box, masks.mask_from_polygons([points], *size) if keep_mask else None
