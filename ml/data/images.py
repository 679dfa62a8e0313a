"""Read the image of a record under bounds: bytes, pixels (from the header, before decoding) and formats."""

from __future__ import annotations

import io
import os
import stat
import struct
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "WEBP", "BMP")


class ImageError(ValueError):
    """An image that cannot be used. The text names the file."""


@dataclass(frozen=True, slots=True)
class ImageLimits:
    max_bytes: int = 64 * 2**20
    max_pixels: int = 100_000_000


def read_image(path: Path, size: tuple[int, int] | None = None, limits: ImageLimits = ImageLimits()) -> Image.Image:
    """RGB, rotated as EXIF says, fully decoded. `size`: (width, height) that it must then have.

    Raises ImageError: missing, no regular file, too large, too many pixels, another format, damaged, another size.
    """
    data = _read(path, limits)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the bound below is ours
            opened = Image.open(io.BytesIO(data), formats=FORMATS)
        with opened:
            _check_pixels(path, opened, limits)
            opened.load()
            image = _rgb(ImageOps.exif_transpose(opened))
    except ImageError:
        raise
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise ImageError(f"{path}: not an image of the formats {', '.join(FORMATS)}, or far too large") from error
    except (OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, EOFError) as error:
        raise ImageError(f"{path}: damaged or truncated: {error}") from error
    except (RuntimeError, AttributeError, MemoryError, struct.error, zlib.error) as error:
        raise ImageError(f"{path}: damaged: {error}") from error
    if size is not None and image.size != size:
        raise ImageError(f"{path}: is {image.width} x {image.height} px, the manifest says {size[0]} x {size[1]}")
    return image


def _read(path: Path, limits: ImageLimits) -> bytes:
    """Never blocks on a named pipe."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise ImageError(f"{path}: missing") from error
    except OSError as error:
        raise ImageError(f"{path}: cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ImageError(f"{path}: not a regular file")
    with os.fdopen(descriptor, "rb") as file:
        try:
            data = file.read(limits.max_bytes + 1)
        except OSError as error:
            raise ImageError(f"{path}: cannot be read: {error.strerror}") from error
    if not data:
        raise ImageError(f"{path}: empty file")
    if len(data) > limits.max_bytes:
        raise ImageError(f"{path}: larger than {limits.max_bytes} bytes")
    return data


def _check_pixels(path: Path, image: Image.Image, limits: ImageLimits) -> None:
    if image.width * image.height > limits.max_pixels:
        raise ImageError(f"{path}: {image.width} x {image.height} px, more than {limits.max_pixels} pixels")


def _rgb(image: Image.Image) -> Image.Image:
    """Transparency is laid on white, as in the photos that people see."""
    if image.mode == "P" or "transparency" in image.info:
        image = image.convert("RGBA")
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La"):
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")
