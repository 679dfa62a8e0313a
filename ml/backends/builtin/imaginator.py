"""`builtin:imaginator`: what else is likely in the scene, from a table of scenes and from WordNet's relatives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from . import commonsense, wordnets
from .splitter import known_noun

_WITH_RELATIVES: Final = frozenset({5, 6, 13})
"""Lexicographer files whose co-hyponyms turn up together: animals, artifacts, food. People's do not (a
"skier" beside a "liberal"), nor do places'."""

_COMMON: Final = 3
"""Times a relative must have been tagged in WordNet's texts: rarer ones are curiosities."""


class TableImaginator:
    """Imaginator. First what the scenes in the tags usually hold, then co-hyponyms of the first tags.

    max_tags: how many it answers at most; relatives: co-hyponyms per tag; max_siblings: a kind with more
    members than this is too general for its members to suggest each other.
    """

    version = "1"

    def __init__(self, *, max_tags: int = 12, relatives: int = 1, max_siblings: int = 40) -> None:
        if max_tags < 1 or relatives < 0 or max_siblings < 0:
            raise ValueError("max_tags must be at least 1; relatives and max_siblings must not be negative")
        self.max_tags = max_tags
        self.relatives = relatives
        self.max_siblings = max_siblings
        self.wordnet = wordnets.load()
        self.scenes = commonsense.load().scenes

    def imagine(self, captions: Sequence[str], tags: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
        return [self._imagine(photo_tags) for photo_tags in tags]

    def _imagine(self, tags: Sequence[str]) -> tuple[str, ...]:
        nouns = list(dict.fromkeys(filter(None, (known_noun(tag, self.wordnet) for tag in tags))))
        known = {tag.lower() for tag in tags} | set(nouns)
        likely = [*self._likely(nouns), *(word for noun in nouns for word in self._relatives(noun))]
        return tuple(word for word in dict.fromkeys(likely) if word.lower() not in known)[: self.max_tags]

    def _likely(self, nouns: Sequence[str]) -> Iterator[str]:
        """The scenes' things in turns: the commonest of each scene before the second of any."""
        scenes = [self._scene(noun) for noun in nouns]
        for rank in range(max(map(len, scenes), default=0)):
            for things in scenes:
                if rank < len(things):
                    yield things[rank]

    def _scene(self, noun: str) -> tuple[str, ...]:
        return self.scenes.get(noun) or self.scenes.get(noun.rpartition(" ")[2], ())

    def _relatives(self, noun: str) -> list[str]:
        sense = self.wordnet.main_sense(noun)
        if sense is None or self.wordnet.file(sense) not in _WITH_RELATIVES:
            return []
        siblings = [
            sibling
            for kind in self.wordnet.hypernyms(sense)[:1]
            for sibling in self.wordnet.hyponyms(kind)
            if sibling != sense
            and len(self.wordnet.hyponyms(kind)) <= self.max_siblings
            and self.wordnet.main_sense(self.wordnet.word(sibling).lower()) == sibling
        ]
        common = [(self.wordnet.frequency(sibling), self.wordnet.word(sibling)) for sibling in siblings]
        common.sort(key=lambda pair: (-pair[0], pair[1]))
        return [word for count, word in common if count >= _COMMON][: self.relatives]
