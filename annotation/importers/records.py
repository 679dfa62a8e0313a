"""What every importer yields: photos, boxes, captions, and what it had to refuse. Pure values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

Box: TypeAlias = tuple[float, float, float, float]
"""(x1, y1, x2, y2) in pixels of the EXIF-rotated original, x2/y2 exclusive, rounded to 0.01 px."""

Key: TypeAlias = int | str
"""Names a photo inside one import, as its file does: a COCO image id, a path below the photo folder, an address."""

IMPORTED = "imported"


class ItemRefused(Exception):
    """One item cannot be taken in. Caught inside importers, which turn it into a Problem."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """A photo. At most one of `path` and `url` is set; with neither it must already be in the project, by name.

    width and height: what the annotation file claims (px); None where it claims nothing.
    aliases: further names under which the photo may be known.
    """

    key: Key
    name: str
    file: str
    path: Path | None = None
    url: str | None = None
    width: int | None = None
    height: int | None = None
    licence: str = ""
    source: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BoxRecord:
    """A box with its names, best first. `external_id` is "" where the format has none: then the box is its identity.

    tags: (text, score in [0, 1]); score: the source's confidence on its own scale; mask_rle: COCO compressed
    counts over the whole photo. item: how messages name it.
    """

    image_key: Key
    box: Box
    file: str
    item: str
    external_id: str = ""
    tags: tuple[tuple[str, float], ...] = ()
    score: float | None = None
    kind: str = IMPORTED
    mask_rle: str | None = None


@dataclass(frozen=True, slots=True)
class CaptionRecord:
    """A caption of a whole photo, written by a person or a model."""

    image_key: Key
    text: str
    external_id: str
    file: str
    item: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A file or an item that was refused or changed, in words for the person who started the import."""

    file: str
    item: str
    code: str
    message: str


Record: TypeAlias = ImageRecord | BoxRecord | CaptionRecord | Problem
