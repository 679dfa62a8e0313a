"""Who proposed a candidate: stable bits, stored with every image-level tag and every top-5 entry.

A bit is never renumbered or reused: rows written years ago are read with this table. Bit 31 stays free, so
that a mask fits PostgreSQL's signed `integer`.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntFlag
from typing import Final


class Role(IntFlag):
    """A role or a kind of proposal source, as one bit of a candidate's mask."""

    NONE = 0
    SPOTTER = 1 << 0
    OCR = 1 << 1
    IMAGINATOR = 1 << 2
    SPLITTER = 1 << 3
    MAGNIFIER = 1 << 4
    CLASS_AGNOSTIC = 1 << 5
    DETECTOR = 1 << 6
    """A closed-set detector."""
    GROUNDING = 1 << 7
    IMPORTED = 1 << 8
    HUMAN = 1 << 9


ROLE_NAMES: Final[tuple[str, ...]] = (
    "localizer",
    "spotter",
    "ocr",
    "imaginator",
    "splitter",
    "magnifier",
    "matcher",
    "segmenter",
    "questioner",
    "responder",
    "writer",
)
"""The jobs of the automatic pipeline, in the order in which a photo meets them."""

SOURCE_ROLES: Final[dict[str, Role]] = {
    "class_agnostic": Role.CLASS_AGNOSTIC,
    "closed_set": Role.DETECTOR,
    "grounding": Role.GROUNDING,
    "imported": Role.IMPORTED,
}
"""Kind of a proposal source -> the bit that its tags carry."""


def names_of(mask: int) -> tuple[str, ...]:
    """Names of the set bits, lowest bit first: `names_of(Role.SPOTTER | Role.HUMAN) == ("spotter", "human")`.

    Bits that this version does not know are left out, so that rows of a newer version can be read.
    """
    return tuple(str(role.name).lower() for role in Role if mask & role)


def mask_of(names: Iterable[str]) -> Role:
    """The mask of role names. Raises ValueError for a name that is no bit."""
    mask = Role.NONE
    for name in names:
        try:
            mask |= Role[name.upper()]
        except KeyError:
            known = ", ".join(names_of(~0))
            raise ValueError(f"{name!r} is not the name of a role with a bit; known: {known}") from None
    return mask
