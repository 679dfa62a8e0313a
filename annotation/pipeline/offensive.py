"""Words that become no tag: the LDNOOBW English list (CC BY 4.0, data/LICENSE.ldnoobw)."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from importlib.resources import files

from .concepts import normalise

_WORD = re.compile(r"[\w&-]+")


@cache
def offensive_words() -> frozenset[str]:
    """The list's entries, normalised; words and expressions."""
    text = files(__package__).joinpath("data/ldnoobw_en.txt").read_text(encoding="utf-8")
    return frozenset(filter(None, map(normalise, text.splitlines())))


@lru_cache(maxsize=65_536)
def is_offensive(text: str) -> bool:
    """Whether the tag is an entry of the list or has an offensive word in it.

    Expressions of several words count only as the whole tag: among them are openings such as "big black", and
    a big black dog is a fine tag. Single words count anywhere in a tag, though not inside a longer word.
    """
    normalised = normalise(text)
    words = offensive_words()
    return normalised in words or any(word in words for word in _WORD.findall(normalised))
