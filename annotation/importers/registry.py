"""Every format by name: what it is called, what it needs, who reads it. To add a format, add a line here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from annotation.importers import addresses, coco, folders, label_studio, sa1b, voc, yolo
from annotation.importers.options import ImportOptions
from annotation.importers.records import Record


@dataclass(frozen=True, slots=True)
class Importer:
    """One format.

    read: yields a photo before anything about it; count: how many photos and annotations there are about, for
    the progress bar; interleaved: everything about a photo follows it at once, so it may be forgotten after.
    needs: fields of ImportOptions without which there is nothing to read; title: its name for people.
    """

    name: str
    title: str
    read: Callable[[ImportOptions], Iterator[Record]]
    count: Callable[[ImportOptions], int]
    needs: tuple[str, ...]
    interleaved: bool = False


_ALL = (
    Importer("folder", "Folder of photos", folders.read, folders.count, ("images",), interleaved=True),
    Importer("urls", "List of addresses", addresses.read, addresses.count, ("urls",), interleaved=True),
    Importer("coco", "COCO instances, captions, results", coco.read, coco.count, ("annotations",)),
    Importer("lvis", "LVIS", coco.read, coco.count, ("annotations",)),
    Importer("sa1b", "SA-1B masks", sa1b.read, sa1b.count, ("annotations",), interleaved=True),
    Importer("yolo", "YOLO labels", yolo.read, yolo.count, ("images", "names"), interleaved=True),
    Importer("voc", "Pascal VOC XML", voc.read, voc.count, ("annotations",), interleaved=True),
    Importer(
        "label_studio", "Label Studio JSON", label_studio.read, label_studio.count, ("annotations",), interleaved=True
    ),
)
IMPORTERS: dict[str, Importer] = {importer.name: importer for importer in _ALL}
