"""Questions about a thing of a scene, and the answers that are true: a small closed language.

A question names the thing by a tag, which need not be its own name: "What color is the animal?". Of each kind of
question there is one wording, and a function that says which answers are true of a thing; none means that the
question cannot be answered about it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from .concepts import BY_NAME
from .nouns import NUMBERS, all_nouns, does, form, is_, normalized, phrase, plural, sentence
from .relations import PREDICATES
from .scenes import Scene, SceneObject

SEVERAL_COLORS: Final = "multicolored"
WHAT: Final = "What is this?"
PLACES: Final = (
    ("in the upper left", "in the upper part", "in the upper right"),
    ("on the left side", "in the center", "on the right side"),
    ("in the lower left", "in the lower part", "in the lower right"),
)
"""By the row and column of the ninth of the picture in which a box's centre lies."""

Values: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of question.

    question: its wording, with {tag}, {tags}, {is_} and {does}. values: the short answers that are true of a thing
    that the tag names, the best one first; none if there is no answer. sentence: a short answer about a tag in full.
    """

    name: str
    question: str
    values: Callable[[Scene, SceneObject, str], Values]
    sentence: Callable[[str, str], str]

    def ask(self, tag: str) -> str:
        """The question about the tag."""
        text = self.question.format(tag=tag, tags=plural(tag), is_=is_(tag), does=does(tag))
        return text[0].upper() + text[1:]


@dataclass(frozen=True, slots=True)
class Answered:
    """A question with its true answers. short: the best one; sentence: it in full; accepted: all, normalised."""

    kind: str
    question: str
    short: str
    sentence: str
    accepted: frozenset[str]


def answered(kind: Kind, scene: Scene, thing: SceneObject, tag: str) -> Answered | None:
    """The question with what is true of the thing; None if it cannot be answered about it."""
    values = kind.values(scene, thing, tag)
    if not values:
        return None
    sentences = [kind.sentence(tag, value) for value in values]
    subject = f"the {tag} "
    about_it = [text.lower().replace(subject, "it ", 1) for text in sentences]
    accepted = frozenset(normalized(text) for text in (*values, *sentences, *about_it))
    return Answered(kind.name, kind.ask(tag), values[0], sentences[0], accepted)


def questions(scene: Scene, thing: SceneObject, tag: str = "") -> list[Answered]:
    """Every question about the thing that has an answer; it is named by the tag, or by its concept's name."""
    asked = (answered(kind, scene, thing, tag or thing.concept) for kind in KINDS.values())
    return [one for one in asked if one is not None]


def understood(question: str) -> tuple[Kind, str] | None:
    """The kind of a question and the tag that it names (empty for `WHAT`); None if it is not of this language."""
    return _phrasebook().get(_key(question))


@lru_cache(maxsize=1)
def _phrasebook() -> dict[str, tuple[Kind, str]]:
    """Every question of the language, as `_key` makes it."""
    book = {_key(kind.ask(noun)): (kind, noun) for noun in all_nouns() for kind in _ALL if kind.question != WHAT}
    return book | {_key(WHAT): (KINDS["name"], "")}


def _key(question: str) -> str:
    """Normalised; a verb in the wrong number is understood all the same."""
    return " ".join({"are": "is", "do": "does"}.get(word, word) for word in normalized(question).split())


def _name(_: Scene, thing: SceneObject, __: str) -> Values:
    concept = BY_NAME[thing.concept]
    others = (*concept.also, *concept.hypernyms)
    return (phrase(concept.name), *(phrase(name) for name in others))


def _kind(_: Scene, thing: SceneObject, __: str) -> Values:
    return tuple(phrase(name) for name in BY_NAME[thing.concept].hypernyms)


def _color(_: Scene, thing: SceneObject, __: str) -> Values:
    if thing.text:
        return ()
    return (thing.colour, f"mostly {thing.colour}") if thing.colour else (SEVERAL_COLORS, "many colors")


def _size(_: Scene, thing: SceneObject, __: str) -> Values:
    return ("very large" if thing.size_class == "xlarge" else thing.size_class,)


def _place(scene: Scene, thing: SceneObject, _: str) -> Values:
    x1, y1, x2, y2 = thing.box
    row, column = int((y1 + y2) / 2 / scene.height * 3), int((x1 + x2) / 2 / scene.width * 3)
    place = PLACES[row][column]
    return (place, f"{place} of the photo")


def _orientation(_: Scene, thing: SceneObject, __: str) -> Values:
    return () if "turning" in BY_NAME[thing.concept].unseen else (thing.orientation,)


def _hidden(_: Scene, thing: SceneObject, __: str) -> Values:
    return ("yes",) if thing.hidden else ("no",)


def _count(scene: Scene, _: SceneObject, tag: str) -> Values:
    if form(tag):
        return ()
    count = sum(tag in BY_NAME[thing.concept].true_names for thing in scene.objects)
    return (NUMBERS[count], str(count))


def _word(_: Scene, thing: SceneObject, __: str) -> Values:
    return (thing.text,) if thing.text else ()


def _neighbours(predicate: str) -> Callable[[Scene, SceneObject, str], Values]:
    def values(scene: Scene, thing: SceneObject, _: str) -> Values:
        number = scene.objects.index(thing)
        names = (
            scene.objects[one.subject].concept
            for one in scene.relations
            if one.object == number and one.predicate == predicate
        )
        # Another one of its own kind is the least telling answer.
        return tuple(phrase(name) for name in sorted(dict.fromkeys(names), key=thing.concept.__eq__))

    return values


def _is_value(tag: str, value: str) -> str:
    return sentence(f"the {tag} {is_(tag)} {value}")


def _this_is(_: str, value: str) -> str:
    named = value.removeprefix("a ").removeprefix("an ")
    return f"These are {value}." if form(named) == "plural" else f"This is {value}."


def _hidden_sentence(tag: str, value: str) -> str:
    return f"{value.capitalize()}, the {tag} {is_(tag)} {'partly hidden' if value == 'yes' else 'fully visible'}."


def _count_sentence(tag: str, value: str) -> str:
    one = value in {"one", "1"}
    return f"There {'is' if one else 'are'} {value} {tag if one else plural(tag)}."


def _word_sentence(tag: str, value: str) -> str:
    return f"The {tag} says {value}."


def _is_near(predicate: str) -> Callable[[str, str], str]:
    def near(tag: str, value: str) -> str:
        named = value.removeprefix("a ").removeprefix("an ")
        return sentence(f"{value} {is_(named)} {_spoken(predicate)} the {tag}")

    return near


def _spoken(predicate: str) -> str:
    return f"to the {predicate}" if predicate in {"left of", "right of"} else predicate


_ALL: Final = (
    Kind("name", WHAT, _name, _this_is),
    Kind("kind", "What kind of thing {is_} the {tag}?", _kind, _is_value),
    Kind("color", "What color {is_} the {tag}?", _color, _is_value),
    Kind("size", "How large {is_} the {tag}?", _size, _is_value),
    Kind("place", "Where in the photo {is_} the {tag}?", _place, _is_value),
    Kind("orientation", "How {is_} the {tag} turned?", _orientation, _is_value),
    Kind("hidden", "{is_} the {tag} partly hidden?", _hidden, _hidden_sentence),
    Kind("count", "How many {tags} are there?", _count, _count_sentence),
    Kind("word", "What {does} the {tag} say?", _word, _word_sentence),
    *(
        Kind(predicate, f"What is {_spoken(predicate)} the {{tag}}?", _neighbours(predicate), _is_near(predicate))
        for predicate in PREDICATES
    ),
)
KINDS: Final = {kind.name: kind for kind in _ALL}
"""Every kind of question by its name; relations are asked by their predicate."""
