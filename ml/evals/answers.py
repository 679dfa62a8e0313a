"""The answer normalisation of VQA (S. Antol et al., 2015; https://visualqa.org/evaluation.html), quirks included."""

from __future__ import annotations

import re

NUMBER_WORDS = {
    word: str(value)
    for value, word in enumerate(
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    )
} | {"none": "0"}
ARTICLES = frozenset(["a", "an", "the"])
PUNCTUATION = ';/[]"{}()=+\\_-><@`,?!'
_DIGIT_COMMA = re.compile(r"\d,\d")
_PERIOD = re.compile(r"\.(?!\d)")

# Written without their apostrophe, or with one of several left out, these get it back.
_CONTRACTIONS = (
    "ain't aren't can't could've couldn't didn't doesn't don't hadn't hasn't haven't he'd he's how'd how'll how's "
    "isn't it'd it'll ma'am mightn't might've mustn't must've needn't not've o'clock oughtn't shan't should've "
    "shouldn't somebody'll somebody's someone'd someone'll someone's something'd something'll that's there'd "
    "there're there's they'd they'll they're they've 'twas wasn't we've weren't what'll what're what's what've "
    "when's where'd where's where've who'd who'll who's who've why'll why're why's won't would've wouldn't y'all "
    "you'd you'll you're you've couldn't've hadn't've he'd've it'd've mightn't've she'd've shouldn't've "
    "somebody'd've someone'd've something'd've there'd've they'd've we'd've who'd've wouldn't've y'all'll you'd've "
    "'ow's'at y'all'd've"
)


def _spellings() -> dict[str, str]:
    """Each spelling that lacks one apostrophe, with the full one."""
    found = {"somebody'd": "somebodyd"}  # as published
    for word in _CONTRACTIONS.split():
        for place, character in enumerate(word):
            if character == "'":
                found[word[:place] + word[place + 1 :]] = word
    return found


CONTRACTIONS = _spellings()


def without_punctuation(text: str) -> str:
    """Punctuation as spaces, or as nothing where it stands beside a space or a number has a comma; no final periods."""
    answer = text
    numeric = _DIGIT_COMMA.search(text) is not None
    for mark in PUNCTUATION:
        beside_space = f"{mark} " in text or f" {mark}" in text
        answer = answer.replace(mark, "" if beside_space or numeric else " ")
    return _PERIOD.sub("", answer)


def plain_words(text: str) -> str:
    """Lower case, number words as digits, no articles, apostrophes back in contractions, single spaces."""
    words = (NUMBER_WORDS.get(word, word) for word in text.lower().split())
    return " ".join(CONTRACTIONS.get(word, word) for word in words if word not in ARTICLES)


def normalised(text: str) -> str:
    """An answer as VQA compares it: "The dog's, two!" is "dog's 2"."""
    return plain_words(without_punctuation(text.replace("\n", " ").replace("\t", " ").strip()))
