"""Nouns of the world's language: articles, plurals, the verbs that go with them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from .concepts import BY_NAME, CONCEPTS

NUMBERS: Final = (
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip

_MASS_GROUPS: Final = frozenset({"food", "clothing", "sports gear"})
_NOT_WORDS: Final = re.compile(r"[^\w\s-]+")
_ARTICLES: Final = re.compile(r"\b(?:a|an|the)\b")


def form(noun: str) -> str:
    """ "plural" (jeans), "mass" (bread) or empty (cat)."""
    if noun in BY_NAME:
        return BY_NAME[noun].form
    return "mass" if noun in _MASS_GROUPS else ""


def is_(noun: str) -> str:
    return "are" if form(noun) == "plural" else "is"


def does(noun: str) -> str:
    return "do" if form(noun) == "plural" else "does"


def plural(noun: str) -> str:
    """More than one of it: "cats", "foxes", "mice"; what has no plural stays as it is."""
    if form(noun):
        return noun
    if noun in BY_NAME and BY_NAME[noun].plural:
        return BY_NAME[noun].plural
    if noun.endswith(("s", "x", "z", "ch", "sh")):
        return noun + "es"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + "s"


def phrase(noun: str, *adjectives: str) -> str:
    """ "a cat", "an orange cat", "jeans", "red jeans"."""
    words = " ".join((*adjectives, noun))
    if form(noun):
        return words
    vowel = words[0] in "aeiou" and not words.startswith(("uni", "one", "eu", "us"))
    return ("an " if vowel or words.startswith("hour") else "a ") + words


def counted(noun: str, count: int) -> str:
    """ "a cat", "two cats", "bread"."""
    return phrase(noun) if count == 1 or form(noun) else f"{NUMBERS[count]} {plural(noun)}"


def listed(phrases: Sequence[str]) -> str:
    """ "a, b and c"."""
    return " and ".join(filter(None, (", ".join(phrases[:-1]), phrases[-1])))


def sentence(words: str) -> str:
    """The words with a capital and a full stop."""
    return words[0].upper() + words[1:] + "."


def normalized(text: str) -> str:
    """For comparing: lower case, single spaces, no articles, no punctuation but hyphens, one spelling of colours."""
    words = _ARTICLES.sub(" ", _NOT_WORDS.sub(" ", text.lower())).replace("colour", "color").replace("grey", "gray")
    return " ".join(words.split())


@lru_cache(maxsize=1)
def all_nouns() -> tuple[str, ...]:
    """Every noun that may name a thing of the world: concepts, their other names, groups; in order."""
    return tuple(sorted({name for concept in CONCEPTS for name in concept.true_names}))
