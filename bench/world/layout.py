"""Where things stand in a scene: from back to front, none hidden too much, and what is left visible of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from .glyphs import Look, opaque, stamp

Mask: TypeAlias = npt.NDArray[np.bool_]
Corner: TypeAlias = tuple[int, int]

MIN_VISIBLE: Final = 0.55
"""Share of a thing's pixels that nothing may hide."""

_CLEAR: Final = 0.6  # share of things that hide nothing, but for a backdrop
_BACKDROP: Final = 0.45  # a thing that covers this share of the scene is one: others may stand in front of it
_TRIES: Final = 16


@dataclass(slots=True)
class Placed:
    """A thing on the canvas. pixels: opaque ones, before others hid some; left: those still visible."""

    look: Look
    corner: Corner
    width: int
    height: int
    pixels: int
    left: int


@dataclass(slots=True)
class Canvas:
    """Which thing owns each pixel of a scene: -1 for the background, else its place in `things`."""

    width: int
    height: int
    things: list[Placed] = field(default_factory=list)
    owner: npt.NDArray[np.int16] = field(init=False)

    def __post_init__(self) -> None:
        self.owner = np.full((self.height, self.width), -1, np.int16)

    def add(self, look: Look, random: np.random.Generator) -> bool:
        """Puts the thing in front of all others if there is a place where it hides none of them too much."""
        mask = np.asarray(opaque(stamp(look))) > 0
        height, width = mask.shape
        if not mask.any() or width > self.width or height > self.height:
            return False
        clear = bool(random.random() < _CLEAR)
        for number, corner in enumerate(self._corners(look, width, height, random)):
            lost = self._lost(mask, corner)
            if self._allowed(lost, clear=clear and number < 2 * _TRIES):
                self._put(look, mask, corner, lost)
                return True
        return False

    def add_at_centre(self, look: Look, offset: Corner) -> None:
        """Puts the thing at the canvas' centre, moved by `offset` px as far as it stays within."""
        mask = np.asarray(opaque(stamp(look))) > 0
        height, width = mask.shape
        x = min(max((self.width - width) // 2 + offset[0], 0), self.width - width)
        y = min(max((self.height - height) // 2 + offset[1], 0), self.height - height)
        self._put(look, mask, (x, y), self._lost(mask, (x, y)))

    def visible_box(self, number: int) -> tuple[int, int, int, int]:
        """Tight box (x1, y1, x2, y2) of the thing's visible pixels, x2/y2 exclusive."""
        thing = self.things[number]
        x, y = thing.corner
        mine = self.owner[y : y + thing.height, x : x + thing.width] == number
        rows, columns = np.flatnonzero(mine.any(axis=1)), np.flatnonzero(mine.any(axis=0))
        return x + int(columns[0]), y + int(rows[0]), x + int(columns[-1]) + 1, y + int(rows[-1]) + 1

    def _corners(self, look: Look, width: int, height: int, random: np.random.Generator) -> Iterator[Corner]:
        """Places to try: beside its own kind, or on top of the last thing; then anywhere."""
        right, bottom = self.width - width, self.height - height
        near: list[Corner] = []
        last = self.things[-1] if self.things else None
        if last is not None and last.look.concept == look.concept:
            gap = int(random.integers(2, 14))
            x, y = last.corner
            near += [(x + last.width + gap, y + last.height - height), (x - width - gap, y + last.height - height)]
        elif last is not None and random.random() < 0.3:
            x, y = last.corner
            near.append((x + (last.width - width) // 2, y - height + 2))
        yield from ((x, y) for x, y in near if 0 <= x <= right and 0 <= y <= bottom)
        for x, y in random.integers(0, (right + 1, bottom + 1), (3 * _TRIES, 2)).tolist():
            yield x, y

    def _lost(self, mask: Mask, corner: Corner) -> npt.NDArray[np.intp]:
        """Pixels that each thing would lose to the mask at this corner."""
        x, y = corner
        height, width = mask.shape
        owners = self.owner[y : y + height, x : x + width][mask]
        return np.bincount(owners + 1, minlength=len(self.things) + 1)[1:]

    def _allowed(self, lost: npt.NDArray[np.intp], *, clear: bool) -> bool:
        for thing, pixels in zip(self.things, lost.tolist(), strict=True):
            if pixels == 0:
                continue
            backdrop = thing.pixels > _BACKDROP * self.width * self.height
            if thing.look.text or (clear and not backdrop) or thing.left - pixels < MIN_VISIBLE * thing.pixels:
                return False
        return True

    def _put(self, look: Look, mask: Mask, corner: Corner, lost: npt.NDArray[np.intp]) -> None:
        x, y = corner
        height, width = mask.shape
        for thing, pixels in zip(self.things, lost.tolist(), strict=True):
            thing.left -= pixels
        self.owner[y : y + height, x : x + width][mask] = len(self.things)
        pixels = int(mask.sum())
        self.things.append(Placed(look, corner, width, height, pixels, pixels))
