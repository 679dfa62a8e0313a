"""COCO and LVIS files: ground truth and results, read and checked.

Boxes in these files are [x, y, width, height] in pixels; everywhere else in Argus they are corners.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ml.evals.inputs import InputError, field, number_field, numbers_field, read_json, read_records
from ml.evals.run_lengths import check_segmentation

Style = Literal["coco", "lvis"]
Overlap = Literal["bbox", "segm"]
Record = dict[str, Any]

MAX_PIXELS = 2**31
"""Of an image; the runs of a mask are counted in 32 bits."""


@dataclass(frozen=True)
class GroundTruth:
    """Checked ground truth; records as in the file. images and categories by id."""

    path: Path
    images: Mapping[int, Record]
    categories: Mapping[int, Record]
    annotations: Sequence[Record]


def read_ground_truth(path: Path, *, style: Style = "coco", overlap: Overlap = "bbox") -> GroundTruth:
    """Reads instances as COCO or LVIS publish them. Raises InputError that names the record.

    A missing `area` is the box's; a missing `iscrowd` is 0.
    """
    content = read_json(path)
    if not isinstance(content, dict):
        raise InputError(f"{path}: an object with images, categories and annotations is expected")
    images = _by_id(content, "images", path)
    categories = _by_id(content, "categories", path)
    annotations = list(_by_id(content, "annotations", path).values())
    for identity, image in images.items():
        where = f"{path}, image {identity}"
        for side in ("width", "height"):
            if not isinstance(field(image, side, where), int) or image[side] <= 0:
                raise InputError(f"{where}: '{side}' is {image[side]!r}, not a number of pixels")
        if image["width"] * image["height"] > MAX_PIXELS:
            raise InputError(f"{where}: {image['width']} x {image['height']} are more than {MAX_PIXELS} pixels")
        if style == "lvis":
            for name in ("neg_category_ids", "not_exhaustive_category_ids"):
                _known(field(image, name, where), categories, name, where)
    for identity, category in categories.items():
        where = f"{path}, category {identity}"
        if not isinstance(field(category, "name", where), str):
            raise InputError(f"{where}: 'name' is not text")
        if style == "lvis" and category.get("frequency") not in ("r", "c", "f"):
            raise InputError(f"{where}: 'frequency' is {category.get('frequency')!r}, not r, c or f")
    truth = GroundTruth(path, images, categories, annotations)
    for annotation in annotations:
        _check_annotation(annotation, truth, overlap)
    return truth


def read_results(path: Path, truth: GroundTruth, *, overlap: Overlap = "bbox") -> list[Record]:
    """A COCO result file for `truth`: [{"image_id", "category_id", "bbox" or "segmentation", "score"}], in its order.

    Raises InputError that names the record: unknown ids, boxes or scores that are not finite, inverted boxes, no
    record at all.
    """
    results = []
    for index, record in enumerate(read_records(path)):
        where = f"{path}, record {index}"
        image = _instance(record, truth, where)
        result = {name: record[name] for name in ("image_id", "category_id")}
        result["score"] = number_field(record, "score", where)
        if overlap == "bbox":
            result["bbox"] = _checked_box(record, where)
        else:
            check_segmentation(field(record, "segmentation", where), image["width"], image["height"], where)
            result["segmentation"] = record["segmentation"]
        results.append(result)
    return results


def _check_annotation(annotation: Record, truth: GroundTruth, overlap: Overlap) -> None:
    where = f"{truth.path}, annotation {annotation['id']}"
    image = _instance(annotation, truth, where)
    _x, _y, width, height = _checked_box(annotation, where)
    annotation.setdefault("area", width * height)
    if number_field(annotation, "area", where) < 0:
        raise InputError(f"{where}: 'area' is negative")
    if annotation.setdefault("iscrowd", 0) not in (0, 1):
        raise InputError(f"{where}: 'iscrowd' is {annotation['iscrowd']!r}, not 0 or 1")
    if overlap == "segm":
        check_segmentation(field(annotation, "segmentation", where), image["width"], image["height"], where)


def _instance(record: Mapping[str, Any], truth: GroundTruth, where: str) -> Record:
    """The image of an instance whose image and category are known."""
    image, category = field(record, "image_id", where), field(record, "category_id", where)
    if not _is_id(image) or image not in truth.images:
        raise InputError(f"{where}: image {image!r} is not in the ground truth")
    if not _is_id(category) or category not in truth.categories:
        raise InputError(f"{where}: category {category!r} is not in the ground truth")
    return truth.images[image]


def _checked_box(record: Mapping[str, Any], where: str) -> list[float]:
    box = numbers_field(record, "bbox", 4, where)
    if box[2] < 0 or box[3] < 0:
        raise InputError(f"{where}: 'bbox' {box} is inverted: width and height must not be negative")
    return box


def _by_id(content: Mapping[str, Any], name: str, path: Path) -> dict[int, Record]:
    entries = field(content, name, str(path))
    if not isinstance(entries, list) or not entries:
        raise InputError(f"{path}: '{name}' is not a list with at least one entry")
    found: dict[int, Record] = {}
    for index, entry in enumerate(entries):
        where = f"{path}, {name}[{index}]"
        if not isinstance(entry, dict) or not _is_id(entry.get("id")):
            raise InputError(f"{where}: has no 'id' that is a whole number")
        if entry["id"] in found:
            raise InputError(f"{where}: id {entry['id']} appears twice")
        found[entry["id"]] = dict(entry)
    return found


def _known(identities: Any, categories: Mapping[int, Record], name: str, where: str) -> None:
    if not isinstance(identities, list) or not all(_is_id(entry) and entry in categories for entry in identities):
        raise InputError(f"{where}: '{name}' is not a list of category ids of this file")


def _is_id(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
