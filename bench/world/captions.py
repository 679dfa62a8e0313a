"""Sentences that describe: a region, a whole scene, relations as triples; and all texts, for a tokenizer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from annotation.pipeline.cleaning import SizeClass

from .colours import COLOURS, TINTS
from .concepts import GLYPHS, SIGN
from .language import KINDS, PLACES, SEVERAL_COLORS, WHAT
from .nouns import NUMBERS, all_nouns, counted, listed, phrase, sentence
from .relations import Box
from .scenes import Scene, SceneObject
from .wishes import ORIENTATIONS, SIGN_WORDS

CAPTION_QUESTION: Final = "Describe this."
"""The question to which a region's caption is the answer."""


@dataclass(frozen=True, slots=True)
class Triple:
    """A relation in words, with the boxes of its two things: ("a cat", "next to", "a dog")."""

    subject: str
    predicate: str
    object: str
    subject_box: Box
    object_box: Box


def region_caption(scene: Scene, thing: SceneObject) -> str:
    """One sentence: "A small red cat, upside down, partly hidden, next to a dog."."""
    size = "very large" if thing.size_class == "xlarge" else thing.size_class
    parts = [phrase(thing.concept, *filter(None, (size, thing.tint)))]
    if thing.text:
        parts.append(f"that says {thing.text}")
    if thing.orientation != "upright":
        parts.append(thing.orientation)
    if thing.hidden:
        parts.append("partly hidden")
    near = KINDS["next to"].values(scene, thing, thing.concept)
    if near:
        parts.append(f"next to {near[0]}")
    return sentence(", ".join(parts))


def scene_caption(scene: Scene) -> str:
    """One sentence that names everything: "A picture of two cats, a car and bread."."""
    counts = Counter(thing.concept for thing in scene.objects)
    return f"A picture of {listed([counted(name, count) for name, count in counts.items()])}."


def triples(scene: Scene) -> list[Triple]:
    """Every relation of the scene, by the order of its objects."""
    things = scene.objects
    return [
        Triple(
            phrase(things[one.subject].concept), one.predicate, phrase(things[one.object].concept),
            things[one.subject].box, things[one.object].box,
        )
        for one in scene.relations
    ]  # fmt: skip


def all_texts() -> Iterator[str]:
    """Texts that hold every word of the language in its places, to build a tokenizer from."""
    values = {
        "color": (*COLOURS, SEVERAL_COLORS),
        "size": (*(size.name.lower() for size in SizeClass if size is not SizeClass.XLARGE), "very large"),
        "place": tuple(place for row in PLACES for place in row),
        "orientation": ORIENTATIONS,
        "hidden": ("yes", "no"),
    }
    yield from (WHAT, CAPTION_QUESTION, *(word for words in values.values() for word in words))
    for noun in all_nouns():
        yield from (kind.ask(noun) for kind in KINDS.values())
        yield from (KINDS["name"].sentence("", phrase(noun)), KINDS["next to"].sentence(noun, phrase(noun)))
        yield from (KINDS["count"].sentence(noun, number) for number in NUMBERS[1:])
        yield f"A picture of {counted(noun, 1)}, {counted(noun, 2)} and {counted(noun, 3)}."
    for concept in GLYPHS:
        for kind, words in values.items():
            yield from (KINDS[kind].sentence(concept.name, word) for word in words)
        for tint in TINTS:
            yield from (
                sentence(f"{phrase(concept.name, size, tint)}, {orientation}, partly hidden, next to a cat")
                for size in values["size"]
                for orientation in ORIENTATIONS[1:]
            )
    yield from (f"A {SIGN.name}, that says {word}. The {SIGN.name} says {word}." for word in SIGN_WORDS)
