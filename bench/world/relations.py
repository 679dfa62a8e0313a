"""How two things of a scene stand to each other, derived from their boxes alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias

Box: TypeAlias = tuple[float, float, float, float]

INVERSE: Final = {"left of": "right of", "above": "below"}
PREDICATES: Final = ("left of", "right of", "above", "below", "next to", "on", "inside")

_SHARED: Final = 0.5  # of the smaller side must be shared for things to stand in one row or column
_NEAR: Final = 0.4  # of the smaller side: no farther than this is next to
_TOUCH: Final = 0.12  # of the upper thing's height: no farther than this is on
_WITHIN: Final = 0.9  # of the area must lie within the other


class Relation(NamedTuple):
    """subject and object: places in the scene's list of objects."""

    subject: int
    predicate: str
    object: int


def relations(boxes: Sequence[Box]) -> tuple[Relation, ...]:
    """All relations that hold, by subject and object. Boxes (x1, y1, x2, y2)."""
    return tuple(
        Relation(first, predicate, second)
        for first, one in enumerate(boxes)
        for second, other in enumerate(boxes)
        if first != second
        for predicate in predicates(one, other)
    )


def predicates(one: Box, other: Box) -> Iterator[str]:
    """What is true of `one` with respect to `other`.

    left of, right of: apart, in one row (half of the lower one's height is shared). next to: that, and at most 0.4
    widths of the narrower one apart. above, below: apart, in one column. on: in one column, feet at the other's top.
    inside: 90 % of the area within the other, which is at least twice as large.
    """
    wide = min(one[2], other[2]) - max(one[0], other[0])  # shared width; below 0 the gap between them
    high = min(one[3], other[3]) - max(one[1], other[1])
    narrower = min(one[2] - one[0], other[2] - other[0])
    lower = min(one[3] - one[1], other[3] - other[1])
    if wide <= 0 and high >= _SHARED * lower:
        yield "left of" if one[0] < other[0] else "right of"
        if -wide <= _NEAR * narrower:
            yield "next to"
    if wide >= _SHARED * narrower:
        if high <= 0:
            yield "above" if one[1] < other[1] else "below"
        if abs(one[3] - other[1]) <= _TOUCH * (one[3] - one[1]):
            yield "on"
    area, wider = _area(one), _area(other)
    if wide > 0 and high > 0 and wide * high >= _WITHIN * area and wider >= 2 * area:
        yield "inside"


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
