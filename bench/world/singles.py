"""Pictures of single things in memory, and the batches that the starter CLIP learns from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from .concepts import CONCEPTS
from .glyphs import stamp
from .rendering import render
from .scenes import Scene, make_single

Pixels: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]

SIDE: Final = 80
"""Side of the stored pictures, px."""

_NARROWEST: Final = 0.62  # of the stored side, what a window shows along an axis
_BLURRED: Final = 0.4
_BLURS: Final = (10, 16, 28)  # px to which a picture is shrunk and enlarged again
_GRAY: Final = 0.25
_BALANCE: Final = 0.04
_TURN: Final = 60.0  # degrees
_HALF_TURN: Final = 0.15
_RECOLOURED: Final = 0.45
_HIDDEN: Final = 0.25


@dataclass(frozen=True, slots=True)
class Singles:
    """pictures: (concepts, copies, SIDE, SIDE, 3) uint8, in the order of CONCEPTS. masks: without the last axis, how
    much of a pixel is the thing's, 0 to 255."""

    pictures: Pixels
    masks: Pixels

    @classmethod
    def render(cls, copies: int, seed: int, names: Sequence[str] | None = None) -> Singles:
        """Draws them in the starter domain; 3 ms each."""
        names = names or [concept.name for concept in CONCEPTS]
        pictures = np.empty((len(names), copies, SIDE, SIDE, 3), np.uint8)
        masks = np.empty(pictures.shape[:-1], np.uint8)
        for number, name in enumerate(names):
            for copy in range(copies):
                single = make_single(name, seed * 1_000 + copy, "starter")
                pictures[number, copy] = np.asarray(_small(render(single)))
                masks[number, copy] = np.asarray(_small(_mask(single)))
        return cls(pictures, masks)

    def batch(self, size: int, side: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """(B, 3, side, side) in [0, 1], changed at random, and the number of each one's concept (B,).

        Windows of other proportions, blur, light and fading colours, as a training of photos would have them. The
        starter sees no turning, mirroring or tinting, and nothing is hidden: what scenes do beyond that is the gap that
        the loop has to close.
        """
        concepts, chosen = self._some(size, generator)
        images = windows(chosen[:, :3], side, generator)
        return lighted(blurred(images, generator), generator), concepts

    def varied(self, size: int, side: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """The same for the replay in the loop: some things are turned, mirrored, recoloured or partly hidden, none is
        blurred. Also the box of what is visible of each, (B, 4) px."""
        concepts, chosen = self._some(size, generator)
        turned = windows(chosen, side, generator, turn=_TURN)
        images, masks = lighted(turned[:, :3], generator), turned[:, 3:]
        images = recoloured(images, generator, share=_RECOLOURED, where=masks)
        images, masks = hidden(images, masks, generator, share=_HIDDEN)
        return images, concepts, boxes(masks[:, 0] > 0.5)

    def _some(self, size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Concepts (B,), and their pictures with the masks as fourth channel, (B, 4, SIDE, SIDE) in [0, 1]."""
        concepts = torch.randint(self.pictures.shape[0], (size,), generator=generator)
        copies = torch.randint(self.pictures.shape[1], (size,), generator=generator)
        places = concepts.numpy(), copies.numpy()
        pixels = np.concatenate([self.pictures[places], self.masks[places][..., None]], 3)
        return concepts, torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255


def _small(picture: Image.Image) -> Image.Image:
    return picture.resize((SIDE, SIDE), Image.Resampling.BOX)


def _mask(scene: Scene) -> Image.Image:
    """Mode L: how much of each pixel is the scene's one thing."""
    mask = Image.new("L", (scene.width, scene.height))
    (thing,) = scene.objects
    mask.paste(stamp(thing.look).getchannel("A"), thing.corner)
    return mask


def windows(images: Tensor, side: int, generator: torch.Generator, *, turn: float = 0.0) -> Tensor:
    """(B, C, h, w) -> (B, C, side, side): a random window of each, stretched to a square, perhaps turned."""
    count = len(images)
    extent = _NARROWEST + (1 - _NARROWEST) * torch.rand(count, 2, generator=generator)
    centre = (1 - extent) * (2 * torch.rand(count, 2, generator=generator) - 1)
    maps = torch.zeros(count, 2, 3)
    maps[:, 0, 0], maps[:, 1, 1], maps[:, :, 2] = extent[:, 0], extent[:, 1], centre
    if turn:
        which = torch.rand(count, 2, generator=generator) < 0.4
        angles = math.radians(turn) * (2 * torch.rand(count, generator=generator) - 1) * which[:, 0]
        turned = torch.stack([angles.cos(), -angles.sin(), angles.sin(), angles.cos()], 1).view(-1, 2, 2)
        turned[torch.rand(count, generator=generator) < _HALF_TURN] *= -1.0
        turned[which[:, 1], :, 0] *= -1
        maps[:, :, :2] = maps[:, :, :2] @ turned
    grid = functional.affine_grid(maps, [count, images.shape[1], side, side], align_corners=False)
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


def recoloured(images: Tensor, generator: torch.Generator, *, share: float, where: Tensor | None = None) -> Tensor:
    """A share of them loses most of its colours, or all, as colourising a gray photo would: most take the shades of
    one colour, from black to white, some the shades between two. where: (B, 1, h, w) changes these pixels alone, each
    as far as it says."""
    count = len(images)

    def rand(*shape: int) -> Tensor:
        return torch.rand(count, *shape, 1, 1, generator=generator).to(images.device)

    strength = (0.7 + 0.3 * rand(1)) * (rand(1) < share)
    light = gray(images)
    dark, bright = 0.5 * rand(3) ** 2, 1 - 0.8 * rand(3) ** 1.5
    between = dark + (bright - dark) * light
    middle, colour = 0.5 + 0.2 * rand(1), _colours(rand(1), rand(1), rand(1))
    weight = torch.ones_like(light) if where is None else where
    tone = (middle + (0.14 + 0.14 * rand(1)) * _standardised(light, weight)).clamp(0, 1)
    around = torch.where(tone < middle, colour * tone / middle, colour + (1 - colour) * (tone - middle) / (1 - middle))
    return images + (torch.where(rand(1) < 0.75, around, between) - images) * strength * weight


def gray(images: Tensor) -> Tensor:
    """(B, 3, h, w) -> (B, 1, h, w): luma (ITU-R BT.601), as Pillow's mode L."""
    return (images * torch.tensor([0.299, 0.587, 0.114], device=images.device)[:, None, None]).sum(1, keepdim=True)


def _standardised(light: Tensor, weight: Tensor) -> Tensor:
    """(B, 1, h, w) with mean 0 and a spread of at most 1 over what is weighed."""
    total = weight.sum((2, 3), keepdim=True).clamp(min=1)
    light = light - (light * weight).sum((2, 3), keepdim=True) / total
    spread = ((light**2 * weight).sum((2, 3), keepdim=True) / total).sqrt()
    return light / spread.clamp(min=0.12)


def hidden(images: Tensor, masks: Tensor, generator: torch.Generator, *, share: float) -> tuple[Tensor, Tensor]:
    """A share of the things has another one before it, as far as more than half of it stays visible; pictures, and
    masks (B, 1, h, w) of what is."""
    count = len(images)
    angle = 2 * math.pi * torch.rand(count, generator=generator)
    away = 0.5 + 0.6 * torch.rand(count, generator=generator)
    size = 0.8 + 0.8 * torch.rand(count, generator=generator)
    maps = torch.zeros(count, 2, 3)
    maps[:, 0, 0], maps[:, 1, 1] = size, size
    maps[:, :, 2] = torch.stack([angle.cos(), angle.sin()], 1) * (away * size)[:, None]
    grid = functional.affine_grid(maps, [count, 1, *images.shape[2:]], align_corners=False).to(images.device)
    order = torch.randperm(count, generator=generator).to(images.device)
    over = functional.grid_sample(torch.cat([images, masks], 1)[order], grid, align_corners=False)
    cover = over[:, 3:]
    left = masks * (1 - cover)
    few = left.sum((1, 2, 3)) < 0.55 * masks.sum((1, 2, 3))
    none = few | (torch.rand(count, generator=generator) >= share).to(images.device)
    cover = torch.where(none[:, None, None, None], torch.zeros_like(cover), cover)
    return images * (1 - cover) + over[:, :3] * cover, masks * (1 - cover)


def boxes(masks: Tensor) -> Tensor:
    """(B, h, w) bool -> (B, 4) tight boxes, px; the whole picture where nothing is visible."""
    _, height, width = masks.shape
    masks = masks | ~masks.any(2).any(1)[:, None, None]
    sides = []
    for axis, length in ((1, width), (2, height)):
        seen = masks.any(axis).int()
        sides += [seen.argmax(1), length - seen.flip(1).argmax(1)]
    return torch.stack([sides[0], sides[2], sides[1], sides[3]], 1).float()


def _colours(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    """(B, 3, 1, 1) of three numbers in [0, 1] each: all hues, mostly saturated, none black."""
    shifts = torch.tensor([0.0, 2 / 3, 1 / 3], device=hue.device)[None, :, None, None]
    wheel = (((hue + shifts) % 1 * 6 - 3).abs() - 1).clamp(0, 1)
    return (0.5 + 0.5 * value) * (1 - saturation.sqrt() * (1 - wheel))
