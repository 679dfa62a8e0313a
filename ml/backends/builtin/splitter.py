"""`builtin:splitter`: visible parts of a thing, from WordNet's part meronyms and a table of everyday things."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from . import commonsense, wordnets


class WordNetSplitter:
    """Splitter. The table comes first: the thing's own entry, else that of the nearest kind that has one.

    What the table says nothing about gets WordNet's part meronyms, its own or those of a kind at most
    `max_levels` above it; only parts whose names WordNet's texts use count (that leaves out the uropygium).
    What has no parts, as water, gets none.
    """

    version = "1"

    def __init__(self, *, max_parts: int = 6, max_levels: int = 2) -> None:
        if max_parts < 1 or max_levels < 0:
            raise ValueError("max_parts must be at least 1 and max_levels must not be negative")
        self.max_parts = max_parts
        self.max_levels = max_levels
        self.wordnet = wordnets.load()
        self.table = commonsense.load().parts
        senses = {noun: self.wordnet.main_sense(noun) for noun in self.table}
        self._by_sense = {sense: self.table[noun] for noun, sense in senses.items() if sense is not None}

    def split(self, tags: Sequence[str]) -> list[tuple[str, ...]]:
        return [self._split(tag) for tag in tags]

    def _split(self, tag: str) -> tuple[str, ...]:
        noun = known_noun(tag, self.wordnet)
        if noun is None:
            return ()
        parts = next(filter(None, self._sources(noun)), ())
        return tuple(part for part in dict.fromkeys(parts) if part not in {noun, tag.lower()})[: self.max_parts]

    def _sources(self, noun: str) -> Iterator[tuple[str, ...]]:
        yield self.table.get(noun, ())
        sense = self.wordnet.main_sense(noun)
        if sense is None:
            return
        kinds = [sense, *self.wordnet.ancestors(sense)]
        for synset in kinds:
            yield self._by_sense.get(synset, ())
        for synset in kinds[: self.max_levels + 1]:
            yield self._wordnet_parts(synset)

    def _wordnet_parts(self, synset: int) -> tuple[str, ...]:
        parts = [(self.wordnet.frequency(part), self.wordnet.word(part)) for part in self.wordnet.parts(synset)]
        return tuple(word for count, word in sorted(parts, key=lambda part: -part[0]) if count)


def known_noun(tag: str, wordnet: wordnets.WordNet) -> str | None:
    """The depictable noun that a tag is about: the tag itself, or its end ("white coffee cup" -> "cup")."""
    words = tag.lower().split()
    for start in range(len(words)):
        lemma = wordnet.noun_lemma(" ".join(words[start:]))
        if lemma is not None and wordnet.is_depictable(lemma):
            return lemma
    return None
