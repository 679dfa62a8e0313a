"""WordNet 3.0 as far as photos need it: nouns for things one can see, their kinds, parts and relatives.

Reads data/wordnet.json.gz and data/glosses.json.gz, which `extract_wordnet` makes. Lemmas are lower case with spaces
here ("hot dog").
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, Final

PERSON_FILE: Final = 18
"""Lexicographer file of the nouns that denote people; others: 5 animals, 6 artifacts, 13 food, 20 plants."""

_PLURALS: Final = (
    ("s", ""),
    ("ches", "ch"),
    ("shes", "sh"),
    ("sses", "ss"),
    ("xes", "x"),
    ("zes", "z"),
    ("ies", "y"),
    ("men", "man"),
    ("ses", "s"),
)
_VERB_ENDINGS: Final = (
    ("ies", "y"),
    ("es", "e"),
    ("es", ""),
    ("s", ""),
    ("ed", "e"),
    ("ed", ""),
    ("ing", "e"),
    ("ing", ""),
)


@dataclass(frozen=True, slots=True)
class Sense:
    """A depictable sense of a lemma: its synset and how often it was tagged in WordNet's texts."""

    synset: int
    count: int


class WordNet:
    """Look-ups in the extract. Immutable once made; share one (`load`)."""

    def __init__(self, extract: dict[str, Any]) -> None:
        self._words: list[str] = extract["words"]
        self._files: list[int] = extract["files"]
        self._hypernyms: list[list[int]] = extract["hypernyms"]
        self._parts: dict[str, list[int]] = extract["parts"]
        self._nouns: dict[str, list[int]] = extract["nouns"]
        self._noun_totals: dict[str, int] = extract["noun_totals"]
        self._noun_forms: dict[str, str] = extract["noun_forms"]
        self._verbs: dict[str, int] = extract["verbs"]
        self._verb_forms: dict[str, str] = extract["verb_forms"]
        self._adjectives: dict[str, int] = extract["adjectives"]

    def word(self, synset: int) -> str:
        """The synset's first lemma, as it is written ("Frisbee")."""
        return self._words[synset].replace("_", " ")

    def file(self, synset: int) -> int:
        """Number of the lexicographer file: animals, artifacts, food and so on."""
        return self._files[synset]

    def hypernyms(self, synset: int) -> list[int]:
        return self._hypernyms[synset]

    def ancestors(self, synset: int) -> list[int]:
        """All hypernyms, nearest first, without the synset itself."""
        found: list[int] = []
        level = [synset]
        while level:
            level = [up for low in level for up in self._hypernyms[low] if up not in found]
            found += dict.fromkeys(level)
        return found

    @cached_property
    def _hyponyms(self) -> dict[int, list[int]]:
        below: dict[int, list[int]] = {}
        for synset, ups in enumerate(self._hypernyms):
            for up in ups:
                below.setdefault(up, []).append(synset)
        return below

    def hyponyms(self, synset: int) -> list[int]:
        return self._hyponyms.get(synset, [])

    def parts(self, synset: int) -> list[int]:
        """Part meronyms of the synset itself."""
        return self._parts.get(str(synset), [])

    def senses(self, lemma: str) -> list[Sense]:
        """The depictable senses of a noun lemma in WordNet's order; empty if it has none."""
        values = self._nouns.get(_key(lemma), [0])
        return [Sense(values[at], values[at + 1]) for at in range(1, len(values), 2)]

    def main_sense(self, lemma: str) -> int | None:
        """The synset that a photo's caption most likely means: most often tagged, things before people."""
        senses = self.senses(lemma)
        if not senses:
            return None
        return max(senses, key=lambda sense: (sense.count, self.file(sense.synset) != PERSON_FILE)).synset

    def is_depictable(self, lemma: str) -> bool:
        return _key(lemma) in self._nouns

    def depictable_share(self, lemma: str) -> float:
        """Share of the lemma's tagged uses that can be seen in a photo; 1 where nothing was tagged."""
        total = self._nouns.get(_key(lemma), [0])[0]
        return sum(sense.count for sense in self.senses(lemma)) / total if total else 1.0

    def frequency(self, synset: int) -> int:
        """How often the synset's first lemma was tagged in this sense."""
        return next((s.count for s in self.senses(self._words[synset].lower()) if s.synset == synset), 0)

    def noun_count(self, lemma: str) -> int:
        """How often the lemma was tagged as a noun, in any sense."""
        key = _key(lemma)
        return self._nouns[key][0] if key in self._nouns else self._noun_totals.get(key, 0)

    def is_noun(self, lemma: str) -> bool:
        return _key(lemma) in self._nouns or _key(lemma) in self._noun_totals

    def noun_lemma(self, word: str) -> str | None:
        """The noun that the lower-case word is a form of ("knives" -> "knife"), itself if it is a lemma."""
        base = self._noun_forms.get(_key(word))
        if base is not None and self.is_noun(base) and self.noun_count(base) >= self.noun_count(word):
            return base.replace("_", " ")  # "men": "man" rather than the rare noun "men"
        singular = self._singular(word)
        if self.is_noun(word):
            # "shoes" is a noun of its own ("in their shoes"), but in a photo it is more than one shoe.
            rather = singular is not None and self.is_depictable(singular) and not self.is_depictable(word)
            return singular if rather else word
        return singular

    def _singular(self, word: str) -> str | None:
        for ending, replacement in _PLURALS:
            if word.endswith(ending) and len(word) > len(ending) + 1:
                lemma = word[: -len(ending)] + replacement
                if self.is_noun(lemma):
                    return lemma
        return None

    def verb_lemma(self, word: str) -> str | None:
        """The verb that the word is a form of ("riding" -> "ride"), itself if it is a base form."""
        if word in self._verbs:
            return word
        if word in self._verb_forms:
            return self._verb_forms[word]
        for ending, replacement in _VERB_ENDINGS:
            stem = word[: -len(ending)]
            if not word.endswith(ending) or len(stem) < 2:
                continue
            doubled = len(stem) > 2 and stem[-1] == stem[-2]
            for lemma in (stem + replacement, stem[:-1] if doubled and not replacement else None):
                if lemma in self._verbs:
                    return lemma
        return None

    def verb_count(self, lemma: str) -> int:
        return self._verbs.get(lemma, 0)

    def is_adjective(self, word: str) -> bool:
        return word in self._adjectives

    def adjective_count(self, word: str) -> int:
        return self._adjectives.get(word, 0)


def meaning(tag: str) -> str | None:
    """What a tag means in photos, by WordNet: the gloss of its main sense. None for what WordNet does not know."""
    word = " ".join(tag.lower().split())
    net = load()
    lemma = word if net.is_depictable(word) else net.noun_lemma(word)
    synset = net.main_sense(lemma) if lemma else None
    return _glosses()[synset] if synset is not None else None


def _key(lemma: str) -> str:
    return lemma.replace(" ", "_")


@cache
def load() -> WordNet:
    """The extract that ships with this package, read once per process."""
    content = files(__package__).joinpath("data/wordnet.json.gz").read_bytes()
    return WordNet(json.loads(gzip.decompress(content)))


@cache
def _glosses() -> list[str]:
    """By synset. Apart from the extract, which is read far more often."""
    content = files(__package__).joinpath("data/glosses.json.gz").read_bytes()
    return list(json.loads(gzip.decompress(content)))
