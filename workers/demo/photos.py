"""The demo's photos and captions: which there are, and where they lie on this machine."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from webapp.core.errors import Unavailable


@dataclass(frozen=True, slots=True)
class DemoPhoto:
    """A photo that ships inside the scikit-image package, and what people said about it."""

    path: Path
    name: str
    licence: str
    source: str
    captions: tuple[str, ...]


def demo_photos() -> list[DemoPhoto]:
    """Raises Unavailable when the scikit-image package, or a photo of it, is not installed."""
    folder = _package_folder() / "data"
    entries = json.loads(files(__package__).joinpath("photos.json").read_text(encoding="utf-8"))
    photos = [
        DemoPhoto(
            path=folder / entry["file"],
            name=entry["name"],
            licence=entry["licence"],
            source=entry["source"],
            captions=tuple(entry["captions"]),
        )
        for entry in entries
    ]
    missing = [photo.path.name for photo in photos if not photo.path.is_file()]
    if missing:
        raise Unavailable(f"The installed scikit-image package has no {', '.join(missing)}.")
    return photos


def _package_folder() -> Path:
    found = find_spec("skimage")  # found without importing it
    if found is None or not found.submodule_search_locations:
        raise Unavailable("The demo's photos come with scikit-image, which is not installed here.")
    return Path(found.submodule_search_locations[0])
