"""Pascal VOC: one XML file per photo. Objects have no ids, so the box is their identity."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException, ElementTree

from annotation.importers import boxes, fields
from annotation.importers.documents import files_below, read_document
from annotation.importers.grouping import merge_equal_boxes
from annotation.importers.options import ImportOptions
from annotation.importers.paths import safe_join
from annotation.importers.records import BoxRecord, ImageRecord, ItemRefused, Problem, Record

MAX_XML_BYTES = 16 * 1024 * 1024


def read(options: ImportOptions) -> Iterator[Record]:
    """Each photo, followed by its boxes. Photos lie in `options.images`; without it they are known by name."""
    for root, path in files_below(options.annotations, (".xml",)):
        file = path.relative_to(root).as_posix()
        try:
            yield from merge_equal_boxes(_photo(_parsed(path), path, file, options))
        except ItemRefused as error:
            yield Problem(file, "", error.code, error.message)


def count(options: ImportOptions) -> int:
    return sum(1 for _ in files_below(options.annotations, (".xml",)))


def _parsed(path: Path) -> Element:
    try:
        root: Element = ElementTree.fromstring(read_document(path, MAX_XML_BYTES))
    except DefusedXmlException as error:
        raise ItemRefused("forbidden_xml", "The XML declares entities or other files, which is not allowed.") from error
    except (ParseError, ValueError, LookupError) as error:
        raise ItemRefused("bad_xml", f"The file is no valid XML: {str(error)[:120]}.") from error
    if root.tag != "annotation":
        raise ItemRefused("wrong_format", "This is no Pascal VOC file: its root is not <annotation>.")
    return root


def _photo(root: Element, path: Path, file: str, options: ImportOptions) -> Iterator[Record]:
    raw = root.findtext("filename") or path.with_suffix(".jpg").name
    name = fields.text(raw, "The file name", fields.MAX_NAME)
    size = _size(root)
    yield ImageRecord(
        key=file,
        name=name,
        file=file,
        path=safe_join(options.images, raw.strip()) if options.images else None,
        width=size[0] if size else None,
        height=size[1] if size else None,
        licence=options.licence,
        source=options.source,
    )
    for number, element in enumerate(root.iterfind("object"), 1):
        yield from _object(element, f"object {number}", file, size, options)
        for part_number, part in enumerate(element.iterfind("part"), 1):
            yield from _object(part, f"object {number}, part {part_number}", file, size, options)


def _size(root: Element) -> tuple[int, int] | None:
    """(width, height); None where the file says nothing, or zero as some tools do."""
    try:
        width, height = (int(float(root.findtext(f"size/{side}") or 0)) for side in ("width", "height"))
    except (ValueError, OverflowError):
        return None
    return (width, height) if width > 0 and height > 0 else None


def _object(
    element: Element, item: str, file: str, size: tuple[int, int] | None, options: ImportOptions
) -> Iterator[Record]:
    try:
        corners = [_number(element, name) for name in ("xmin", "ymin", "xmax", "ymax")]
        if corners[2] < corners[0] or corners[3] < corners[1]:
            raise ItemRefused("inverted_box", "The box is inverted: xmax or ymax is smaller than xmin or ymin.")
        box = boxes.from_voc(*corners, one_based=options.one_based)
        name, note = fields.tag(element.findtext("name"), "the object's name")
        if note:
            yield Problem(file, item, "tag_cleaned", note)
        yield BoxRecord(file, boxes.checked_box(box, size), file, item, tags=((name, 1.0),))
    except ItemRefused as error:
        yield Problem(file, item, error.code, error.message)


def _number(element: Element, name: str) -> float:
    try:
        return fields.number(float(element.findtext(f"bndbox/{name}") or ""), name)
    except ValueError as error:
        raise ItemRefused("bad_field", f"{name} is missing or not a number.") from error
