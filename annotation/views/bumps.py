"""The chart "Over the loops": the rank of each tag of one region, loop by loop. Pure: numbers in, SVG geometry out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

WIDTH, LEFT, RIGHT = 400, 120, 304
TOP, STEP = 30, 24


@dataclass(frozen=True, slots=True)
class Line:
    """One tag: `points` for a polyline, `dots` for its circles, where its names stand, and how it is drawn.

    style: "first" (first in the latest loop), "wrong" (people rejected it) or "other".
    """

    tag: str
    style: str
    points: str
    dots: list[tuple[int, int]]
    starts_at: tuple[int, int]
    ends_at: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Bumps:
    """columns: (x, number of the loop). sentence: what the chart says, for those who do not see it."""

    height: int
    columns: list[tuple[int, int]]
    lines: list[Line] = field(default_factory=list)
    sentence: str = ""


def bump_chart(
    rankings: Sequence[tuple[int, Sequence[int]]], displays: Mapping[int, str], wrong: frozenset[int]
) -> Bumps | None:
    """`rankings`: per loop its number and the concepts, best first, oldest loop first. None for fewer than two loops.

    displays: names by concept; wrong: the concepts that people rejected.
    """
    if len(rankings) < 2:
        return None
    gap = (RIGHT - LEFT) / (len(rankings) - 1)
    columns = [(round(LEFT + gap * place), number) for place, (number, _ids) in enumerate(rankings)]
    ranks: dict[int, list[tuple[int, int]]] = {}
    for (x, _number), (_, concept_ids) in zip(columns, rankings, strict=True):
        for rank, concept_id in enumerate(concept_ids):
            ranks.setdefault(concept_id, []).append((x, TOP + STEP * rank))
    first = rankings[-1][1][0] if rankings[-1][1] else None
    last_x = columns[-1][0]
    lines = [
        Line(
            tag=displays[concept_id],
            style="wrong" if concept_id in wrong else "first" if concept_id == first else "other",
            points=" ".join(f"{x},{y}" for x, y in dots),
            dots=dots,
            starts_at=(dots[0][0] - 12, dots[0][1] + 4),
            ends_at=(last_x + 12, dots[-1][1] + 4) if dots[-1][0] == last_x else None,
        )
        for concept_id, dots in ranks.items()
    ]
    deepest = max((y for line in lines for _x, y in line.dots), default=TOP)
    sentence = "; ".join(
        f"{number}: " + ", ".join(displays[concept_id] for concept_id in concept_ids)
        for number, concept_ids in rankings
    )
    return Bumps(deepest + STEP, columns, sorted(lines, key=lambda line: line.style == "first"), sentence)
