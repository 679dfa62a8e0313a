"""What a scene should have: which things, how large, how turned, how tinted. Not every wish finds a place."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final, TypeAlias

import numpy as np

from annotation.pipeline.cleaning import SizeClass

from .colours import TINTS
from .concepts import BY_NAME, GLYPHS, SIGN, Concept
from .glyphs import Look, proportions

Wish: TypeAlias = tuple[Look, str]
"""A look, and the orientation that people would call it."""

WIDTH: Final = 640
HEIGHT: Final = 512
FEWEST: Final = 4
MOST: Final = 12

ORIENTATIONS: Final = ("upright", "tilted to the left", "tilted to the right", "upside down", "mirrored")

SIGN_WORDS: Final = (
    "OPEN", "CLOSED", "STOP", "EXIT", "SALE", "CAFE", "HOTEL", "TAXI", "BANK", "PARK", "PUSH", "PULL", "MENU", "BAR",
    "ZOO", "SHOP", "FREE", "HELP", "DANGER", "QUIET", "LIFT", "WIFI", "NEWS", "TOYS", "BOOKS", "FLOWERS", "MUSEUM",
    "SCHOOL", "STATION", "WELCOME",
)  # fmt: skip

# How often each size is wished for, after the paper's Table 5 with fewer that fill the picture, and its px.
_SIZES: Final = {
    SizeClass.TINY: (0.045, 12, 20),
    SizeClass.SMALL: (0.09, 20, 40),
    SizeClass.MEDIUM: (0.355, 40, 100),
    SizeClass.LARGE: (0.29, 100, 200),
    SizeClass.XLARGE: (0.19, 200, 360),
    SizeClass.HUGE: (0.03, 503, 560),
}
_TINTED: Final = 0.3
_TURNED: Final = {"upright": 0.64, "tilted to the left": 0.09, "tilted to the right": 0.09, "upside down": 0.08}
_GROUP: Final = 0.12  # a thing comes with others of its kind
_SIGN: Final = 0.28  # a scene has a sign
_NAMES: Final = tuple(concept.name for concept in GLYPHS)
_CUMULATIVE: Final = np.cumsum([concept.weight for concept in GLYPHS])


def wishes(random: np.random.Generator) -> Iterator[Wish]:
    """Things that the scene should have, with their orientations; not all may find a place."""
    room = int(random.integers(FEWEST, MOST + 1))
    if random.random() < _SIGN:
        room -= 1
        yield _sign(random)
    shares = np.array([share for share, _, _ in _SIZES.values()])
    while room > 0:
        concept, size = any_concept(random), SizeClass(int(random.choice(len(shares), p=shares / shares.sum())))
        together = int(random.integers(2, 5)) if random.random() < _GROUP and size <= SizeClass.LARGE else 1
        first, orientation = wish(concept, size, random)
        yield first, orientation
        for _ in range(min(together, room) - 1):
            yield _sibling(first, random), orientation
        room -= together


def any_concept(random: np.random.Generator) -> Concept:
    place = int(np.searchsorted(_CUMULATIVE, random.random() * _CUMULATIVE[-1], side="right"))
    return BY_NAME[_NAMES[place]]


def wish(concept: Concept, size: SizeClass, random: np.random.Generator) -> Wish:
    _, low, high = _SIZES[size]
    side = math.exp(random.uniform(math.log(low), math.log(high)))
    orientation = "upright" if size is SizeClass.HUGE else _orientation(concept, random)
    angle = round(_angle(orientation, random), 1)
    if size is SizeClass.HUGE or "turning" in concept.unseen:
        angle = 0.0
    tint = str(random.choice(TINTS)) if random.random() < _TINTED else ""
    tint = "" if tint == concept.colour else tint
    look = sized(concept.name, side, angle, limit=(WIDTH, HEIGHT))
    return replace(look, mirrored=orientation == "mirrored", tint=tint), orientation


def _orientation(concept: Concept, random: np.random.Generator) -> str:
    """An orientation that can be seen on the concept's picture."""
    number = random.random()
    for orientation, share in _TURNED.items():
        number -= share
        if number < 0:
            return orientation if "turning" not in concept.unseen else "upright"
    return "mirrored" if "mirroring" not in concept.unseen else "upright"


def _angle(orientation: str, random: np.random.Generator) -> float:
    """Degrees anticlockwise."""
    if orientation.startswith("tilted"):
        return float(random.uniform(28, 60)) * (1 if orientation.endswith("left") else -1)
    return float(random.uniform(-7, 7)) + (180.0 if orientation == "upside down" else 0.0)


def sized(concept: str, side: float, angle: float, *, text: str = "", limit: tuple[int, int]) -> Look:
    """A look whose box, once turned, has about `side`² px, or as many as fit into the limit."""
    ratio = proportions(concept, text)
    turn = math.radians(angle)
    width, height = math.sqrt(ratio), 1 / math.sqrt(ratio)
    across = width * abs(math.cos(turn)) + height * abs(math.sin(turn))
    down = width * abs(math.sin(turn)) + height * abs(math.cos(turn))
    scale = min(side / math.sqrt(across * down), (limit[0] - 4) / across, (limit[1] - 4) / down)
    return Look(concept, max(4, round(width * scale)), max(4, round(height * scale)), angle, text=text)


def _sibling(first: Look, random: np.random.Generator) -> Look:
    """Another one of its kind: about as large, turned alike, now and then of another tint."""
    scale = float(random.uniform(0.85, 1.15))
    tint = first.tint if random.random() < 0.8 else str(random.choice(TINTS))
    tint = "" if tint == BY_NAME[first.concept].colour else tint
    return replace(
        first, width=max(4, round(first.width * scale)), height=max(4, round(first.height * scale)), tint=tint
    )


def _sign(random: np.random.Generator) -> Wish:
    height = float(random.uniform(30, 72))
    text = str(random.choice(SIGN_WORDS))
    ratio = proportions(SIGN.name, text)
    return Look(SIGN.name, min(round(height * ratio), WIDTH // 2), round(height), text=text), "upright"


def depth(random: np.random.Generator) -> Callable[[Wish], float]:
    """Sorting key, farthest first: large things stand behind small ones, mostly; a kind stays together."""
    jitter: dict[str, float] = {}

    def key(one: Wish) -> float:
        look = one[0]
        factor = jitter.setdefault(look.concept, float(random.uniform(0.5, 1.5)))
        return -look.width * look.height * factor if not look.text else 0.0

    return key
