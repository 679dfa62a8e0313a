"""Region features of the whole corpus, computed once: the part of the network that runs on pictures does not learn.

Pictures are encoded at three sizes, and each region is taken from the one at which it is nearest to the size of the
starter's things (an image pyramid): neither small things are lost nor large ones coarsened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from bench.world.singles import gray, lighted, recoloured
from ml.rclip.model import RClip
from ml.roi_align import roi_align

from .corpus import Corpus, Ints

REGION_PART: Final = {"stage": 1, "roi_size": 16}
"""One stage (stride 4) of the starter's network runs on the picture, the others on each region's 16 x 16 grid: on a
picture of 64 px the same as the starter's own two and two, on small things more detail. The weights are the same."""

LEVELS: Final = (4.0, 2.0, 1.0, 0.5, 0.25)
_BOUNDS: Final = (22.6, 45.3, 90.5, 181.0)
"""Root of a region's area, px, above which the next smaller picture is taken: every region has 45 to 90 px."""

_WINDOW: Final = 128
"""Enlarged pictures are not encoded whole, but in windows of so many px around the small regions."""

_RECOLOURED: Final = 0.6
BOX_NOISE: Final = 0.04  # of a box's sides
_IMAGES: Final = 8

Change: TypeAlias = Callable[[Tensor, Tensor, Tensor, torch.Generator], tuple[Tensor, Tensor]]
"""Images (B, 3, H, W), boxes (N, 4) and the image of each box (N,) -> other images and boxes."""


@dataclass(frozen=True, slots=True)
class Features:
    """views: (V, R, C, 16, 16) bfloat16 on the CPU. The first view is the corpus as it is, the second without colours;
    in the others pictures are relighted, recoloured, mirrored or turned by 180 degrees, and boxes moved a little, all
    at random. Models learn from all of them, and annotate by the first two."""

    views: Tensor

    @classmethod
    def of(cls, model: RClip, corpus: Corpus, *, views: int, seed: int, device: str) -> Features:
        channels = model.tower.width
        found = torch.empty(views, len(corpus.boxes), channels, 16, 16, dtype=torch.bfloat16)
        for view in range(views):
            generator = torch.Generator().manual_seed(1000 * seed + view)
            for regions, pooled in _encoded(model.to(device).eval(), corpus, _CHANGES[min(view, 2)], generator, device):
                found[view, torch.from_numpy(regions)] = pooled.cpu()
        return cls(found)

    def some(self, regions: Ints, random: np.random.Generator) -> Tensor:
        """(n, C, 16, 16), each region in a view of its own."""
        chosen = torch.from_numpy(random.integers(len(self.views), size=len(regions)))
        return self.views[chosen, torch.from_numpy(regions)]


def embedded(model: RClip, pooled: Tensor) -> Tensor:
    """(n, C, 16, 16) -> (n, D), L2-normalised: the rest of `RClip.encode_regions`."""
    return functional.normalize(model.tower.embed(pooled.contiguous(memory_format=torch.channels_last)), dim=-1)


def normalised(model: RClip, images: Tensor) -> Tensor:
    """(B, 3, H, W) in [0, 1] -> what the tower takes."""
    mean, std = (
        torch.tensor(values, device=images.device)[:, None, None]
        for values in (model.preprocessing.mean, model.preprocessing.std)
    )
    return ((images - mean) / std).contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def _encoded(
    model: RClip, corpus: Corpus, change: Change, generator: torch.Generator, device: str
) -> Iterator[tuple[Ints, Tensor]]:
    level = np.searchsorted(np.array(_BOUNDS), np.sqrt(_areas(corpus)))
    for start in range(0, len(corpus.images), _IMAGES):
        own = np.flatnonzero((corpus.image >= start) & (corpus.image < start + _IMAGES))
        images = torch.from_numpy(corpus.images[start : start + _IMAGES]).permute(0, 3, 1, 2).float() / 255
        index = torch.from_numpy(corpus.image[own] - start)
        boxes = torch.from_numpy(corpus.boxes[own]).float()
        images, boxes = change(images, boxes, index, generator)
        images = images.to(device)
        for number, scale in enumerate(LEVELS):
            here = torch.from_numpy(np.flatnonzero(level[own] == number))
            if not len(here):
                continue
            seen, at, places = images, index[here], boxes[here]
            if scale > 1:
                seen, places = _windows(images, places, at, _WINDOW / scale)
                at = torch.arange(len(here))
            with torch.autocast(device, torch.bfloat16):
                features = model.encode_images(normalised(model, _resized(seen, scale)))
            yield own[here.numpy()], roi_align(
                features, places.to(device), at, output_size=16, spatial_scale=scale / model.tower.stride,
                sampling_ratio=2,
            )  # fmt: skip


def _windows(images: Tensor, boxes: Tensor, index: Tensor, side: float) -> tuple[Tensor, Tensor]:
    """A square of `side` px of the picture around each box, and the boxes in it."""
    size = int(side)
    limits = torch.tensor([images.shape[3] - size, images.shape[2] - size])
    corners = ((boxes[:, :2] + boxes[:, 2:]) / 2 - side / 2).round().long().clamp(min=0).minimum(limits)
    cut = [
        images[image, :, y : y + size, x : x + size]
        for image, (x, y) in zip(index.tolist(), corners.tolist(), strict=True)
    ]
    return torch.stack(cut), boxes - corners.repeat(1, 2)


def _areas(corpus: Corpus) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    sides = corpus.boxes[:, 2:] - corpus.boxes[:, :2]
    return sides[:, 0] * sides[:, 1]


def _resized(images: Tensor, scale: float) -> Tensor:
    return images if scale == 1 else functional.interpolate(images, scale_factor=scale, mode="bilinear", antialias=True)


def _kept(images: Tensor, boxes: Tensor, _: Tensor, __: torch.Generator) -> tuple[Tensor, Tensor]:
    return images, boxes


def _grayed(images: Tensor, boxes: Tensor, _: Tensor, __: torch.Generator) -> tuple[Tensor, Tensor]:
    return gray(images).expand_as(images).contiguous(), boxes


def _changed(images: Tensor, boxes: Tensor, index: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    height, width = images.shape[2:]
    images = recoloured(lighted(images, generator), generator, share=_RECOLOURED)
    sides = (boxes[:, 2:] - boxes[:, :2]).repeat(1, 2)
    boxes = boxes + BOX_NOISE * sides * torch.randn(boxes.shape, generator=generator)
    mirrored = torch.rand(len(images), generator=generator) < 0.5
    turned = torch.rand(len(images), generator=generator) < 0.3
    images[mirrored] = images[mirrored].flip(3)
    images[turned] = images[turned].flip(2, 3)
    backwards = (mirrored ^ turned)[index]
    boxes[backwards] = torch.stack([width - boxes[:, 2], boxes[:, 1], width - boxes[:, 0], boxes[:, 3]], 1)[backwards]
    down = turned[index]
    boxes[down] = torch.stack([boxes[:, 0], height - boxes[:, 3], boxes[:, 2], height - boxes[:, 1]], 1)[down]
    return images, boxes


_CHANGES: Final[tuple[Change, ...]] = (_kept, _grayed, _changed)
