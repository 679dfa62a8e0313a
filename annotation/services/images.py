"""Photos in: read or fetch, decode, store the file and its derivatives, write the row. Idempotent by sha256.

Files lie in the storage under their sha256, so that writing one again writes the same bytes to the same place, and one
picture in two projects is stored once. Reading and decoding (`prepare_*`, `store_photo`) touch no database and
may run in threads; rows are written by `add_images`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from annotation.decoding import DecodedImage, DecodeLimits, ImageRefused, decode_image, read_photo
from annotation.fetching import FetchLimits, FetchRefused, fetch
from annotation.models import Image
from annotation.pipeline.concepts import display_text
from annotation.services.removals import blacklisted

FETCH_ATTEMPTS = 2
MAX_NAME, MAX_LICENCE, MAX_SOURCE = 255, 120, 200
CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class PhotoDetails:
    """What is known about a photo besides its bytes."""

    name: str
    url: str = ""
    licence: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class StoredPhoto:
    """A decoded photo whose files are in the storage."""

    decoded: DecodedImage
    original: str
    display: str
    thumbnail: str
    details: PhotoDetails


@dataclass(frozen=True, slots=True)
class AddedImage:
    """A row, and whether this call made it (False: the project had this picture already)."""

    image: Image
    created: bool
    notes: tuple[tuple[str, str], ...] = field(default=())


def decode_limits() -> DecodeLimits:
    return DecodeLimits(max_bytes=settings.ARGUS_MAX_IMAGE_BYTES, max_pixels=settings.ARGUS_MAX_IMAGE_PIXELS)


def fetch_limits() -> FetchLimits:
    return FetchLimits(
        max_bytes=settings.ARGUS_MAX_IMAGE_BYTES, allow_networks=tuple(settings.ARGUS_FETCH_ALLOW_NETWORKS)
    )


def fetch_photo(url: str) -> bytes:
    """The bytes at a public address, tried again once where that makes sense. Raises FetchRefused."""
    for _ in range(FETCH_ATTEMPTS - 1):
        try:
            return fetch(url, fetch_limits()).data
        except FetchRefused as error:
            if error.permanent:
                raise
    return fetch(url, fetch_limits()).data


def sha256_of(path: Path) -> str:
    """The digest of a file of allowed size, read in pieces. Raises ImageRefused."""
    limit = settings.ARGUS_MAX_IMAGE_BYTES
    try:
        if not path.is_file() or path.stat().st_size > limit:
            return hashlib.sha256(read_photo(path, decode_limits())).hexdigest()  # refuses, with the reason
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while piece := file.read(CHUNK):
                digest.update(piece)
    except OSError as error:
        raise ImageRefused("unreadable_file", f"The file cannot be read: {error.strerror}.") from error
    return digest.hexdigest()


def store_photo(data: bytes, details: PhotoDetails) -> StoredPhoto:
    """Decode and write original, display copy and thumbnail to the storage. Raises ImageRefused; no database."""
    decoded = decode_image(data, decode_limits())
    folder = f"{decoded.sha256[:2]}/{decoded.sha256[2:4]}"
    return StoredPhoto(
        decoded=decoded,
        original=_store(f"originals/{folder}/{decoded.sha256}{decoded.suffix}", data),
        display=_store(f"display/{folder}/{decoded.sha256}.webp", decoded.display),
        thumbnail=_store(f"thumbnails/{folder}/{decoded.sha256}.webp", decoded.thumb),
        details=details,
    )


def add_images(*, project_id: int, photos: Sequence[StoredPhoto]) -> list[AddedImage]:
    """Rows of stored photos, in order; for a picture that the project has, or that stands twice, the one row.

    What is known about a picture stays as the first import said it.
    """
    wanted = {photo.decoded.sha256: photo for photo in reversed(photos)}
    before = images_by_sha256(project_id=project_id, digests=wanted)
    Image.objects.bulk_create(
        (_row(project_id, photo) for digest, photo in reversed(wanted.items()) if digest not in before),
        ignore_conflicts=True,  # somebody else may add the same picture at the same time
    )
    rows = images_by_sha256(project_id=project_id, digests=wanted)
    made = set(rows) - set(before)
    added = []
    for photo in photos:
        digest = photo.decoded.sha256
        added.append(AddedImage(rows[digest], digest in made, photo.decoded.notes))
        made.discard(digest)
    return added


def add_image(*, project_id: int, data: bytes, details: PhotoDetails) -> AddedImage:
    """One photo from its bytes: stored, decoded, its row written. Raises ImageRefused, also where it was taken down.

    Idempotent.
    """
    if blacklisted(project_id=project_id, digests=[hashlib.sha256(data).hexdigest()]):
        raise ImageRefused("taken_down", "This photo was taken down on request and stays out.")
    return add_images(project_id=project_id, photos=[store_photo(data, details)])[0]


def images_by_sha256(*, project_id: int, digests: Iterable[str]) -> dict[str, Image]:
    """The project's images with these digests."""
    return {image.sha256: image for image in Image.objects.filter(project_id=project_id, sha256__in=list(digests))}


def _row(project_id: int, photo: StoredPhoto) -> Image:
    decoded, details = photo.decoded, photo.details
    return Image(
        project_id=project_id,
        sha256=decoded.sha256,
        name=display_text(details.name)[-MAX_NAME:] or decoded.sha256[:16],
        url=details.url,
        original=photo.original,
        display=photo.display,
        thumbnail=photo.thumbnail,
        width=decoded.width,
        height=decoded.height,
        mean_luma=decoded.luma,
        file_bytes=decoded.byte_size,
        licence=display_text(details.licence)[:MAX_LICENCE],
        source=display_text(details.source)[:MAX_SOURCE],
    )


def _store(key: str, data: bytes) -> str:
    """Write once; a file that is there already has the same bytes, as its name is their digest."""
    if default_storage.exists(key):
        return key
    return str(default_storage.save(key, ContentFile(data)))
