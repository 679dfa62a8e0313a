"""COCO's run-length masks and polygons, checked before native code reads them."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

from ml.evals.inputs import InputError


def check_segmentation(segmentation: Any, width: int, height: int, where: str) -> None:
    """Raises InputError unless `segmentation` is polygons, or runs that fill a mask of height x width exactly."""
    if isinstance(segmentation, list):
        _check_polygons(segmentation, width, height, where)
    elif isinstance(segmentation, dict) and {"size", "counts"} <= segmentation.keys():
        if segmentation["size"] != [height, width]:
            raise InputError(f"{where}: mask of size {segmentation['size']} on an image of [{height}, {width}]")
        if sum(_runs(segmentation["counts"], where)) != width * height:
            raise InputError(f"{where}: the runs of the mask do not add up to {height} x {width} pixels")
    else:
        raise InputError(f"{where}: 'segmentation' is neither polygons nor a run-length mask")


def _check_polygons(polygons: Sequence[Any], width: int, height: int, where: str) -> None:
    if not polygons:
        raise InputError(f"{where}: 'segmentation' has no polygon")
    for polygon in polygons:
        if not isinstance(polygon, list) or len(polygon) < 6 or len(polygon) % 2:
            raise InputError(f"{where}: a polygon is not a list of at least three x, y pairs")
        if not all(isinstance(number, int | float) and isfinite(number) for number in polygon):
            raise InputError(f"{where}: a polygon holds something that is not a finite number")
        # Published ones stick out by a few pixels; far ones take native code forever.
        if max(map(abs, polygon[::2])) > 2 * width or max(map(abs, polygon[1::2])) > 2 * height:
            raise InputError(f"{where}: a polygon reaches far out of its image")


def _runs(counts: Any, where: str) -> list[int]:
    runs = _decoded(counts) if isinstance(counts, str) else counts
    if not isinstance(runs, list) or not all(isinstance(run, int) and run >= 0 for run in runs):
        raise InputError(f"{where}: the mask's counts cannot be read")
    return runs


def _decoded(counts: str) -> list[int] | None:
    """The runs of COCO's compressed string: five bits a character, differences from the fourth run on."""
    runs: list[int] = []
    value = shift = 0
    for character in counts:
        bits = ord(character) - 48
        if not 0 <= bits < 64:
            return None
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value = shift = 0
    return None if shift else runs
