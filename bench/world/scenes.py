"""Scenes as pure data: what stands where, how it looks, and what that makes true. The truth of the world."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np

from annotation.pipeline.cleaning import SizeClass, size_classes

from .backgrounds import Background, choose
from .colours import TINTS
from .concepts import BY_NAME, GLYPHS, SIGN, Concept
from .glyphs import Look, proportions
from .layout import Canvas, Corner
from .relations import Box, Relation, relations
from .seeds import WorldError, checked_domain, generator

WIDTH: Final = 640
HEIGHT: Final = 512
FEWEST: Final = 4
MOST: Final = 12

HIDDEN_BELOW: Final = 0.92
"""A thing with less than this share of its pixels visible is partly hidden."""

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


@dataclass(frozen=True, slots=True)
class SceneObject:
    """A thing of a scene.

    box: tight box of its visible pixels, (x1, y1, x2, y2) px, x2/y2 exclusive. visible: share of its pixels that
    nothing hides. orientation: one of ORIENTATIONS. corner: where its stamp is pasted (x, y).
    """

    look: Look
    corner: Corner
    box: Box
    size_class: str
    visible: float
    orientation: str

    @property
    def concept(self) -> str:
        return self.look.concept

    @property
    def tint(self) -> str:
        """The colour that it is tinted with, or empty."""
        return self.look.tint

    @property
    def text(self) -> str:
        """The word on a sign, or empty."""
        return self.look.text

    @property
    def colour(self) -> str:
        """Its plain colour, or empty if it has several."""
        return self.look.tint or BY_NAME[self.concept].colour

    @property
    def hidden(self) -> bool:
        """Whether a person would call it partly hidden."""
        return self.visible < HIDDEN_BELOW


@dataclass(frozen=True, slots=True)
class Scene:
    """Objects from back to front; relations between their places in that list."""

    domain: str
    seed: int
    index: int
    width: int
    height: int
    background: Background
    objects: tuple[SceneObject, ...]
    relations: tuple[Relation, ...]

    @property
    def file_name(self) -> str:
        return f"{self.domain}-{self.seed}-{self.index:06d}.jpg"

    @property
    def texts(self) -> tuple[tuple[str, Box], ...]:
        """Words that are written in the scene, with the boxes of their signs."""
        return tuple((thing.text, thing.box) for thing in self.objects if thing.text)

    def count(self, concept: str) -> int:
        """How many things of this concept there are."""
        return sum(thing.concept == concept for thing in self.objects)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; `from_dict` reads them."""
        return asdict(self) | {"relations": [list(relation) for relation in self.relations]}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Scene:
        fields = values | {
            "background": Background(**_with_tuples(values["background"])),
            "objects": tuple(
                SceneObject(**_with_tuples(thing) | {"look": Look(**thing["look"])}) for thing in values["objects"]
            ),
            "relations": tuple(Relation(*relation) for relation in values["relations"]),
        }
        return cls(**fields)


def _with_tuples(values: dict[str, Any]) -> dict[str, Any]:
    """JSON has no tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


def make_scene(seed: int, index: int, *, domain: str = "corpus") -> Scene:
    """Scene `index` of the world with this seed: always the same. Raises WorldError for an unknown domain."""
    random = generator(domain, seed, index, "objects")
    canvas = Canvas(WIDTH, HEIGHT)
    orientations: dict[Look, str] = {}
    wishes = sorted(_wishes(random), key=_depth(random))
    for look, orientation in wishes:
        orientations[look] = orientation
        canvas.add(look, random)
    for _ in range(100):
        if len(canvas.things) >= FEWEST:
            break
        look, orientation = _wish(_any_concept(random), SizeClass.MEDIUM, random)
        orientations[look] = orientation
        canvas.add(look, random)
    return _scene(canvas, orientations, domain, seed, index)


def make_single(concept: str, seed: int, domain: str, *, side: int = 128) -> Scene:
    """A square scene of one upright, centred thing in its own colours. Raises WorldError for an unknown concept."""
    if concept not in BY_NAME:
        raise WorldError(f"There is no concept “{concept}”: see concepts.csv.")
    random = generator(domain, seed, 0, f"single {concept}")
    text = str(random.choice(SIGN_WORDS)) if concept == SIGN.name else ""
    angle = 0.0 if text else round(float(random.uniform(-5, 5)), 1)
    look = _sized(concept, side * float(random.uniform(0.55, 0.8)), angle, text=text, limit=(side, side))
    canvas = Canvas(side, side)
    canvas.add_at_centre(look, tuple(random.integers(-side // 20, side // 20 + 1, 2).tolist()))
    return _scene(canvas, {look: "upright"}, domain, seed, 0, part=f"background {concept}")


def _scene(
    canvas: Canvas, orientations: dict[Look, str], domain: str, seed: int, index: int, part: str = "background"
) -> Scene:
    boxes = [canvas.visible_box(number) for number in range(len(canvas.things))]
    sizes = size_classes(np.array(boxes, np.float64).reshape(-1, 4))
    objects = tuple(
        SceneObject(
            look=thing.look, corner=thing.corner, box=tuple(map(float, box)), size_class=SizeClass(size).name.lower(),
            visible=round(thing.left / thing.pixels, 6), orientation=orientations[thing.look],
        )
        for thing, box, size in zip(canvas.things, boxes, sizes.tolist(), strict=True)
    )  # fmt: skip
    return Scene(
        domain=checked_domain(domain), seed=seed, index=index, width=canvas.width, height=canvas.height,
        background=choose(domain, generator(domain, seed, index, part)), objects=objects,
        relations=relations([thing.box for thing in objects]),
    )  # fmt: skip


def _wishes(random: np.random.Generator) -> Iterator[tuple[Look, str]]:
    """Things that the scene should have, with their orientations; not all may find a place."""
    room = int(random.integers(FEWEST, MOST + 1))
    if random.random() < _SIGN:
        room -= 1
        yield _sign(random)
    shares = np.array([share for share, _, _ in _SIZES.values()])
    while room > 0:
        concept, size = _any_concept(random), SizeClass(int(random.choice(len(shares), p=shares / shares.sum())))
        together = int(random.integers(2, 5)) if random.random() < _GROUP and size <= SizeClass.LARGE else 1
        first, orientation = _wish(concept, size, random)
        yield first, orientation
        for _ in range(min(together, room) - 1):
            yield _sibling(first, random), orientation
        room -= together


def _any_concept(random: np.random.Generator) -> Concept:
    place = int(np.searchsorted(_CUMULATIVE, random.random() * _CUMULATIVE[-1], side="right"))
    return BY_NAME[_NAMES[place]]


def _wish(concept: Concept, size: SizeClass, random: np.random.Generator) -> tuple[Look, str]:
    _, low, high = _SIZES[size]
    side = math.exp(random.uniform(math.log(low), math.log(high)))
    orientation = "upright" if size is SizeClass.HUGE else _orientation(concept, random)
    angle = round(_angle(orientation, random), 1)
    if size is SizeClass.HUGE or "turning" in concept.unseen:
        angle = 0.0
    tint = str(random.choice(TINTS)) if random.random() < _TINTED else ""
    tint = "" if tint == concept.colour else tint
    look = _sized(concept.name, side, angle, limit=(WIDTH, HEIGHT))
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


def _sized(concept: str, side: float, angle: float, *, text: str = "", limit: tuple[int, int]) -> Look:
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


def _sign(random: np.random.Generator) -> tuple[Look, str]:
    height = float(random.uniform(30, 72))
    text = str(random.choice(SIGN_WORDS))
    ratio = proportions(SIGN.name, text)
    return Look(SIGN.name, min(round(height * ratio), WIDTH // 2), round(height), text=text), "upright"


def _depth(random: np.random.Generator) -> Any:
    """Sorting key, farthest first: large things stand behind small ones, mostly; a kind stays together."""
    jitter: dict[str, float] = {}

    def key(wish: tuple[Look, str]) -> float:
        look = wish[0]
        factor = jitter.setdefault(look.concept, float(random.uniform(0.5, 1.5)))
        return -look.width * look.height * factor if not look.text else 0.0

    return key
