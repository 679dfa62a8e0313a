"""COCO: instances, captions and detection results; LVIS is the same with more fields.

The files are read several times instead of being kept in memory: categories, then photos, then annotations. A file
that breaks off anywhere is refused before anything of it is yielded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from annotation.importers import boxes, fields, masks
from annotation.importers.addresses import name_of
from annotation.importers.grouping import merge_equal_boxes
from annotation.importers.json_streams import BadJson, check, iterate, top_level
from annotation.importers.options import ImportOptions
from annotation.importers.paths import safe_join
from annotation.importers.records import (
    Box,
    BoxRecord,
    CaptionRecord,
    ImageRecord,
    ItemRefused,
    Key,
    Problem,
    Record,
)
from annotation.importers.seen import SeenKeys

Sizes = dict[Key, tuple[int, int] | None]


@dataclass(slots=True)
class _Known:
    """What the photos and categories parts of the files said."""

    categories: dict[Key, str] = field(default_factory=dict)
    sizes: Sizes = field(default_factory=dict)


def read(options: ImportOptions) -> Iterator[Record]:
    """All photos, then all boxes and captions. `options.reference` gives photos and categories only."""
    objects: list[Path] = []
    results: list[Path] = []
    for path in (*options.reference, *options.annotations):
        problem = _sort(path, objects, results)
        if problem is not None:
            yield problem
    known = _Known()
    for path in objects:
        yield from _categories(path, known.categories)
    for path in objects:
        yield from _images(path, options, known.sizes)
    for path in objects:
        if path not in options.reference:
            yield from _annotations(path, "annotations.item", known, options)
    for path in results:
        if path not in options.reference:
            yield from merge_equal_boxes(_annotations(path, "item", known, options))


def count(options: ImportOptions) -> int:
    """How many photos and annotations the files hold; files that cannot be read count as empty."""
    total = 0
    for path in (*options.reference, *options.annotations):
        prefixes = ["images.item"] if path in options.reference else ["images.item", "annotations.item", "item"]
        for prefix in prefixes:
            try:
                total += sum(1 for _ in iterate(path, prefix))
            except (BadJson, OSError):
                break
    return total


def _sort(path: Path, objects: list[Path], results: list[Path]) -> Problem | None:
    """Put the file with its kind; parse it to its end, so that one that breaks off is refused as a whole."""
    try:
        kind = top_level(path)
        check(path)
    except BadJson as error:
        return Problem(path.name, "", "bad_json", str(error))
    except OSError as error:
        return Problem(path.name, "", "missing_file", f"The file cannot be read: {error.strerror}.")
    if kind == "value":
        return Problem(path.name, "", "wrong_format", "The file is no COCO file: it is neither an object nor a list.")
    (objects if kind == "map" else results).append(path)
    return None


def _categories(path: Path, known: dict[Key, str]) -> Iterator[Problem]:
    here: set[Key] = set()
    for value in iterate(path, "categories.item"):
        item = f"category {fields.label(value.get('id') if isinstance(value, dict) else value)}"
        try:
            entry = fields.mapping(value, "The category")
            category = fields.key(entry.get("id"), "The category's id")
            name, note = fields.tag(_spoken(entry.get("name")), "the category's name")
            if category in here or known.get(category, name) != name:
                raise ItemRefused("duplicate_id", "The id stands for another category already.")
            here.add(category)
            known[category] = name
            if note:
                yield Problem(path.name, item, "tag_cleaned", note)
        except ItemRefused as error:
            yield Problem(path.name, item, error.code, error.message)


def _spoken(name: Any) -> Any:
    """LVIS writes spaces as underscores: "traffic_light", "bow_(weapon)"."""
    return name.replace("_", " ") if isinstance(name, str) else name


def _images(path: Path, options: ImportOptions, sizes: Sizes) -> Iterator[Record]:
    licences = _licences(path)
    here = SeenKeys()
    for value in iterate(path, "images.item"):
        item = f"image {fields.label(value.get('id') if isinstance(value, dict) else value)}"
        try:
            record = _image(fields.mapping(value, "The image"), path, options, licences)
            if not here.add(record.key):
                raise ItemRefused("duplicate_id", "Another image of this file has the same id; this one was left out.")
            size = (record.width, record.height) if record.width and record.height else None
            if record.key in sizes:  # a captions file repeats the photos of its instances file
                if sizes[record.key] != size:
                    raise ItemRefused("duplicate_id", "An earlier file gives this id to a photo of another size.")
                continue
            sizes[record.key] = size
            yield record
        except ItemRefused as error:
            yield Problem(path.name, item, error.code, error.message)


def _licences(path: Path) -> dict[Key, str]:
    names: dict[Key, str] = {}
    for value in iterate(path, "licenses.item"):
        if isinstance(value, dict):
            try:
                names[fields.key(value.get("id"), "id")] = fields.text(value.get("name"), "name", 200)[:120]
            except ItemRefused:
                continue  # a licence without a readable name names nothing
    return names


def _image(value: Any, path: Path, options: ImportOptions, licences: dict[Key, str]) -> ImageRecord:
    key = fields.key(value.get("id"), "The image's id")
    url = value.get("coco_url") or value.get("flickr_url")
    raw = value.get("file_name") or (name_of(url) if isinstance(url, str) else None)
    name = fields.text(raw, "The file name", fields.MAX_NAME)
    licence = value.get("license")
    return ImageRecord(
        key=key,
        name=name,
        file=path.name,
        path=_photo_path(options.images, str(raw)) if options.images else None,
        url=fields.text(url, "The address", 4096) if options.download and not options.images and url else None,
        width=fields.side(value.get("width"), "The image's width"),
        height=fields.side(value.get("height"), "The image's height"),
        licence=options.licence or (licences.get(licence, "") if isinstance(licence, int | str) else ""),
        source=options.source,
        aliases=(PurePosixPath(name).name,),
    )


def _photo_path(folder: Path, name: str) -> Path:
    """`folder/name`; LVIS v1 names photos "val2017/000….jpg" while the folder given may be val2017 itself."""
    path = safe_join(folder, name)
    if not path.exists() and "/" in name:
        flat = safe_join(folder, PurePosixPath(name).name)
        return flat if flat.exists() else path
    return path


def _annotations(path: Path, prefix: str, known: _Known, options: ImportOptions) -> Iterator[Record]:
    here = SeenKeys()
    for index, value in enumerate(iterate(path, prefix)):
        named = value.get("id") if isinstance(value, dict) else None
        item = f"annotation {fields.label(named)}" if named is not None else f"annotation at place {index + 1}"
        try:
            entry = fields.mapping(value, "The annotation")
            external = str(fields.key(entry["id"], "The annotation's id")) if named is not None else ""
            if external and not here.add(external):
                raise ItemRefused(
                    "duplicate_id", "Another annotation of this file has the same id; this one was left out."
                )
            image = fields.key(entry.get("image_id"), "image_id")
            if image not in known.sizes:
                raise ItemRefused("unknown_image", f"The file has no image {fields.label(image)}.")
            yield from _annotation(entry, image, external, known, options, path.name, item)
        except ItemRefused as error:
            yield Problem(path.name, item, error.code, error.message)


def _annotation(
    entry: Any, image: Key, external: str, known: _Known, options: ImportOptions, file: str, item: str
) -> Iterator[Record]:
    if "bbox" not in entry and "segmentation" not in entry and "caption" not in entry:
        raise ItemRefused("bad_item", "The annotation has neither a box nor a mask nor a caption.")
    if "caption" in entry:
        caption = fields.text(entry["caption"], "The caption", fields.MAX_CAPTION)
        yield CaptionRecord(image, caption, external or item, file, item)
    if "bbox" not in entry and "segmentation" not in entry:
        return
    size = known.sizes[image]
    mask = _mask(entry.get("segmentation"), size) if options.masks and entry.get("segmentation") else None
    score = fields.number(entry["score"], "score") if "score" in entry else None
    yield BoxRecord(
        image_key=image,
        box=boxes.checked_box(_box(entry, mask, size), size),
        file=file,
        item=item,
        external_id=external,
        tags=_tags(entry, known.categories, score),
        score=score,
        mask_rle=mask,
    )


def _box(entry: Any, mask: str | None, size: tuple[int, int] | None) -> Box:
    if entry.get("bbox"):
        x, y, width, height = fields.numbers(entry["bbox"], 4, "bbox")
        return boxes.from_xywh(x, y, width, height)
    if mask is None or size is None:  # segmentation results carry no box
        raise ItemRefused("bad_field", "The annotation has no box.")
    return masks.box_of_mask(mask, *size)


def _mask(value: Any, size: tuple[int, int] | None) -> str | None:
    """Compressed counts of a run-length encoding or an outline; None without the photo's size to check it by."""
    if size is None:
        return None
    if isinstance(value, dict):
        return masks.checked_rle(value, *size)
    return masks.mask_from_polygons(value, *size)


def _tags(entry: Any, categories: dict[Key, str], score: float | None) -> tuple[tuple[str, float], ...]:
    if entry.get("category_id") is None:
        return ()
    category = fields.key(entry["category_id"], "category_id")
    if category not in categories:
        raise ItemRefused("unknown_category", f"The file has no category {fields.label(category)}.")
    confidence = min(max(score, 0.0), 1.0) if score is not None else 1.0
    return ((categories[category], confidence),)
