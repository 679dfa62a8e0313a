"""The sentences of the template backends: questions, and answers that fit the tag's number."""

from __future__ import annotations

from typing import Final

_PLURALS: Final = frozenset({"people", "cattle", "men", "women", "children", "sheep", "feet", "teeth"})
_SINGULARS_IN_S: Final = ("ss", "us", "is", "as")

COLOR: Final = "What color {is_} the {tag}?"
PLACE: Final = "Where in the photo {is_} the {tag}?"
SIZE: Final = "How much of the photo {does} the {tag} take up?"
QUESTIONS: Final = (COLOR, PLACE, SIZE)


def is_plural(tag: str) -> bool:
    """Whether a verb after the tag is a plural: "scissors", "people". A guess by its last word."""
    last = tag.lower().rpartition(" ")[2]
    return last in _PLURALS or (last.endswith("s") and not last.endswith(_SINGULARS_IN_S) and len(last) > 3)


def question(template: str, tag: str) -> str:
    """One of QUESTIONS about the tag."""
    plural = is_plural(tag)
    return template.format(tag=tag, is_="are" if plural else "is", does="do" if plural else "does")


def statement(tag: str, singular: str, plural: str, rest: str) -> str:
    """ "The cup is white.": subject, the verb in its number, the rest."""
    return f"The {tag} {plural if is_plural(tag) else singular} {rest}."
