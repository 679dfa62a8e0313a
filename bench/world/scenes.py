"""Scenes as pure data: what stands where, how it looks, and what that makes true. The truth of the world."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from annotation.pipeline.cleaning import SizeClass, size_classes

from .backgrounds import Background, choose
from .concepts import BY_NAME, SIGN
from .glyphs import Look
from .layout import Canvas, Corner
from .relations import Box, Relation, relations
from .seeds import WorldError, checked_domain, generator
from .wishes import FEWEST, HEIGHT, SIGN_WORDS, WIDTH, any_concept, depth, sized, wish, wishes

HIDDEN_BELOW: Final = 0.92
"""A thing with less than this share of its pixels visible is partly hidden."""


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
    for look, orientation in sorted(wishes(random), key=depth(random)):
        orientations[look] = orientation
        canvas.add(look, random)
    for _ in range(100):
        if len(canvas.things) >= FEWEST:
            break
        look, orientation = wish(any_concept(random), SizeClass.MEDIUM, random)
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
    look = sized(concept, side * float(random.uniform(0.55, 0.8)), angle, text=text, limit=(side, side))
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
            look=thing.look, corner=thing.corner, box=_floats(box), size_class=SizeClass(size).name.lower(),
            visible=round(thing.left / thing.pixels, 6), orientation=orientations[thing.look],
        )
        for thing, box, size in zip(canvas.things, boxes, sizes.tolist(), strict=True)
    )  # fmt: skip
    return Scene(
        domain=checked_domain(domain), seed=seed, index=index, width=canvas.width, height=canvas.height,
        background=choose(domain, generator(domain, seed, index, part)), objects=objects,
        relations=relations([thing.box for thing in objects]),
    )  # fmt: skip


def _floats(box: Box) -> Box:
    x1, y1, x2, y2 = map(float, box)
    return x1, y1, x2, y2
