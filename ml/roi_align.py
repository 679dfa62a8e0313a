"""RoIAlign (He et al., 2017) as two matrix products, for every device and dtype.

The sample points of a box form a grid, and bilinear interpolation is separable, so a bin is
`rows (bins, h) @ features (h, w) @ columns (bins, w)^T`. The values are those of torchvision's `roi_align` with
`aligned=True`; unlike it and `grid_sample`, the gradient is the same in every run, and coordinates stay in float32
when features are in half precision.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

Scale = float | tuple[float, float]
"""Cells of the feature map per pixel: one number, or (along x, along y)."""


def roi_align(
    features: Tensor,
    boxes: Tensor,
    image_index: Tensor,
    *,
    output_size: int,
    spatial_scale: Scale,
    sampling_ratio: int = 2,
) -> Tensor:
    """The features of each box on a grid of `output_size` x `output_size`.

    features: (B, C, h, w). boxes: (N, 4) as (x1, y1, x2, y2) in pixels of the network's input. image_index: (N,) long,
    the image of each box, in any order; where it lies on the CPU, a CUDA device need not be waited for.
    sampling_ratio: sample points per bin and axis, at least 1. Returns (N, C, output_size, output_size) in the dtype of
    `features`; gradients reach `features` only.
    """
    packing = _pack(image_index, len(features), features.device)
    rows, columns = _weights(features, boxes, output_size, spatial_scale, sampling_ratio)
    rows, columns = packing.spread(rows), packing.spread(columns)
    chosen = packing.images_of(features)
    across = torch.einsum("rchw,rkjw->rkchj", chosen, columns)
    return packing.collect(torch.einsum("rkih,rkchj->rkcij", rows, across))


def roi_mean(
    features: Tensor,
    boxes: Tensor,
    image_index: Tensor,
    *,
    output_size: int,
    spatial_scale: Scale,
    sampling_ratio: int = 2,
) -> Tensor:
    """The mean of `roi_align` over its grid, (N, C), in one matrix product per image."""
    packing = _pack(image_index, len(features), features.device)
    rows, columns = _weights(features, boxes, output_size, spatial_scale, sampling_ratio)
    cells = (rows.mean(1)[:, :, None] * columns.mean(1)[:, None, :]).flatten(1)
    chosen = packing.images_of(features.flatten(2).transpose(1, 2))
    return packing.collect(packing.spread(cells) @ chosen)


def _weights(
    features: Tensor, boxes: Tensor, bins: int, spatial_scale: Scale, sampling_ratio: int
) -> tuple[Tensor, Tensor]:
    """Weights of rows (N, bins, h) and of columns (N, bins, w), in the dtype of `features`."""
    if sampling_ratio < 1:
        raise ValueError(f"sampling_ratio must be at least 1, not {sampling_ratio}")
    x, y = spatial_scale if isinstance(spatial_scale, tuple) else (spatial_scale, spatial_scale)
    with torch.no_grad():
        placed = boxes.detach().to(features.device, torch.float32)
        columns = _axis(placed[:, 0] * x, placed[:, 2] * x, features.shape[3], bins, sampling_ratio)
        rows = _axis(placed[:, 1] * y, placed[:, 3] * y, features.shape[2], bins, sampling_ratio)
        return rows.to(features.dtype), columns.to(features.dtype)


def _axis(low: Tensor, high: Tensor, cells: int, bins: int, sampling_ratio: int) -> Tensor:
    """(N, bins, cells): what each cell adds to each bin along one axis. Cell i has its centre at i + 0.5."""
    samples = bins * sampling_ratio
    steps = (torch.arange(samples, device=low.device, dtype=torch.float32) + 0.5) / samples
    points = low[:, None] + steps * (high - low)[:, None] - 0.5
    inside = (points >= -1) & (points <= cells)  # further out counts as zero, nearer takes the border's value
    points = points.clamp(0, cells - 1)
    centres = torch.arange(cells, device=low.device, dtype=torch.float32)
    weights = (1 - (points[:, :, None] - centres).abs()).clamp(min=0) * inside[:, :, None]
    averaged: Tensor = weights.unflatten(1, (bins, sampling_ratio)).mean(2)
    return averaged


@dataclass(frozen=True)
class _Packing:
    """Boxes sorted into rows of equal length, each of one image: nearly no padding, however uneven the images are."""

    place: Tensor  # (N,) where each box went, in the flattened (rows, length)
    image: Tensor | None  # (rows,) the image of each row; None where row i is image i
    rows: int
    length: int

    def spread(self, values: Tensor) -> Tensor:
        """(N, ...) -> (rows, length, ...), zero where there is no box."""
        spread = values.new_zeros(self.rows * self.length, *values.shape[1:])
        spread[self.place] = values
        rows: Tensor = spread.unflatten(0, (self.rows, self.length))
        return rows

    def images_of(self, values: Tensor) -> Tensor:
        """(B, ...) -> (rows, ...)."""
        return values if self.image is None else values[self.image]

    def collect(self, values: Tensor) -> Tensor:
        """(rows, length, ...) -> (N, ...)."""
        return values.flatten(0, 1)[self.place]


def _pack(image_index: Tensor, images: int, device: torch.device) -> _Packing:
    index = image_index.cpu()
    boxes = len(index)
    if boxes and not 0 <= int(index.min()) <= int(index.max()) < images:
        raise ValueError(f"image_index runs from {int(index.min())} to {int(index.max())}, there are {images} images")
    counts = torch.bincount(index, minlength=images)
    length = max(1, -(-boxes // max(images, 1)))
    rows_of = (counts + length - 1) // length
    first_row, first_box = rows_of.cumsum(0) - rows_of, counts.cumsum(0) - counts
    order = index.argsort(stable=True)
    rank = torch.empty_like(order)
    rank[order] = torch.arange(boxes) - first_box[index[order]]
    place = first_row[index] * length + rank
    image = torch.repeat_interleave(torch.arange(images), rows_of)
    even = len(image) == images and bool((rows_of == 1).all())
    moved = None if even else image.to(device, non_blocking=True)
    return _Packing(place.to(device, non_blocking=True), moved, len(image), length)
