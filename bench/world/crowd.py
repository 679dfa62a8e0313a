"""A crowd of simulated annotators: the oracle's answers, with errors that depend on kind, size, person and item.

Whether a person errs on an item follows from the crowd's seed, the person and the item alone: asked again, in any
order, they answer the same. Experts are a crowd with lower rates.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from annotation.pipeline.cleaning import SizeClass, size_classes

from .language import answered, understood
from .oracle import AnswerVerdict, Oracle
from .relations import Box
from .seeds import WorldError

CARELESS_FACTOR: Final = 3.0
"""How much oftener a careless person errs than the crowd on average."""

CONFUSIONS: Final = {
    AnswerVerdict.CORRECT: (AnswerVerdict.WRONG_ANSWER, AnswerVerdict.UNANSWERABLE),
    AnswerVerdict.WRONG_ANSWER: (AnswerVerdict.CORRECT, AnswerVerdict.UNANSWERABLE),
    AnswerVerdict.UNANSWERABLE: (AnswerVerdict.WRONG_ANSWER, AnswerVerdict.CORRECT),
    AnswerVerdict.WRONG_TAG: (AnswerVerdict.WRONG_ANSWER, AnswerVerdict.CORRECT),
}
"""What each choice is mistaken for, equally often."""

DO_NOT_KNOW: Final = "I do not know."


@dataclass(frozen=True, slots=True)
class ErrorRates:
    """Chances of an error on an item, on average over the people and over the things of the world.

    tags: one mark of a tag item is wrong; missed: share of those in which a wrong tag is let pass (where there is
    one), in the others a right tag is rejected. question: another of the four choices is taken. correction: what is
    written is wrong. by_size: size class -> how much oftener than on others people err on it.
    """

    tags: float = 0.10
    missed: float = 0.6
    question: float = 0.10
    correction: float = 0.05
    by_size: Mapping[str, float] = field(default_factory=lambda: {"tiny": 2.0, "small": 1.5})


ANNOTATORS: Final = ErrorRates()
EXPERTS: Final = ErrorRates(tags=0.02, question=0.02, correction=0.01)


class Crowd:
    """People who answer what the oracle is asked. A share of them (`careless`) errs CARELESS_FACTOR times as often."""

    def __init__(
        self,
        oracle: Oracle,
        people: Sequence[str],
        *,
        rates: ErrorRates = ANNOTATORS,
        careless: float = 0.2,
        seed: int = 0,
    ) -> None:
        """Raises WorldError if nobody is named, or so many are careless that the others could not make up for it."""
        count = round(careless * len(people))
        if not people or count * CARELESS_FACTOR > len(people) or len(set(people)) < len(people):
            raise WorldError(f"{count} careless of {len(people)} people: name some, each once, fewer of them careless.")
        self._oracle, self._rates, self._seed = oracle, rates, seed
        ranked = sorted(people, key=lambda person: self._chance("careless", person))
        rest = (len(people) - count * CARELESS_FACTOR) / max(len(people) - count, 1)
        self._person = {
            person: CARELESS_FACTOR if place < count else rest for place, person in enumerate(ranked)
        }  # fmt: skip
        self._size = _balanced(rates.by_size, oracle)

    @property
    def people(self) -> tuple[str, ...]:
        return tuple(self._person)

    def judge_tags(self, person: str, image: str, box: Box, tags: Sequence[str]) -> list[bool]:
        """For each tag whether the person lets it stand. On an error exactly one mark differs from the truth."""
        marks = self._oracle.judge_tags(image, box, tags)
        item = ("tags", person, image, box, *tags)
        if marks and self._errs(self._rates.tags, box, item):
            passed = self._chance("missed", *item) < self._rates.missed
            candidates = [place for place, right in enumerate(marks) if right is not passed] or range(len(marks))
            flipped = candidates[int(self._chance("which", *item) * len(candidates))]
            marks[flipped] = not marks[flipped]
        return marks

    def judge_answer(self, person: str, image: str, box: Box, question: str, answer: str, tag: str) -> AnswerVerdict:
        """The person's choice among the four of QA stage 1."""
        verdict = self._oracle.judge_answer(image, box, question, answer, tag)
        item = ("question", person, image, box, question, answer, tag)
        if self._errs(self._rates.question, box, item):
            mistaken = CONFUSIONS[verdict]
            return mistaken[int(self._chance("which", *item) * len(mistaken))]
        return verdict

    def write_answer(self, person: str, image: str, box: Box, question: str, tag: str) -> str:
        """The answer that the person writes in QA stage 2; an error is what is true of another thing in the scene.

        Raises WorldError where there is no right answer.
        """
        right = self._oracle.right_answer(image, box, question, tag)
        item = ("correction", person, image, box, question, tag)
        if not self._errs(self._rates.correction, box, item):
            return right
        scene, known = self._oracle.scene(image), understood(question)
        assert known is not None  # it has a right answer
        kind, noun = known
        others = (answered(kind, scene, thing, noun or thing.concept) for thing in scene.objects)
        wrong = sorted({other.sentence for other in others if other is not None} - {right})
        return wrong[int(self._chance("which", *item) * len(wrong))] if wrong else DO_NOT_KNOW

    def _errs(self, rate: float, box: Box, item: tuple[object, ...]) -> bool:
        person = str(item[1])
        if person not in self._person:
            raise WorldError(f"“{person}” is not of this crowd.")
        return self._chance("errs", *item) < rate * self._person[person] * self._size[_size_of(box)]

    def _chance(self, *item: object) -> float:
        """A number in [0, 1) that follows from the seed and the item."""
        digest = hashlib.sha256(repr((self._seed, item)).encode()).digest()
        return int.from_bytes(digest[:7], "big") / 2**56


def _size_of(box: Box) -> str:
    return SizeClass(int(size_classes(np.array([box], np.float64))[0])).name.lower()


def _balanced(factors: Mapping[str, float], oracle: Oracle) -> dict[str, float]:
    """Size class -> factor, with mean 1 over the things of the world."""
    sizes = [thing.size_class for image in oracle.images for thing in oracle.scene(image).objects]
    mean = sum(factors.get(size, 1.0) for size in sizes) / len(sizes) if sizes else 1.0
    return {size.name.lower(): factors.get(size.name.lower(), 1.0) / mean for size in SizeClass}
