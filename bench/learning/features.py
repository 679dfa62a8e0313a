"""Region features of the whole corpus, computed once: the part of the network that runs on pictures does not learn.

Pictures are encoded at three sizes, and each region is taken from the one at which it is nearest to the size of the
starter's things (an image pyramid): neither small things are lost nor large ones coarsened.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from bench.world.singles import lighted, recoloured
from ml.rclip.model import RClip
from ml.roi_align import roi_align

from .corpus import Corpus, Ints

REGION_PART: Final = {"stage": 1, "roi_size": 16}
"""One stage (stride 4) of the starter's network runs on the picture, the others on each region's 16 x 16 grid: on a
picture of 64 px the same as the starter's own two and two, on small things more detail. The weights are the same."""

LEVELS: Final = (1.0, 0.5, 0.25)
_BOUNDS: Final = (90.0, 181.0)
"""Root of a region's area, px, above which the next smaller picture is taken: 64 px become 45 to 90."""

_RECOLOURED: Final = 0.6
_BOX_NOISE: Final = 0.04  # of a box's sides
_IMAGES: Final = 8


@dataclass(frozen=True, slots=True)
class Features:
    """views: (V, R, C, 16, 16) bfloat16 on the CPU. The first view is the corpus as it is; in the others pictures are
    relighted, recoloured, mirrored or turned by 180 degrees, and boxes moved a little, all at random."""

    views: Tensor

    @classmethod
    def of(cls, model: RClip, corpus: Corpus, *, views: int, seed: int, device: str) -> Features:
        channels = model.tower.width
        found = torch.empty(views, len(corpus.boxes), channels, 16, 16, dtype=torch.bfloat16)
        for view in range(views):
            generator = torch.Generator().manual_seed(1000 * seed + view) if view else None
            for regions, pooled in _encoded(model.to(device).eval(), corpus, generator, device):
                found[view, torch.from_numpy(regions)] = pooled.cpu()
        return cls(found)

    def some(self, regions: Ints, random: np.random.Generator) -> Tensor:
        """(n, C, 16, 16), each region in a view of its own; the changed ones as often as there are more of them."""
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
    model: RClip, corpus: Corpus, generator: torch.Generator | None, device: str
) -> Iterator[tuple[Ints, Tensor]]:
    level = np.searchsorted(np.array(_BOUNDS), np.sqrt(_areas(corpus)))
    for start in range(0, len(corpus.images), _IMAGES):
        own = np.flatnonzero((corpus.image >= start) & (corpus.image < start + _IMAGES))
        images = torch.from_numpy(corpus.images[start : start + _IMAGES]).permute(0, 3, 1, 2).float() / 255
        index = torch.from_numpy(corpus.image[own] - start)
        boxes = torch.from_numpy(corpus.boxes[own]).float()
        if generator is not None:
            images, boxes = _changed(images, boxes, index, generator)
        images = images.to(device)
        for number, scale in enumerate(LEVELS):
            here = torch.from_numpy(np.flatnonzero(level[own] == number))
            if not len(here):
                continue
            with torch.autocast(device, torch.bfloat16):
                features = model.encode_images(normalised(model, _resized(images, scale)))
            yield own[here.numpy()], roi_align(
                features, boxes[here].to(device), index[here], output_size=16,
                spatial_scale=scale / model.tower.stride, sampling_ratio=2,
            )  # fmt: skip


def _areas(corpus: Corpus) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    sides = corpus.boxes[:, 2:] - corpus.boxes[:, :2]
    return sides[:, 0] * sides[:, 1]


def _resized(images: Tensor, scale: float) -> Tensor:
    return images if scale == 1 else functional.interpolate(images, scale_factor=scale, mode="bilinear", antialias=True)


def _changed(images: Tensor, boxes: Tensor, index: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    height, width = images.shape[2:]
    images = recoloured(lighted(images, generator), generator, share=_RECOLOURED)
    sides = (boxes[:, 2:] - boxes[:, :2]).repeat(1, 2)
    boxes = boxes + _BOX_NOISE * sides * torch.randn(boxes.shape, generator=generator)
    mirrored = torch.rand(len(images), generator=generator) < 0.5
    turned = torch.rand(len(images), generator=generator) < 0.3
    images[mirrored] = images[mirrored].flip(3)
    images[turned] = images[turned].flip(2, 3)
    backwards = (mirrored ^ turned)[index]
    boxes[backwards] = torch.stack([width - boxes[:, 2], boxes[:, 1], width - boxes[:, 0], boxes[:, 3]], 1)[backwards]
    down = turned[index]
    boxes[down] = torch.stack([boxes[:, 0], height - boxes[:, 3], boxes[:, 2], height - boxes[:, 1]], 1)[down]
    return images, boxes
