"""`builtin:spotter`: noun phrases of the captions that were imported for a photo."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from ml.backends.values import Photo, Spotting

from . import phrases, wordnets

MAX_CAPTION: Final = 2000
"""Characters of a caption that are looked at."""


class CaptionSpotter:
    """Spotter. The overall caption is the first imported one; without captions there is nothing to spot.

    Tags are the singular nouns and compounds ("kitchen counter"), those that more captions agree on first, then
    in the captions' order; then the compounds' heads ("counter"); then, with `adjectives`, the same with a
    colour or a material ("red bike").
    """

    version = "1"

    def __init__(self, *, max_tags: int = 30, adjectives: bool = True) -> None:
        if max_tags < 1:
            raise ValueError("max_tags must be at least 1")
        self.max_tags = max_tags
        self.adjectives = adjectives

    def spot(self, images: Sequence[Photo]) -> list[Spotting]:
        return [self._spot(image.captions) for image in images]

    def _spot(self, captions: Sequence[str]) -> Spotting:
        nouns: Counter[str] = Counter()
        heads: Counter[str] = Counter()
        described: Counter[str] = Counter()
        for caption in captions:
            found = phrases.noun_phrases(caption[:MAX_CAPTION], wordnets.load())
            # dict.fromkeys: a caption that repeats itself counts once, at the first place.
            nouns.update(list(dict.fromkeys(phrase.noun for phrase in found)))
            heads.update(list(dict.fromkeys(kind for phrase in found for kind in self._kinds(phrase.head))))
            described.update(list(dict.fromkeys(phrase.text for phrase in found if phrase.adjectives)))
        # most_common() keeps the order of first mention where counts are equal.
        counted = [*nouns.most_common(), *heads.most_common()]
        if self.adjectives:
            counted += described.most_common()
        tags = list(dict.fromkeys(text for text, _ in counted))
        caption = captions[0] if captions else ""
        return Spotting(" ".join(caption.split())[:MAX_CAPTION], tuple(tags[: self.max_tags]))

    @staticmethod
    def _kinds(head: str) -> list[str]:
        """The head, and the word it ends in where that is its kind: "tabby cat" and "cat"."""
        wordnet = wordnets.load()
        last = head.rpartition(" ")[2]
        sense, kind = wordnet.main_sense(head), wordnet.main_sense(last)
        if sense is None or kind is None or last == head or kind not in wordnet.ancestors(sense):
            return [head]
        return [head, last]
