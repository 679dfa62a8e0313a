"""Find files below a folder, and never outside of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from annotation.importers.records import ItemRefused

PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"})
# Photos and drawings that people will look for afterwards, so they are named instead of passed over.
FOREIGN_SUFFIXES = frozenset(
    {".heic", ".heif", ".avif", ".svg", ".psd", ".raw", ".cr2", ".cr3", ".nef", ".arw", ".dng", ".jp2", ".jxl", ".eps"}
)


def safe_join(folder: Path, name: str) -> Path:
    """`folder / name`, symlinks resolved, if that is still inside the folder.

    Raises ItemRefused with code outside_folder otherwise; the file need not exist.
    """
    if not name or "\0" in name:
        raise ItemRefused("bad_name", "The file name is empty or contains a null character.")
    root = folder.resolve()
    try:
        path = (root / PurePosixPath(name.replace("\\", "/"))).resolve()
    except (OSError, RuntimeError) as error:
        raise ItemRefused("bad_name", "The file name cannot be followed.") from error
    if not path.is_relative_to(root):
        raise ItemRefused("outside_folder", "The file lies outside of the folder.")
    return path


def photos_below(folder: Path) -> Iterator[Path]:
    """Files with a photo's suffix (ours or foreign), in a fixed order. Hidden files and linked folders are left out.

    One folder's listing is in memory at a time.
    """
    with os.scandir(folder) as entries:
        listing = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries)
    for name, is_folder in listing:
        path = folder / name
        if name.startswith(".") or name == "__MACOSX":
            continue
        if is_folder:
            yield from photos_below(path)
        elif path.suffix.lower() in PHOTO_SUFFIXES | FOREIGN_SUFFIXES:
            yield path
