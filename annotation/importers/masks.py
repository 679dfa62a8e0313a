"""Masks as COCO compressed run lengths over the whole photo, column by column, first run background.

pycocotools does the geometry, but its C code trusts what it is given: a wrong total writes past its buffers. So
run lengths are unpacked and checked here, with numpy, before any of it sees them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco_mask

from annotation.importers.records import Box, ItemRefused

Counts = npt.NDArray[np.int64]

MAX_COUNTS_BYTES = 4_000_000
MAX_POLYGON_POINTS = 50_000
MAX_PIXELS = 400_000_000


def checked_rle(value: Any, width: int, height: int) -> str:
    """Compressed counts of an RLE object `{"size": [h, w], "counts": str | [int]}` of a photo of this size.

    Raises ItemRefused with code bad_mask: another size, a sum other than h·w, negative or unreadable counts.
    """
    if not isinstance(value, dict) or "counts" not in value:
        raise ItemRefused("bad_mask", "The mask is no run-length encoding.")
    if value.get("size") is not None and [_integer(side) for side in _listed(value["size"])] != [height, width]:
        raise ItemRefused(
            "bad_mask", f"The mask is for another size than the photo's {height} × {width} (height × width)."
        )
    counts = _counts(value["counts"])
    total = int(counts.sum())
    if total != height * width:
        raise ItemRefused(
            "bad_mask",
            f"The mask's run lengths sum to {total:,}, not to {height} × {width} = {height * width:,} pixels.",
        )
    return compress_counts(counts)


def mask_from_polygons(value: Any, width: int, height: int) -> str:
    """Compressed counts of COCO polygons `[[x, y, x, y, …], …]`. Raises ItemRefused with code bad_mask."""
    polygons = [_polygon(points, width, height) for points in _listed(value)]
    if not polygons or width * height > MAX_PIXELS:
        raise ItemRefused("bad_mask", "The outline has no points.")
    merged = coco_mask.merge(coco_mask.frPyObjects(polygons, height, width))
    return str(merged["counts"], "ascii")


def box_of_mask(counts: str, width: int, height: int) -> Box:
    """The box around a mask that `checked_rle` returned, exclusive edges. Raises ItemRefused if it is empty."""
    x, y, w, h = (float(v) for v in coco_mask.toBbox({"size": [height, width], "counts": counts.encode("ascii")}))
    if w <= 0 or h <= 0:
        raise ItemRefused("empty_box", "The mask is empty.")
    return x, y, x + w, y + h


def decompress_counts(text: str) -> Counts:
    """Run lengths of COCO's compressed form: 5 bits a character, low first, signed, from the third on as the
    difference to the run two before. Raises ItemRefused for characters or lengths that cannot be."""
    codes = np.frombuffer(text.encode("ascii", "replace"), dtype=np.uint8).astype(np.int64) - 48
    if codes.size == 0:
        return np.zeros(0, dtype=np.int64)
    if codes.min() < 0 or codes.max() > 63 or codes[-1] & 0x20:
        raise ItemRefused("bad_mask", "The mask's run lengths cannot be read.")
    last = (codes & 0x20) == 0
    number = np.concatenate(([0], np.cumsum(last)[:-1]))
    starts = np.concatenate(([0], np.flatnonzero(last)[:-1] + 1))
    place = np.arange(codes.size) - starts[number]
    if place.max() > 6:  # 35 bits are more than any photo needs
        raise ItemRefused("bad_mask", "The mask's run lengths cannot be read.")
    values = np.zeros(number[-1] + 1, dtype=np.int64)
    np.add.at(values, number, (codes & 0x1F) << (5 * place))
    final = codes[last]
    values -= np.where(final & 0x10, np.int64(1) << (5 * (place[last] + 1)), 0)
    values[1::2] = np.cumsum(values[1::2])
    values[2::2] = np.cumsum(values[2::2])
    return values


def compress_counts(counts: Counts) -> str:
    """COCO's compressed form of run lengths; the inverse of `decompress_counts`."""
    out = bytearray()
    for position, count in enumerate(counts.tolist()):
        value = count - int(counts[position - 2]) if position > 2 else count
        while True:
            bits = value & 0x1F
            value >>= 5
            more = value != -1 if bits & 0x10 else value != 0
            out.append((bits | 0x20 if more else bits) + 48)
            if not more:
                break
    return out.decode("ascii")


def _counts(value: Any) -> Counts:
    if isinstance(value, str):
        if len(value) > MAX_COUNTS_BYTES:
            raise ItemRefused("too_long", f"The mask is longer than {MAX_COUNTS_BYTES:,} characters.")
        counts = decompress_counts(value)
    else:
        numbers = [_integer(number) for number in _listed(value)]
        counts = np.array([-1 if number is None else number for number in numbers], dtype=np.int64)
    if counts.size and (counts.min() < 0 or counts.max() > MAX_PIXELS):
        raise ItemRefused("bad_mask", "The mask has a negative or unreadable run length.")
    return counts


def _integer(value: Any) -> int | None:
    if isinstance(value, bool) or value is None or isinstance(value, str | list | dict):
        return None
    # The bound comes first: int() of a Decimal such as 1e999999 would fill the memory. False for NaN.
    return int(value) if abs(value) < 2**40 and value == int(value) else None


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ItemRefused("bad_mask", "The mask is neither run lengths nor an outline.")
    return value


def _polygon(points: Any, width: int, height: int) -> list[float]:
    values = _listed(points)
    if len(values) < 6 or len(values) % 2 or len(values) > 2 * MAX_POLYGON_POINTS:
        raise ItemRefused("bad_mask", "An outline needs at least three points, each with x and y.")
    try:
        numbers = [float(value) for value in values]
    except (TypeError, ValueError) as error:
        raise ItemRefused("bad_mask", "The outline contains something that is not a number.") from error
    for number, limit in zip(numbers, (width, height) * (len(numbers) // 2), strict=True):
        if not -limit <= number <= 2 * limit:  # False for NaN
            raise ItemRefused("bad_mask", "The outline lies outside of the photo.")
    return [min(max(n, 0.0), float(lim)) for n, lim in zip(numbers, (width, height) * (len(numbers) // 2), strict=True)]
