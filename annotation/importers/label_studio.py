"""Label Studio's JSON export: rectangles (percent of the photo), their labels, choices per region, texts.

Finished annotations are imported, and predictions where a task has none. Turned rectangles are refused: a
region is an upright box.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from annotation.importers import boxes, fields
from annotation.importers.documents import files_below
from annotation.importers.json_streams import BadJson, check, iterate
from annotation.importers.options import ImportOptions
from annotation.importers.paths import safe_join
from annotation.importers.records import BoxRecord, CaptionRecord, ImageRecord, ItemRefused, Problem, Record
from annotation.importers.seen import SeenKeys

RECTANGLES = ("rectanglelabels", "rectangle")
_UPLOAD_PREFIX = re.compile(r"^[0-9a-f]{8}-")  # Label Studio puts it before the name of an uploaded file


def read(options: ImportOptions) -> Iterator[Record]:
    """Each task's photo, followed by its boxes and captions."""
    for root, path in files_below(options.annotations, (".json",)):
        file = path.relative_to(root).as_posix()
        try:
            check(path)  # to its end before anything is yielded
            seen = SeenKeys()
            for index, task in enumerate(_tasks(path)):
                yield from _task(task, index, file, options, seen)
        except BadJson as error:
            yield Problem(file, "", "bad_json", str(error))


def count(options: ImportOptions) -> int:
    total = 0
    for _, path in files_below(options.annotations, (".json",)):
        try:
            total += sum(1 for _ in _tasks(path))
        except BadJson:
            continue
    return total


def _tasks(path: Path) -> Iterator[Any]:
    yield from iterate(path, "item")


def _task(task: Any, index: int, file: str, options: ImportOptions, seen: SeenKeys) -> Iterator[Record]:
    named = task.get("id") if isinstance(task, dict) else None
    item = f"task {fields.label(named)}" if named is not None else f"task at place {index + 1}"
    try:
        entry = fields.mapping(task, "The task")
        key = f"{file}#{fields.key(named, 'id')}" if named is not None else f"{file}#{index}"
        if not seen.add(key):
            raise ItemRefused("duplicate_id", "Another task of this file has the same id; this one was left out.")
        results = _results(entry)
        yield _image(entry, key, file, results, options)
    except ItemRefused as error:
        yield Problem(file, item, error.code, error.message)
        return
    yield from _regions(results, key, file, item)


def _image(entry: Any, key: str, file: str, results: list[Any], options: ImportOptions) -> ImageRecord:
    data = fields.mapping(entry.get("data"), "The task's data")
    address = next(
        (value for name in ("image", "img", "photo", "url") if isinstance(value := data.get(name), str)), None
    )
    if address is None:
        address = next((value for value in data.values() if isinstance(value, str)), None)
    location = fields.text(address, "The photo's address", 4096)
    name = _name(location)
    remote = urlsplit(location).scheme in ("http", "https")
    sizes = {_size(result) for result in results if isinstance(result, dict)} - {None}
    if len(sizes) > 1:
        raise ItemRefused("size_mismatch", "The annotations of this task give the photo different sizes.")
    width, height = sizes.pop() or (None, None) if sizes else (None, None)
    plain = _UPLOAD_PREFIX.sub("", name)
    path = _photo_path(options.images, location, name, plain) if options.images else None
    return ImageRecord(
        key=key,
        name=plain,
        file=file,
        path=path,
        url=location if remote and options.download and path is None else None,
        width=width,
        height=height,
        licence=options.licence,
        source=options.source,
        aliases=(name, location.lstrip("/")),
    )


def _name(location: str) -> str:
    """The file name in an address, a path, or Label Studio's `/data/local-files/?d=path`."""
    try:
        parts = urlsplit(location)
    except ValueError:
        return location
    local = parse_qs(parts.query).get("d")
    return PurePosixPath(local[0] if local else unquote(parts.path)).name or location


def _photo_path(folder: Path, location: str, name: str, plain: str) -> Path:
    for candidate in (location.lstrip("/"), name, plain):
        try:
            path = safe_join(folder, candidate)
        except ItemRefused:
            continue  # "../" in an address of Label Studio's own server; the bare name is tried next
        if path.is_file():
            return path
    return safe_join(folder, plain)


def _results(entry: Any) -> list[Any]:
    """The newest finished annotation's results, else the newest prediction's."""
    for source in ("annotations", "completions", "predictions"):
        listed = entry.get(source)
        for annotation in reversed(listed if isinstance(listed, list) else []):
            if isinstance(annotation, dict) and not annotation.get("was_cancelled"):
                result = annotation.get("result")
                if isinstance(result, list):
                    return result
    return []


def _size(result: Any) -> tuple[int, int] | None:
    try:
        width = fields.side(result.get("original_width"), "original_width")
        height = fields.side(result.get("original_height"), "original_height")
    except ItemRefused:
        return None
    return (width, height) if width and height else None


def _regions(results: list[Any], key: str, file: str, task_item: str) -> Iterator[Record]:
    """One box per rectangle; labels and choices with the same id are its tags."""
    extra = _choices_by_region(results)
    regions = {str(r.get("id")) for r in results if isinstance(r, dict) and r.get("type") in RECTANGLES}
    rectangles: set[str] = set()
    for index, result in enumerate(results):
        named = result.get("id") if isinstance(result, dict) else None
        item = f"{task_item}, result {fields.label(named) if named is not None else index + 1}"
        try:
            entry = fields.mapping(result, "The result")
            kind = entry.get("type")
            if kind in RECTANGLES:
                external = str(fields.key(named, "The result's id"))
                if external in rectangles:
                    continue  # a second entry of one rectangle only carries more labels, read above
                rectangles.add(external)
                yield from _rectangle(entry, external, extra.get(external, []), key, file, item)
            elif kind == "textarea" and str(named) not in regions:
                yield from _captions(entry, key, file, item, index)
            elif kind == "choices" and str(named) not in regions:
                raise ItemRefused("no_place", "Choices about a whole photo have no place in Argus and were left out.")
            elif kind not in ("choices", "textarea", "labels", "rating"):
                raise ItemRefused("unsupported", f"Results of type {fields.label(kind)} are not imported.")
        except ItemRefused as error:
            yield Problem(file, item, error.code, error.message)


def _choices_by_region(results: list[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for result in results:
        value = result.get("value") if isinstance(result, dict) else None
        if isinstance(value, dict) and result.get("id") is not None:
            for name in ("rectanglelabels", "labels", "choices"):
                listed = value.get(name)
                if isinstance(listed, list):
                    found.setdefault(str(result["id"]), []).extend(listed)
    return found


def _rectangle(entry: Any, external: str, labels: list[Any], key: str, file: str, item: str) -> Iterator[Record]:
    value = fields.mapping(entry.get("value"), "The result's value")
    size = _size(entry)
    if size is None:
        raise ItemRefused("bad_field", "The result gives no original_width and original_height.")
    if abs(fields.number(value.get("rotation", 0), "rotation")) % 360 > 1e-6:
        raise ItemRefused("rotated", "The rectangle is turned; regions are upright boxes.")
    x, y, width, height = (fields.number(value.get(name), name) for name in ("x", "y", "width", "height"))
    box = boxes.checked_box(boxes.from_percent(x, y, width, height, *size), size)
    score = fields.number(entry["score"], "score") if entry.get("score") is not None else None
    confidence = min(max(score, 0.0), 1.0) if score is not None else 1.0
    tags: dict[str, float] = {}
    for label in labels:
        try:
            shown, note = fields.tag(label, "the label")
        except ItemRefused as error:
            yield Problem(file, item, error.code, error.message)
            continue
        tags[shown] = confidence
        if note:
            yield Problem(file, item, "tag_cleaned", note)
    yield BoxRecord(key, box, file, item, external_id=external, tags=tuple(tags.items()), score=score)


def _captions(entry: Any, key: str, file: str, item: str, index: int) -> Iterator[CaptionRecord]:
    value = fields.mapping(entry.get("value"), "The result's value")
    listed = value.get("text")
    texts = listed if isinstance(listed, list) else [listed]
    for number, text in enumerate(texts):
        external = f"{fields.label(entry.get('id', index))}-{number}"
        yield CaptionRecord(key, fields.text(text, "The caption", fields.MAX_CAPTION), external, file, item)
