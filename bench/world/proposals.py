"""Boxes as a class-agnostic localizer would propose them: not quite on the things, and some on nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from .overlaps import Floats, ious
from .relations import Box
from .scenes import Scene
from .seeds import generator

DISTRACTORS: Final = 0.12
"""Share of the proposals that show no single thing."""

CLOSEST: Final = 0.7
"""Least IoU of the proposal for a thing with its true box."""

_FARTHEST: Final = 0.45  # largest IoU of a distractor with any thing, safely below what counts as a match
_TRIES: Final = 12
_SMALLEST: Final = 6.0  # px


def propose(scene: Scene, *, distractors: float = DISTRACTORS) -> list[Box]:
    """One box for every thing, jittered, and distractors; in an order that tells nothing. Always the same."""
    random = generator(scene.domain, scene.seed, scene.index, "proposals")
    truth = np.array([thing.box for thing in scene.objects], np.float64)
    boxes = [_jittered(box, scene, random) for box in truth]
    wanted = len(truth) * distractors / (1 - distractors)
    count = int(wanted) + int(random.random() < wanted % 1)
    boxes += list(_distractors(count, truth, scene, random))
    return [_rounded(boxes[number]) for number in random.permutation(len(boxes))]


def _jittered(box: Floats, scene: Scene, random: np.random.Generator) -> Floats:
    sides = np.tile(box[2:] - box[:2], 2)
    spread = 0.06
    for _ in range(_TRIES):
        moved = _within(box + random.normal(0, spread, 4) * sides, scene)
        if moved is not None and ious(moved.round(2), box)[0] >= CLOSEST:
            return moved
        spread *= 0.8
    return box


def _distractors(count: int, truth: Floats, scene: Scene, random: np.random.Generator) -> Iterator[Floats]:
    kinds: tuple[Callable[[Floats, Scene, np.random.Generator], Floats], ...] = (_nothing, _part, _pair)
    for _ in range(count):
        for _ in range(_TRIES):
            kind = kinds[int(random.integers(len(kinds)))]
            box = _within(kind(truth, scene, random), scene)
            if box is not None and ious(box.round(2), truth).max() <= _FARTHEST:
                yield box
                break


def _nothing(_: Floats, scene: Scene, random: np.random.Generator) -> Floats:
    """A box anywhere."""
    sides = np.exp(random.uniform(np.log(24), np.log(160), 2))
    corner = random.uniform(0, (scene.width, scene.height)) - sides / 2
    return np.concatenate((corner, corner + sides))


def _part(truth: Floats, _: Scene, random: np.random.Generator) -> Floats:
    """A piece of a thing."""
    box = truth[int(random.integers(len(truth)))]
    sides = (box[2:] - box[:2]) * random.uniform(0.35, 0.62, 2)
    corner = box[:2] + (box[2:] - box[:2] - sides) * random.random(2)
    return np.concatenate((corner, corner + sides))


def _pair(truth: Floats, _: Scene, random: np.random.Generator) -> Floats:
    """A box around two things."""
    one, other = truth[random.choice(len(truth), 2, replace=False)]
    return np.concatenate((np.minimum(one[:2], other[:2]), np.maximum(one[2:], other[2:])))


def _within(box: Floats, scene: Scene) -> Floats | None:
    """The box as far as it lies in the scene; None if that is next to nothing."""
    limits = np.array([scene.width, scene.height, scene.width, scene.height], np.float64)
    box = np.clip(box, 0, limits)
    return box if (box[2:] - box[:2]).min() >= _SMALLEST else None


def _rounded(box: Floats) -> Box:
    x1, y1, x2, y2 = (round(value, 2) for value in box.tolist())
    return x1, y1, x2, y2
