"""Calm backgrounds, painted from a few numbers. Each domain has families of its own, so no model can learn them."""

from __future__ import annotations

import colorsys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from .seeds import checked_domain

Plane: TypeAlias = npt.NDArray[np.float32]
Colour: TypeAlias = tuple[int, int, int]

FAMILIES: Final = {
    "starter": ("plain", "vignette"),
    "corpus": ("gradient", "clouds", "stripes", "horizon"),
    "holdout": ("glow", "weave", "waves", "hills"),
}
"""Domain -> the families of its backgrounds; no family is in two domains."""

_COARSE: Final = 4  # painted at a quarter of the size, then smoothly enlarged: calm, and fast


@dataclass(frozen=True, slots=True)
class Background:
    """A family, the two colours that it mixes, and four numbers in [0, 1) that shape it."""

    family: str
    first: Colour
    second: Colour
    shape: tuple[float, float, float, float]


def choose(domain: str, random: np.random.Generator) -> Background:
    """A background of one of the domain's families."""
    families = FAMILIES[checked_domain(domain)]
    family = families[int(random.integers(len(families)))]
    hue, saturation, value = random.uniform((0.0, 0.06, 0.62), (1.0, 0.34, 0.97))
    turn, fade, dim = random.uniform((-0.12, -0.05, -0.22), (0.12, 0.12, 0.1))
    a, b, c, d = random.random(4).round(4).tolist()
    return Background(
        family,
        _rgb(hue, saturation, value),
        _rgb((hue + turn) % 1.0, min(max(saturation + fade, 0.0), 0.4), min(max(value + dim, 0.45), 0.98)),
        (a, b, c, d),
    )


def _rgb(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def paint(background: Background, width: int, height: int) -> Image.Image:
    """RGB picture of the given size in px."""
    columns, rows = max(width // _COARSE, 2), max(height // _COARSE, 2)
    across, down = np.meshgrid(
        np.linspace(0, 1, columns, dtype=np.float32), np.linspace(0, 1, rows, dtype=np.float32)
    )  # fmt: skip
    mix = np.clip(_PAINTERS[background.family](across, down, background.shape), 0, 1)[..., None]
    first, second = np.array(background.first, np.float32), np.array(background.second, np.float32)
    pixels = np.rint(first * (1 - mix) + second * mix).astype(np.uint8)
    return Image.fromarray(pixels, "RGB").resize((width, height), Image.Resampling.BICUBIC)


Shape: TypeAlias = tuple[float, float, float, float]
Painter: TypeAlias = Callable[[Plane, Plane, Shape], Plane]
"""(x, y) in [0, 1] and the shape's numbers -> how much of the second colour is where."""


def _plain(x: Plane, _: Plane, __: Shape) -> Plane:
    return np.zeros_like(x)


def _vignette(x: Plane, y: Plane, shape: Shape) -> Plane:
    plane: Plane = (0.6 + shape[0]) * (np.square(x - 0.5) + np.square(y - 0.5)) * 1.6
    return plane


def _gradient(x: Plane, y: Plane, shape: Shape) -> Plane:
    angle = 2 * np.pi * shape[0]
    return 0.5 + np.float32(np.cos(angle)) * (x - 0.5) + np.float32(np.sin(angle)) * (y - 0.5)


def _clouds(x: Plane, y: Plane, shape: Shape) -> Plane:
    total = np.zeros_like(x)
    for octave, phase in enumerate(shape, start=1):
        turned = x * np.float32(np.cos(7 * phase)) + y * np.float32(np.sin(7 * phase))
        other = y * np.float32(np.cos(7 * phase)) - x * np.float32(np.sin(7 * phase))
        total += np.sin((3 + 2 * octave) * turned + 40 * phase) * np.sin((2 + 2 * octave) * other + 90 * phase) / octave
    return 0.5 + 0.35 * total


def _stripes(x: Plane, y: Plane, shape: Shape) -> Plane:
    angle = np.pi * shape[0]
    along = np.float32(np.cos(angle)) * x + np.float32(np.sin(angle)) * y
    return _step(np.sin(2 * np.pi * (3 + 5 * shape[1]) * along + 6 * shape[2]), 0.25) * 0.7


def _horizon(x: Plane, y: Plane, shape: Shape) -> Plane:
    line = 0.35 + 0.35 * shape[0] + (shape[1] - 0.5) * 0.1 * (x - 0.5)
    return 0.25 * y + 0.75 * _step(y - line, 0.02)


def _glow(x: Plane, y: Plane, shape: Shape) -> Plane:
    distance: Plane = np.hypot(x - 0.2 - 0.6 * shape[0], y - 0.2 - 0.6 * shape[1])
    return distance * (0.9 + 0.6 * shape[2])


def _weave(x: Plane, y: Plane, shape: Shape) -> Plane:
    count = np.float32(2 * np.pi * (2 + 3 * shape[0]))
    return 0.5 + 0.3 * (_step(np.sin(count * x + 6 * shape[1]), 0.4) + _step(np.sin(count * y), 0.4) - 1)


def _waves(x: Plane, y: Plane, shape: Shape) -> Plane:
    bent = y + 0.05 * (0.5 + shape[0]) * np.sin(2 * np.pi * (1 + 2 * shape[1]) * x + 6 * shape[2])
    plane: Plane = 0.5 + 0.4 * np.sin(2 * np.pi * (2 + 2 * shape[3]) * bent)
    return plane


def _hills(x: Plane, y: Plane, shape: Shape) -> Plane:
    mix = 0.3 * y
    for number, phase in enumerate(shape[:3]):
        ridge = 0.45 + 0.17 * number + 0.08 * np.sin(2 * np.pi * (x * (1 + phase) + 3 * phase))
        mix = mix + (0.5 + 0.22 * number - mix) * _step(y - ridge, 0.02)
    return mix


def _step(wave: Plane, softness: float) -> Plane:
    """A wave in [-1, 1] made steeper, in [0, 1]."""
    steeper: Plane = np.clip(0.5 + wave / (2 * softness), 0, 1)
    return steeper


_PAINTERS: Final[dict[str, Painter]] = {
    "plain": _plain,
    "vignette": _vignette,
    "gradient": _gradient,
    "clouds": _clouds,
    "stripes": _stripes,
    "horizon": _horizon,
    "glow": _glow,
    "weave": _weave,
    "waves": _waves,
    "hills": _hills,
}
