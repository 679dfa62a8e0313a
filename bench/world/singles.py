"""Pictures of single things in memory, and the batches that the starter CLIP learns from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from .concepts import CONCEPTS
from .rendering import render_single

SIDE: Final = 80
"""Side of the stored pictures, px."""

_NARROWEST: Final = 0.62  # of the stored side, what a window shows along an axis
_BLURRED: Final = 0.4
_BLURS: Final = (10, 16, 28)  # px to which a picture is shrunk and enlarged again
_GRAY: Final = 0.25
_BALANCE: Final = 0.04
_TURN: Final = 60.0  # degrees
_RECOLOURED: Final = 0.7


@dataclass(frozen=True, slots=True)
class Singles:
    """pictures: (concepts, copies, SIDE, SIDE, 3) uint8, in the order of CONCEPTS."""

    pictures: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]

    @classmethod
    def render(cls, copies: int, seed: int, names: Sequence[str] | None = None) -> Singles:
        """Draws them in the starter domain; 3 ms each."""
        names = names or [concept.name for concept in CONCEPTS]
        pictures = np.empty((len(names), copies, SIDE, SIDE, 3), np.uint8)
        for number, name in enumerate(names):
            for copy in range(copies):
                single = render_single(name, seed * 1_000 + copy, "starter")
                pictures[number, copy] = np.asarray(single.resize((SIDE, SIDE), Image.Resampling.BOX))
        return cls(pictures)

    def batch(
        self, size: int, side: int, generator: torch.Generator, *, strongly: bool = False
    ) -> tuple[Tensor, Tensor]:
        """(B, 3, side, side) in [0, 1], changed at random, and the number of each one's concept (B,).

        Windows of other proportions, blur, light and fading colours, as a training of photos would have them. The
        starter sees no turning, mirroring or tinting, and nothing is hidden: what scenes do beyond that is the gap that
        the loop has to close. strongly: half are turned, half mirrored, most recoloured, none blurred; for the replay
        in the loop, where pictures come in several sizes.
        """
        concepts = torch.randint(self.pictures.shape[0], (size,), generator=generator)
        copies = torch.randint(self.pictures.shape[1], (size,), generator=generator)
        chosen = torch.from_numpy(self.pictures[concepts.numpy(), copies.numpy()])
        images = windows(chosen.permute(0, 3, 1, 2).float() / 255, side, generator, turn=_TURN if strongly else 0.0)
        if strongly:
            return recoloured(lighted(images, generator), generator, share=_RECOLOURED), concepts
        return lighted(blurred(images, generator), generator), concepts


def windows(images: Tensor, side: int, generator: torch.Generator, *, turn: float = 0.0) -> Tensor:
    """(B, 3, h, w) -> (B, 3, side, side): a random window of each, stretched to a square, perhaps turned."""
    count = len(images)
    extent = _NARROWEST + (1 - _NARROWEST) * torch.rand(count, 2, generator=generator)
    centre = (1 - extent) * (2 * torch.rand(count, 2, generator=generator) - 1)
    maps = torch.zeros(count, 2, 3)
    maps[:, 0, 0], maps[:, 1, 1], maps[:, :, 2] = extent[:, 0], extent[:, 1], centre
    if turn:
        which = torch.rand(count, 2, generator=generator) < 0.5
        angles = math.radians(turn) * (2 * torch.rand(count, generator=generator) - 1) * which[:, 0]
        turned = torch.stack([angles.cos(), -angles.sin(), angles.sin(), angles.cos()], 1).view(-1, 2, 2)
        turned[which[:, 1], :, 0] *= -1
        maps[:, :, :2] = maps[:, :, :2] @ turned
    grid = functional.affine_grid(maps, [count, 3, side, side], align_corners=False)
    return functional.grid_sample(images, grid, padding_mode="border", align_corners=False)


def blurred(images: Tensor, generator: torch.Generator) -> Tensor:
    """Some of them as if they had been a few pixels large."""
    side = images.shape[-1]
    which = torch.rand(len(images), generator=generator)
    for number, small in enumerate(_BLURS):
        low, high = _BLURRED * number / len(_BLURS), _BLURRED * (number + 1) / len(_BLURS)
        chosen = torch.nonzero((which >= low) & (which < high))[:, 0]
        if len(chosen):
            shrunk = functional.interpolate(images[chosen], (small, small), mode="bilinear", antialias=True)
            images[chosen] = functional.interpolate(shrunk, (side, side), mode="bicubic").clamp(0, 1)
    return images


def lighted(images: Tensor, generator: torch.Generator, *, gray: float = _GRAY, balance: float = _BALANCE) -> Tensor:
    """Contrast, brightness and balance of colours vary; a share `gray` fades towards gray, wholly or in part."""

    def normal(*shape: int) -> Tensor:
        return torch.randn(len(images), *shape, generator=generator).to(images.device)

    plain = images.mean(1, keepdim=True)
    fading = torch.rand(len(images), 1, 1, 1, generator=generator).to(images.device)
    fades = torch.rand(len(images), 1, 1, 1, generator=generator).to(images.device) < gray
    images = torch.where(fades, plain + (images - plain) * fading, images)
    images = 0.5 + (images - 0.5) * (1 + 0.2 * normal(1, 1, 1))
    return (images + 0.06 * normal(1, 1, 1) + balance * normal(3, 1, 1)).clamp(0, 1)


def recoloured(images: Tensor, generator: torch.Generator, *, share: float) -> Tensor:
    """A share of them loses most of its colours, or all, and takes the shades between two others instead."""
    count = len(images)
    strength = 0.6 + 0.4 * torch.rand(count, 1, 1, 1, generator=generator)
    strength = strength * (torch.rand(count, 1, 1, 1, generator=generator) < share)
    dark = 0.5 * torch.rand(count, 3, 1, 1, generator=generator) ** 2
    light = 1 - 0.8 * torch.rand(count, 3, 1, 1, generator=generator) ** 1.5
    strength, dark, light = strength.to(images.device), dark.to(images.device), light.to(images.device)
    shades = dark + (light - dark) * images.mean(1, keepdim=True)
    return images + (shades - images) * strength
