"""What can truly be said about scenes, in a small closed language."""

from __future__ import annotations

from collections import Counter
from typing import Final

from .concepts import BY_NAME, Concept
from .scenes import Scene

NUMBERS: Final = (
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)


def plural(concept: Concept) -> str:
    """More than one of it: "cats", "boxes", "cherries"; what has no plural stays as it is."""
    if concept.form:
        return concept.name
    if concept.plural:
        return concept.plural
    name = concept.name
    if name.endswith(("s", "x", "z", "ch", "sh")):
        return name + "es"
    if name.endswith("y") and name[-2] not in "aeiou":
        return name[:-1] + "ies"
    return name + "s"


def with_article(phrase: str) -> str:
    """ "a cat", "an owl", "a unicorn", "an hourglass"."""
    vowel = phrase[0] in "aeiou" and not phrase.startswith(("uni", "one", "eu", "us"))
    return ("an " if vowel or phrase.startswith("hour") else "a ") + phrase


def scene_caption(scene: Scene) -> str:
    """One sentence that names everything: "A picture of two cats, a red car and bread."."""
    counts = Counter(thing.concept for thing in scene.objects)
    phrases = [_counted(BY_NAME[name], count) for name, count in counts.items()]
    return f"A picture of {listed(phrases)}."


def listed(phrases: list[str]) -> str:
    """ "a, b and c"."""
    return phrases[0] if len(phrases) == 1 else f"{', '.join(phrases[:-1])} and {phrases[-1]}"


def _counted(concept: Concept, count: int) -> str:
    if concept.form:
        return concept.name
    return with_article(concept.name) if count == 1 else f"{NUMBERS[count]} {plural(concept)}"
