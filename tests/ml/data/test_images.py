"""Images that are read, and files that are refused by name."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ml.data.images import ImageError, ImageLimits, read_image


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """32 x 24 px, the left half red, noise in the rest so that the file has some length."""
    pixels = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
    pixels[:, :16] = (255, 0, 0)
    path = tmp_path / "photo.png"
    Image.fromarray(pixels).save(path)
    return path


def test_an_image_comes_as_rgb_in_its_size(photo: Path) -> None:
    image = read_image(photo, (32, 24))
    assert (image.mode, image.size) == ("RGB", (32, 24))
    assert image.getpixel((3, 3)) == (255, 0, 0)


def test_an_image_is_turned_as_exif_says(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (32, 24)).save(tmp_path / "turned.jpg", exif=exif)
    assert read_image(tmp_path / "turned.jpg").size == (24, 32)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "1", "CMYK", "I;16"])
def test_every_mode_becomes_rgb(tmp_path: Path, mode: str) -> None:
    suffix = "jpg" if mode == "CMYK" else "png"
    Image.new(mode, (8, 8)).save(tmp_path / f"image.{suffix}")
    assert read_image(tmp_path / f"image.{suffix}").mode == "RGB"


def test_transparency_is_laid_on_white(tmp_path: Path) -> None:
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    assert read_image(tmp_path / "clear.png").getpixel((0, 0)) == (255, 255, 255)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"nowhere\.png: missing"):
        read_image(tmp_path / "nowhere.png")


@pytest.mark.parametrize("kept", [0, 20, 60, 200, 1000])
def test_a_truncated_file_is_refused(photo: Path, kept: int) -> None:
    photo.write_bytes(photo.read_bytes()[:kept])
    with pytest.raises(ImageError, match=r"photo\.png"):
        read_image(photo)


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "odd.png"
    path.mkdir() if kind == "folder" else os.mkfifo(path)
    with pytest.raises(ImageError, match="not a regular file"):
        read_image(path)


def test_a_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    """A PNG of a few bytes that says it is 60,000 x 60,000."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")]
    data = b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )
    (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + data)
    with pytest.raises(ImageError, match="far too large"):
        read_image(tmp_path / "bomb.png")


def test_the_limits_are_those_of_pixels_and_bytes(photo: Path) -> None:
    with pytest.raises(ImageError, match="32 x 24 px, more than 767 pixels"):
        read_image(photo, limits=ImageLimits(max_pixels=32 * 24 - 1))
    with pytest.raises(ImageError, match="larger than 100 bytes"):
        read_image(photo, limits=ImageLimits(max_bytes=100))
    assert read_image(photo, limits=ImageLimits(max_pixels=32 * 24)).size == (32, 24)


def test_other_formats_are_refused(tmp_path: Path) -> None:
    data = io.BytesIO()
    Image.new("RGB", (8, 8)).save(data, "TIFF")
    (tmp_path / "image.png").write_bytes(data.getvalue())
    with pytest.raises(ImageError, match="not an image of the formats JPEG"):
        read_image(tmp_path / "image.png")


def test_an_image_of_another_size_than_expected_is_refused(photo: Path) -> None:
    with pytest.raises(ImageError, match="is 32 x 24 px, the manifest says 24 x 32"):
        read_image(photo, (24, 32))
