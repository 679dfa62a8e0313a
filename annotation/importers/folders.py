"""A folder of photos, with its subfolders."""

from __future__ import annotations

from collections.abc import Iterator

from annotation.importers.options import ImportOptions
from annotation.importers.paths import FOREIGN_SUFFIXES, photos_below, safe_join
from annotation.importers.records import ImageRecord, ItemRefused, Problem, Record


def read(options: ImportOptions) -> Iterator[Record]:
    """One ImageRecord per photo, keyed by its path below the folder."""
    folder = options.images
    if folder is None or not folder.is_dir():
        yield Problem(str(folder or ""), "", "missing_folder", "The folder does not exist.")
        return
    root = folder.resolve()
    for path in photos_below(root):
        name = path.relative_to(root).as_posix()
        if path.suffix.lower() in FOREIGN_SUFFIXES:
            message = f"{path.suffix.lower()} files are not supported. Save the photo as JPEG or PNG."
            yield Problem(name, "", "format_not_allowed", message)
            continue
        try:
            yield ImageRecord(
                key=name,
                name=name,
                file=name,
                path=safe_join(root, name),
                licence=options.licence,
                source=options.source,
            )
        except ItemRefused as error:
            yield Problem(name, "", error.code, error.message)


def count(options: ImportOptions) -> int:
    """How many files the folder holds that `read` will name."""
    return sum(1 for _ in photos_below(options.images)) if options.images and options.images.is_dir() else 0
