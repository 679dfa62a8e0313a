"""Every test builds its own file, good or bad."""

import contextlib
import hashlib
import io
import os
import random
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from annotation.decoding import DecodeLimits, ImageRefused, decode_image, probe_image, read_photo


def photo(width: int = 64, height: int = 48, mode: str = "RGB") -> Image.Image:
    """Left half red, right half blue, so that turning is visible."""
    image = Image.new("RGB", (width, height), (255, 0, 0))
    image.paste((0, 0, 255), (width // 2, 0, width, height))
    return image.convert(mode)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def noise(width: int, height: int) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 255, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


DEFAULT = DecodeLimits()


def refusal(data: bytes, limits: DecodeLimits = DEFAULT) -> ImageRefused:
    with pytest.raises(ImageRefused) as caught:
        decode_image(data, limits)
    return caught.value


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_allowed_formats_are_decoded(kind: str) -> None:
    data = encoded(photo(), kind)
    decoded = decode_image(data)
    assert (decoded.width, decoded.height) == (64, 48)
    assert decoded.sha256 == hashlib.sha256(data).hexdigest()
    assert decoded.byte_size == len(data)
    assert opened(decoded.display).size == (64, 48)
    red, _, blue = opened(decoded.display).getpixel((10, 20))
    assert red > 200
    assert blue < 60
    assert decoded.notes == ()


def test_other_formats_are_refused_even_if_pillow_could_read_them() -> None:
    assert refusal(encoded(photo(), "PPM")).code == "not_an_image"
    assert refusal(encoded(photo(), "TGA")).code == "not_an_image"


def test_derivatives_are_bounded_and_never_enlarged() -> None:
    decoded = decode_image(encoded(photo(4000, 1000), "JPEG"))
    assert (decoded.width, decoded.height) == (4000, 1000)
    assert opened(decoded.display).size == (2560, 640)
    assert opened(decoded.thumb).size == (384, 96)


def test_a_photo_of_one_row_keeps_a_side_of_one_pixel() -> None:
    decoded = decode_image(encoded(photo(6000, 1), "PNG"))
    assert opened(decoded.thumb).size == (384, 1)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize(
    ("orientation", "size", "red_at"),
    [
        (1, (64, 48), (5, 24)),
        (2, (64, 48), (58, 24)),
        (3, (64, 48), (58, 24)),
        (4, (64, 48), (5, 24)),
        (5, (48, 64), (24, 5)),
        (6, (48, 64), (24, 5)),
        (7, (48, 64), (24, 58)),
        (8, (48, 64), (24, 58)),
    ],
)
def test_exif_rotation_is_applied(kind: str, orientation: int, size: tuple[int, int], red_at: tuple[int, int]) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(photo(), kind, exif=exif.tobytes())
    header = probe_image(data)
    decoded = decode_image(data)
    assert (header.width, header.height) == (decoded.width, decoded.height) == size
    display = opened(decoded.display)
    assert display.size == size
    red, _, blue = display.getpixel(red_at)
    assert red > 150 > blue


def test_damaged_exif_does_not_refuse_the_photo() -> None:
    data = encoded(photo(), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff")
    assert decode_image(data).width == 64


def test_derivatives_carry_no_metadata() -> None:
    exif = Image.Exif()
    exif[0x010F] = "maker with a serial number"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    decoded = decode_image(encoded(photo(), "JPEG", exif=exif.tobytes(), icc_profile=profile))
    reopened = Image.open(io.BytesIO(decoded.display))
    assert not reopened.getexif()
    assert "icc_profile" not in reopened.info


def test_cmyk_becomes_rgb() -> None:
    decoded = decode_image(encoded(photo(mode="CMYK"), "JPEG"))
    red, green, blue = opened(decoded.display).getpixel((10, 20))
    assert red > 200
    assert green < 80
    assert blue < 80


def test_a_colour_profile_that_does_not_fit_is_ignored_with_a_note() -> None:
    decoded = decode_image(encoded(photo(mode="CMYK"), "JPEG", icc_profile=b"not a profile"))
    assert [code for code, _ in decoded.notes] == ["colour_profile"]


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_an_animation_gives_its_first_frame_with_a_note(kind: str) -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ((255, 0, 0), (0, 255, 0), (0, 0, 255))]
    decoded = decode_image(encoded(frames[0], kind, save_all=True, append_images=frames[1:]))
    assert [code for code, _ in decoded.notes] == ["first_frame"]
    red, green, blue = opened(decoded.display).getpixel((10, 10))
    assert red > 200
    assert max(green, blue) < 60


def test_transparency_is_laid_on_white() -> None:
    clear = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    assert min(opened(decode_image(encoded(clear, "PNG")).display).getpixel((10, 10))) > 250
    palette = clear.quantize(4)
    assert min(opened(decode_image(encoded(palette, "PNG", transparency=0)).display).getpixel((10, 10))) > 250


def test_sixteen_bit_grey_keeps_its_brightness() -> None:
    grey = Image.fromarray(np.full((20, 20), 0x8000, dtype=np.uint16))
    decoded = decode_image(encoded(grey, "PNG"))
    assert decoded.luma == pytest.approx(0.5, abs=0.02)


def test_mean_luma_runs_from_black_to_white() -> None:
    assert decode_image(encoded(Image.new("RGB", (9, 9), "black"), "PNG")).luma == pytest.approx(0, abs=0.01)
    assert decode_image(encoded(Image.new("RGB", (9, 9), "white"), "PNG")).luma == pytest.approx(1, abs=0.01)


def test_floating_point_photos_are_refused() -> None:
    grey = Image.fromarray(np.full((20, 20), 0.5, dtype=np.float32))
    assert refusal(encoded(grey, "TIFF")).code == "unsupported_mode"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "GIF"])
def test_a_truncated_file_is_refused(kind: str) -> None:
    data = encoded(noise(200, 150), kind)
    error = refusal(data[: len(data) // 2])
    assert error.code in {"truncated", "damaged"}
    assert "cut off" in error.message or "damaged" in error.message


def test_a_truncated_jpeg_is_called_cut_off() -> None:
    data = encoded(noise(200, 150), "JPEG")
    assert refusal(data[:-400]).code == "truncated"
    assert refusal(data[:20]).code == "truncated"


def test_trailing_garbage_is_harmless() -> None:
    decoded = decode_image(encoded(photo(), "JPEG") + b"<?php garbage ?>" * 1000)
    assert (decoded.width, decoded.height) == (64, 48)


def test_a_huge_png_is_refused_by_its_header() -> None:
    error = refusal(png_header(65_000, 65_000))
    assert error.code == "too_many_pixels"
    assert "100 million pixels" in error.message
    assert refusal(png_header(12_000, 12_000)).code == "too_many_pixels"


def test_a_ribbon_longer_than_the_longest_side_is_refused() -> None:
    assert refusal(png_header(60_000, 10)).code == "too_many_pixels"


def test_a_png_bomb_within_the_pixel_limit_is_only_as_large_as_its_pixels() -> None:
    bomb = encoded(Image.new("L", (3000, 3000)), "PNG")  # 9 million pixels in a few kilobytes
    assert len(bomb) < 20_000
    assert refusal(bomb, DecodeLimits(max_pixels=8_000_000)).code == "too_many_pixels"
    assert decode_image(bomb).width == 3000


def test_a_text_chunk_that_unpacks_to_megabytes_is_refused() -> None:
    data = encoded(photo(), "PNG")
    body = b"comment\0\0" + zlib.compress(b"a" * 200_000_000)
    chunk = struct.pack(">I", len(body)) + b"zTXt" + body + struct.pack(">I", zlib.crc32(b"zTXt" + body))
    assert refusal(data[:33] + chunk + data[33:]).code == "damaged"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "svg"),
        (b"\xef\xbb\xbf<svg onload='alert(1)'></svg>", "svg"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "web_page"),
        (b"\x00\x00\x00\x18ftypheic" + b"\0" * 100, "format_not_allowed"),
        (b"just text", "not_an_image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "not_an_image"),
    ],
)
def test_what_is_not_a_photo_is_named(data: bytes, code: str) -> None:
    assert refusal(data).code == code


def test_too_many_bytes_are_refused_before_decoding() -> None:
    data = encoded(photo(), "PNG")
    assert refusal(data, DecodeLimits(max_bytes=len(data) - 1)).code == "too_many_bytes"


def test_flipped_bytes_never_escape_as_another_error() -> None:
    random.seed(5)
    for kind in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"):
        data = encoded(noise(40, 30), kind)
        for _ in range(60):
            broken = bytearray(data)
            for _ in range(8):
                broken[random.randrange(len(broken))] = random.randrange(256)
            with contextlib.suppress(ImageRefused):
                assert decode_image(bytes(broken), DecodeLimits(max_pixels=1_000_000)).width > 0


def test_files_are_read_within_bounds(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"x" * 100)
    assert read_photo(path, DecodeLimits(max_bytes=100)) == b"x" * 100
    for bad, code in ((tmp_path / "none.jpg", "missing_file"), (tmp_path, "not_a_file")):
        with pytest.raises(ImageRefused) as caught:
            read_photo(bad)
        assert caught.value.code == code
    with pytest.raises(ImageRefused, match="larger"):
        read_photo(path, DecodeLimits(max_bytes=99))


def test_a_pipe_in_the_folder_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(ImageRefused) as caught:
        read_photo(tmp_path / "pipe.jpg")
    assert caught.value.code == "not_a_file"
