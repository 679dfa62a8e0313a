"""Pixels of photos, read under bounds: the display copy that was made at import, else the original."""

from __future__ import annotations

import io

from django.conf import settings
from django.core.files.storage import default_storage
from PIL import Image as Pictures

from annotation.decoding import DecodeLimits, ImageRefused, decode_image, probe_image
from annotation.models import Image


def open_photo(image: Image) -> Pictures.Image:
    """RGB pixels of a photo, upright, perhaps smaller than the original; boxes stay in pixels of the original.

    Raises ImageRefused with a reason for people when the stored file is missing, damaged or over the limits.
    """
    limits = DecodeLimits(max_bytes=settings.ARGUS_MAX_IMAGE_BYTES, max_pixels=settings.ARGUS_MAX_IMAGE_PIXELS)
    if image.display:
        data = _read(image.display, limits)
    elif image.original:
        data = decode_image(_read(image.original, limits), limits).display
    else:
        raise ImageRefused("not_stored", "The photo's file is not stored here.")
    probe_image(data, limits)
    try:
        with Pictures.open(io.BytesIO(data)) as picture:
            return picture.convert("RGB")
    except (OSError, SyntaxError, ValueError) as error:
        raise ImageRefused("damaged", "The stored file is damaged and cannot be decoded.") from error


def _read(key: str, limits: DecodeLimits) -> bytes:
    try:
        with default_storage.open(key) as file:
            return bytes(file.read(limits.max_bytes + 1))  # decoding refuses what is longer
    except FileNotFoundError as error:
        raise ImageRefused("missing_file", "The stored file is missing.") from error
    except OSError as error:
        raise ImageRefused("unreadable_file", f"The stored file cannot be read: {error.strerror or error}.") from error
