"""Texts of the open vocabulary: what is kept for display, and the normalised form that makes a concept unique.

Tags come from files, models and people; all of them are data. Here they lose what could disturb a page, a
terminal or a comparison: control characters, bidirectional overrides, invisible characters, stray spaces.
Markup is ordinary text: pages escape it.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

MAX_LENGTH: Final = 100
"""Characters, for the display text and for the normalised text."""

_FAR_TOO_LONG: Final = 10_000
"""Not even looked at: a line of 100 MB must not be walked through character by character."""

_JOINERS: Final = "\u200c\u200d"
"""Zero-width (non-)joiner: part of the spelling in Persian, in Indic scripts and in emoji."""


class ConceptTextError(ValueError):
    """The text can be no concept; the message says why, and never repeats more than a few words of it."""


@dataclass(frozen=True, slots=True)
class ConceptText:
    """display: as it is shown ("The Sphinxes"); normalised: as it is compared ("the sphinxes")."""

    display: str
    normalised: str


def display_text(text: str) -> str:
    """The text without control, bidirectional and other invisible characters, with single spaces.

    Lines and tabs become spaces. Joiners stay between other characters. May be empty.
    """
    kept = []
    for char in unicodedata.normalize("NFC", text):
        category = unicodedata.category(char)
        if char.isspace() or category in {"Zl", "Zp"}:
            kept.append(" ")
        elif category not in {"Cc", "Cf", "Cs", "Cn"} or char in _JOINERS:
            kept.append(char)
    return " ".join("".join(kept).split()).strip(_JOINERS + " ")


@lru_cache(maxsize=65_536)
def normalise(text: str) -> str:
    """NFKC, case-folded, single spaces, no invisible characters: equal for texts that name one concept.

    Idempotent. May be empty; never raises.
    """
    for joiner in _JOINERS:
        text = text.replace(joiner, "")
    previous = None
    # One pass is enough for nearly all texts; folding can undo a composition, so repeat until it is stable.
    while text != previous:
        previous = text
        text = display_text(unicodedata.normalize("NFKC", text).casefold())
        text = unicodedata.normalize("NFKC", text)
    return text


def parse_concept(text: str) -> ConceptText:
    """Both forms of a tag text. Raises ConceptTextError if it is empty or longer than MAX_LENGTH."""
    if len(text) > _FAR_TOO_LONG:
        raise ConceptTextError(f"the tag has {len(text)} characters; at most {MAX_LENGTH} are allowed")
    display, normalised = display_text(text), normalise(text)
    if not display or not normalised:
        raise ConceptTextError("the tag is empty once invisible characters are left out")
    if len(display) > MAX_LENGTH or len(normalised) > MAX_LENGTH:
        raise ConceptTextError(
            f"the tag that begins with {display[:20]!r} has {max(len(display), len(normalised))} characters; "
            f"at most {MAX_LENGTH} are allowed"
        )
    return ConceptText(display, normalised)
