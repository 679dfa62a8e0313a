"""What one import is asked to do. Stored as JSON with its run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Name = Annotated[str, StringConstraints(max_length=100, strip_whitespace=True)]


class ImportOptions(BaseModel):
    """Where the input lies and how it is read; every format looks at the fields it knows.

    annotations: annotation files, or folders of them; images: folder of photos; urls: file with one address a
    line; reference: files whose photos and categories are used, but not their boxes; download: fetch photos
    from the addresses that the annotation file names; masks: keep masks and outlines; one_based: Pascal VOC
    counts pixels from 1; names: YOLO class names, one a line; producer and version: who made the annotations.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    annotations: tuple[Path, ...] = ()
    images: Path | None = None
    urls: Path | None = None
    reference: tuple[Path, ...] = ()
    names: Path | None = None
    download: bool = False
    masks: bool = True
    one_based: bool = True
    producer: Name = ""
    version: Name = ""
    licence: Name = ""
    source: Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)] = ""

    def paths(self) -> list[Path]:
        """Every file and folder that is named."""
        single = [path for path in (self.images, self.urls, self.names) if path is not None]
        return [*self.annotations, *self.reference, *single]
