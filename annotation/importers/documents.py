"""Small documents, one per photo, that are read as a whole: bounded, and found in a fixed order."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from annotation.importers.records import ItemRefused

MAX_DOCUMENT_BYTES = 64 * 1024 * 1024


def files_below(roots: Sequence[Path], suffixes: Sequence[str]) -> Iterator[tuple[Path, Path]]:
    """(root, file) for every file with one of the suffixes below the roots; a root may be a file itself.

    Hidden files, linked folders and links that lead outside of their root are left out.
    """
    for root in roots:
        if root.is_file():
            yield root.parent, root
        elif root.is_dir():
            yield from ((root, path) for path in _walk(root, root.resolve(), suffixes))


def _walk(folder: Path, inside: Path, suffixes: Sequence[str]) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        listing = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries)
    for name, is_folder in listing:
        path = folder / name
        if name.startswith("."):
            continue
        if is_folder:
            yield from _walk(path, inside, suffixes)
        elif path.suffix.lower() in suffixes and path.resolve().is_relative_to(inside):
            yield path


def read_document(path: Path, max_bytes: int = MAX_DOCUMENT_BYTES) -> bytes:
    """The file's bytes. Raises ItemRefused: too_long, missing_file."""
    try:
        if not path.is_file():
            raise ItemRefused("missing_file", "The file does not exist.")
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except OSError as error:
        raise ItemRefused("missing_file", f"The file cannot be read: {error.strerror}.") from error
    if len(data) > max_bytes:
        raise ItemRefused("too_long", f"The file is larger than {max_bytes // 2**20} MB.")
    return data


def load_json(path: Path) -> Any:
    """The JSON value of a small file; NaN and infinities become null, as in json_streams. Raises ItemRefused."""
    try:
        return json.loads(read_document(path), parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        raise ItemRefused("bad_json", f"The file is no valid JSON: {str(error)[:120]}.") from error
