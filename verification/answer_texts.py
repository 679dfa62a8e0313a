"""What a person wrote, made whole and checked. Pure: text in, text out.

static/js/work/answers.js says the same while somebody types; this is what counts.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from typing import Final

LONGEST_ANSWER: Final = 200
SHORTEST_ANSWER: Final = 2
LONGEST_TAG: Final = 80
MOST_LINES: Final = 4

# Scripts that are written together count as one.
_SAME: Final = {"HIRAGANA": "CJK", "KATAKANA": "CJK", "HALFWIDTH": "CJK", "FULLWIDTH": "LATIN"}
# Direction marks and invisible characters change what others see without being seen themselves.
_UNSEEN: Final = frozenset("\u00ad\u061c\u180e\u200b\u2060\ufeff\ufff9\ufffa\ufffb")


def whole_text(text: str) -> str:
    """The same text in one form: NFC, lines ended by \\n, no spaces around lines or twice in a row, no empty lines."""
    lines = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).split("\n")
    return "\n".join(line for line in (" ".join(part for part in line.split(" ") if part) for line in lines) if line)


def unseen_characters(text: str) -> list[str]:
    """Control, direction, private and unassigned characters in `text`, as U+XXXX; the end of a line is none of them.

    The zero-width joiners stay: Persian, Hindi and emoji are written with them.
    """
    found = dict.fromkeys(
        letter
        for letter in text
        if letter != "\n"
        and (
            unicodedata.category(letter) in {"Cc", "Co", "Cn", "Cs", "Zl", "Zp"}
            or "\u202a" <= letter <= "\u202e"
            or "\u2066" <= letter <= "\u2069"
            or "\u200e" <= letter <= "\u200f"
            or letter in _UNSEEN
        )
    )
    return [f"U+{ord(letter):04X}" for letter in found]


def scripts_of(text: str) -> Counter[str]:
    """How many letters of each script: {"LATIN": 12, "CYRILLIC": 3}."""
    counts: Counter[str] = Counter()
    for letter in text:
        if letter.isalpha():
            name = unicodedata.name(letter, "UNKNOWN").split(" ", 1)[0]
            counts[_SAME.get(name, name)] += 1
    return counts


def is_other_script(text: str, like: str) -> bool:
    """Whether most letters of `text` are of a script that `like` (the question) does not use. Without letters: no."""
    written, known = scripts_of(text), scripts_of(like)
    letters = sum(written.values())
    if not letters or not known:
        return False
    return 2 * sum(count for script, count in written.items() if script in known) < letters


def has_words(text: str) -> bool:
    """Whether there is a letter or a digit in it."""
    return any(letter.isalnum() for letter in text)
