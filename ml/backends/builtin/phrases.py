"""Noun phrases of a caption: which words name something that can be seen in the photo.

There is no tagger model here. Words are looked up in WordNet; a word that is both a noun and a verb or an
adjective is decided by its neighbours first and by how often WordNet's texts use it as which.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from .wordnets import WordNet

_TOKEN: Final = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*|[.,;:!?()\"&/]")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


DETERMINERS: Final = _words(
    "a an the this that these those his her its their our my your some any each every another no both "
    "several many few various multiple one two three four five six seven eight nine ten"
)
PREPOSITIONS: Final = _words(
    "of in on at by with from into onto over under near beside behind between among through across along "
    "around against toward towards inside outside above below beneath underneath for as about like off up "
    "down past next without within during atop amid amidst upon"
)
FUNCTION_WORDS: Final = _words(
    "and or but nor so than then there here it he she they we i you him them us me himself herself itself "
    "themselves who whom whose which what where when while why how if because is are was were be been being "
    "am has have had do does did can could will would may might must shall should not to out away together "
    "very too also just only even still yet as well other others such own same more most less least all "
    "someone something somebody anyone anything everyone everything nothing"
)
NO_NOUNS: Final = DETERMINERS | PREPOSITIONS | FUNCTION_WORDS
AUXILIARIES: Final = _words("is are was were be been being has have had")

NOT_OBJECTS: Final = _words(
    # Places in the photo and words for the photo itself.
    "area background back bottom center centre close close-up closeup corner direction distance edge end "
    "foreground front half image inside interior left line location middle outside outdoors part photo "
    "photograph picture place point position rear right scene shot side space spot top view way "
    # Amounts and kinds.
    "amount array assortment bit colors colours need needs "
    "bunch collection couple good goods group kind lot lots number pair piece row series "
    "set sort stack style type types variety color colour shape size shade pattern design motif "
    # Things in general, times, doings.
    "act action activity air attempt body break case class day daytime display evening event fun game "
    "item items job language life look match moment morning motion name night object objects order "
    "person's play practice preparation process progress race ride show stuff sunset summer "
    "swing thing things time times tour trick trip turn use walk winter word words work world year years "
    # Nouns that captions use as something else.
    "being black white red green blue yellow brown gray grey pink purple blank dark light-colored "
    "first second third last speed ready high low open full empty large small big little old young "
    "head-on lone front-facing dry cut cross go get make take try stand sit lie lay face pass"
)
"""Nouns that WordNet knows as something visible, and that in a caption name no object of the photo."""

VISUAL_ADJECTIVES: Final = _words(
    "black white red green blue yellow brown gray grey orange pink purple beige tan gold golden silver wooden "
    "metal metallic plastic glass leather brick stone concrete marble wicker stainless striped checkered "
    "plaid spotted floral furry fluffy grassy snowy sandy rocky muddy rusty shiny transparent"
)
"""Adjectives that narrow a tag by something that can be seen in the region itself."""

_PLURAL_NOUNS: Final = frozenset({"cattle", "people", "police"})
_OF_THE_PHOTO: Final = frozenset({"image", "photo", "photograph", "picture", "shot", "view", "close-up"})
_INTO_THE: Final = tuple([word, "the"] for word in ("at", "for", "into", "to", "toward", "towards"))


@dataclass(frozen=True, slots=True)
class Phrase:
    """A noun phrase. noun: the singular noun or compound ("kitchen counter"); head: what it is ("counter");
    adjectives: before it, visual ones only ("white"); start: number of its first token in the caption."""

    noun: str
    head: str
    adjectives: tuple[str, ...]
    start: int

    @property
    def text(self) -> str:
        return " ".join((*self.adjectives, self.noun))


def noun_phrases(caption: str, wordnet: WordNet) -> list[Phrase]:
    """The depictable noun phrases of a caption, in its order, repeats included."""
    return _Chunker(caption, wordnet).phrases()


@dataclass(frozen=True, slots=True)
class _Noun:
    """A noun at some place: its lemma and how many tokens it takes up."""

    lemma: str
    length: int


class _Chunker:
    def __init__(self, caption: str, wordnet: WordNet) -> None:
        self.wordnet = wordnet
        self.tokens = [match.group().lower().replace("’", "'") for match in _TOKEN.finditer(caption)]

    def phrases(self) -> list[Phrase]:
        found: list[Phrase] = []
        at = 0
        while at < len(self.tokens):
            nouns = self._nouns_from(at)
            if not nouns:
                at += 1
                continue
            end = at + sum(noun.length for noun in nouns)
            if (kept := self._named(nouns, end)) is not None and not self._looked_into(at):
                compound = " ".join(noun.lemma for noun in kept)
                found.append(Phrase(compound, kept[-1].lemma, self._adjectives_before(at), at))
            at = end
        return found

    def _looked_into(self, at: int) -> bool:
        """The camera that took the photo: "looks into the camera"."""
        return self.tokens[at] == "camera" and self.tokens[max(at - 2, 0) : at] in _INTO_THE

    def _nouns_from(self, at: int) -> list[_Noun]:
        """The run of nouns that begins here: "kitchen table", "hot dog stand"."""
        nouns: list[_Noun] = []
        while (noun := self._noun_at(at, follows_noun=bool(nouns))) is not None:
            nouns.append(noun)
            at += noun.length
            if self._is_plural(at - 1, noun):
                break  # "plates food": a plural ends its phrase
        return nouns

    def _noun_at(self, at: int, *, follows_noun: bool) -> _Noun | None:
        for length in range(min(3, len(self.tokens) - at), 1, -1):
            words = self.tokens[at : at + length]
            if words[0] in NO_NOUNS or (words[0] in NOT_OBJECTS and words[1] == "of"):
                break
            if words[0].endswith("ing") and self._is_content(self._before(at)):
                break  # "people riding horses" is no riding horse
            lemma = self._lemma(" ".join(words))
            if lemma is not None and " " in lemma and " of " not in lemma and self.wordnet.is_depictable(lemma):
                return _Noun(lemma, length)
        if at >= len(self.tokens):
            return None
        word = self.tokens[at]
        lemma = self._lemma(word)
        if lemma is None or not word[0].isalpha() or len(lemma) < 2:
            return None
        if word in NO_NOUNS:
            return None
        if self._reads_as_verb(at, lemma, follows_noun=follows_noun) or self._reads_as_adjective(at, lemma):
            return None
        return _Noun(lemma, 1)

    def _lemma(self, words: str) -> str | None:
        *first, last = words.split(" ")
        if words.endswith("'s"):
            words = words.removesuffix("'s")
        if not first:
            return self.wordnet.noun_lemma(words)
        if self.wordnet.is_noun(words):
            return words
        singular = self.wordnet.noun_lemma(last)
        joined = " ".join((*first, singular)) if singular is not None else words
        return joined if self.wordnet.is_noun(joined) else None

    def _is_plural(self, at: int, noun: _Noun) -> bool:
        if noun.lemma in _PLURAL_NOUNS:
            return True
        return self.tokens[at] != noun.lemma.split(" ")[-1] and not self.tokens[at].endswith("'s")

    def _before(self, at: int) -> str:
        return self.tokens[at - 1] if at else "."

    def _after(self, at: int) -> str:
        return self.tokens[at + 1] if at + 1 < len(self.tokens) else "."

    def _is_content(self, word: str) -> bool:
        return word[0].isalnum() and word not in NO_NOUNS

    def _opens_noun_phrase(self, word: str) -> bool:
        """Whether the word promises a noun: "the", "of", "wooden"."""
        return word in DETERMINERS or word in PREPOSITIONS or word.endswith("'s") or self._is_plain_adjective(word)

    def _is_plain_adjective(self, word: str) -> bool:
        if word in VISUAL_ADJECTIVES:
            return True
        return self.wordnet.adjective_count(word) > self.wordnet.noun_count(word) and word not in FUNCTION_WORDS

    def _reads_as_verb(self, at: int, lemma: str, *, follows_noun: bool) -> bool:
        word, before = self.tokens[at], self._before(at)
        verb = self.wordnet.verb_lemma(word)
        if verb is None:
            return False
        nouns, verbs = self.wordnet.noun_count(lemma), self.wordnet.verb_count(verb)
        if word.endswith("ing") and word != verb:
            return not (before in DETERMINERS and not self._is_content(self._after(at))) and nouns <= 2 * verbs
        if word != verb and word not in {lemma, verb + "s", verb + "es"}:
            return not self._opens_noun_phrase(before)  # "left", "parked"
        if before in AUXILIARIES or before == "to":
            return verbs > nouns
        if not self._is_content(before) or self._is_plain_adjective(before):
            return False
        if word == verb and follows_noun:
            # A base form agrees with a plural only, and a plural would have ended the run: "bathroom sink".
            # Unless hardly anyone uses it as a noun: "sheep gather".
            return nouns == 0 and verbs > 20
        if word == verb:
            return verbs > nouns  # "people wait"
        return verbs > nouns or self._after(at) in DETERMINERS  # "man holds", "hall features a"

    def _reads_as_adjective(self, at: int, lemma: str) -> bool:
        word = self.tokens[at]
        # "an orange bicycle" against "an orange": an adjective needs a noun after it.
        followed = at + 1 < len(self.tokens) and self._is_content(self._after(at))
        if word in VISUAL_ADJECTIVES and (followed or self._before(at) in AUXILIARIES) and word == lemma:
            return True
        if not self.wordnet.is_adjective(word) or word != lemma:
            return False
        more_often = self.wordnet.adjective_count(word) > self.wordnet.noun_count(word)
        return more_often and (followed or not self.wordnet.depictable_share(lemma) >= 0.5)

    def _named(self, nouns: list[_Noun], end: int) -> list[_Noun] | None:
        """What is kept of the run: its head and the noun before it; None if it names nothing to be seen."""
        head = nouns[-1].lemma
        if head in NOT_OBJECTS:
            following = self.tokens[end] if end < len(self.tokens) else "."
            if following == "of" or len(nouns) == 1 or head in _OF_THE_PHOTO:
                return None
            return self._named(nouns[:-1], end)  # "kitchen area" -> kitchen
        if not self.wordnet.is_depictable(head):
            return None
        modifiers = [noun for noun in nouns[:-1] if noun.lemma not in NOT_OBJECTS]
        return [*modifiers[-1:], nouns[-1]]

    def _adjectives_before(self, at: int) -> tuple[str, ...]:
        adjectives: list[str] = []
        while at > 0 and self.tokens[at - 1] in VISUAL_ADJECTIVES:
            at -= 1
            adjectives.insert(0, self.tokens[at])
        return tuple(adjectives[-2:])
