"""What there is in the world: the concepts of `concepts.csv`, their names and how often each appears.

Columns of the table: name (also the tag); character (one code point of Noto Color Emoji); group; colour (the one
that the picture plainly has, else empty); unseen (changes that cannot be seen on it: "mirroring", "turning");
form ("plural" for jeans, "mass" for bread, else empty); plural (where irregular); also (other true names, by "|").
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TABLE: Final = Path(__file__).with_name("concepts.csv")

SUPERGROUPS: Final = {
    "bird": "animal",
    "insect": "animal",
    "sea animal": "animal",
    "fruit": "food",
    "vegetable": "food",
    "sweet": "food",
}
"""Groups that are part of a wider group."""

ZIPF_EXPONENT: Final = 1.1
ZIPF_SHIFT: Final = 5.0


@dataclass(frozen=True, slots=True)
class Concept:
    """One kind of thing. weight: its share of all drawings of objects; 0 for what is placed on purpose."""

    name: str
    character: str
    group: str
    colour: str = ""
    unseen: frozenset[str] = frozenset()
    form: str = ""
    plural: str = ""
    also: tuple[str, ...] = ()
    weight: float = 0.0

    @property
    def hypernyms(self) -> tuple[str, ...]:
        """Its group, and the wider one."""
        wider = SUPERGROUPS.get(self.group)
        return (self.group, wider) if wider else (self.group,)

    @property
    def true_names(self) -> frozenset[str]:
        """Every tag that is right for it: its name, its other names, its group and the wider group."""
        return frozenset((self.name, *self.also, *self.hypernyms))


def _read() -> Iterator[Concept]:
    with TABLE.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    # The order of frequency has nothing to do with the order of the table.
    ranked = sorted(rows, key=lambda row: hashlib.sha256(row["name"].encode()).digest())
    weights = {row["name"]: (rank + ZIPF_SHIFT) ** -ZIPF_EXPONENT for rank, row in enumerate(ranked, start=1)}
    total = sum(weights.values())
    for row in rows:
        name = row["name"]
        yield Concept(
            name=name, character=row["character"], group=row["group"], colour=row["colour"],
            unseen=frozenset(row["unseen"].split()), form=row["form"], plural=row["plural"],
            also=tuple(row["also"].split("|")) if row["also"] else (), weight=weights[name] / total,
        )  # fmt: skip


GLYPHS: Final = tuple(_read())
"""Concepts drawn from the emoji font, in the order of the table."""

SIGN: Final = Concept("text sign", "", "sign", unseen=frozenset({"mirroring", "turning"}), also=("board",))
"""A board with a word on it; drawn, not a glyph."""

CONCEPTS: Final = (*GLYPHS, SIGN)
BY_NAME: Final = {concept.name: concept for concept in CONCEPTS}


def rare_third() -> frozenset[str]:
    """Names of the third of the glyph concepts that appear least."""
    ranked = sorted(GLYPHS, key=lambda concept: concept.weight)
    return frozenset(concept.name for concept in ranked[: len(ranked) // 3])
