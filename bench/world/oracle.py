"""The oracle: what a person who never errs says about a region. Nothing else opens the folder of the truth."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import numpy as np

from .concepts import BY_NAME
from .language import KINDS, Answered, answered, understood
from .nouns import normalized
from .overlaps import ious
from .relations import Box
from .scenes import Scene, SceneObject
from .seeds import WorldError

MATCH: Final = 0.5
"""Least IoU at which a box is taken to mean a thing."""


class AnswerVerdict(StrEnum):
    """The four choices of the paper's QA task (appendix B.3)."""

    CORRECT = "correct"
    WRONG_ANSWER = "wrong answer"
    UNANSWERABLE = "unanswerable question"
    WRONG_TAG = "wrong semantic tag"


@dataclass(frozen=True, slots=True)
class Region:
    """A thing that a box means, in its scene."""

    scene: Scene
    thing: SceneObject


class Oracle:
    """Answers about the scenes of a world; pictures are named by their file name, boxes are (x1, y1, x2, y2) px."""

    def __init__(self, scenes: Iterable[Scene]) -> None:
        self._scenes = {scene.file_name: scene for scene in scenes}
        self._boxes = {
            name: np.array([thing.box for thing in scene.objects], np.float64) for name, scene in self._scenes.items()
        }

    @classmethod
    def of_folder(cls, truth: Path) -> Oracle:
        """Reads scenes.jsonl of the folder that `python -m bench.world` wrote. Raises WorldError if there is none."""
        try:
            lines = (truth / "scenes.jsonl").read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise WorldError(f"There is no truth in {truth}: {error.strerror}.") from error
        return cls(Scene.from_dict(json.loads(line)) for line in lines)

    @property
    def images(self) -> Sequence[str]:
        """File names of all pictures, in order."""
        return tuple(self._scenes)

    def scene(self, image: str) -> Scene:
        """The truth of a picture. Raises WorldError for one that is not of this world."""
        if image not in self._scenes:
            raise WorldError(f"The world has no picture “{image}”.")
        return self._scenes[image]

    def region(self, image: str, box: Box) -> Region | None:
        """The thing that the box means: the one of largest IoU, which must be at least MATCH; the first of equals."""
        scene = self.scene(image)
        overlaps = ious(box, self._boxes[image])
        best = int(np.argmax(overlaps))
        return Region(scene, scene.objects[best]) if overlaps[best] >= MATCH else None

    def judge_tags(self, image: str, box: Box, tags: Sequence[str]) -> list[bool]:
        """For each tag whether it is right: the concept's name, one of its other names, its group or the wider group.

        A box that means no thing has no right tag.
        """
        region = self.region(image, box)
        if region is None:
            return [False] * len(tags)
        names = {normalized(name) for name in BY_NAME[region.thing.concept].true_names}
        return [normalized(tag) in names for tag in tags]

    def judge_answer(self, image: str, box: Box, question: str, answer: str, tag: str) -> AnswerVerdict:
        """The choice of the paper for a question about the tag, and its answer.

        Wrong semantic tag: the tag, or the noun that the question names, is not right for the region.
        Unanswerable: the question is not of this language, or nothing that is true of the thing answers it.
        Otherwise the answer is compared, normalised, with all true phrasings.
        """
        known = understood(question)
        named = [tag, known[1]] if known is not None and known[1] else [tag]
        if not all(self.judge_tags(image, box, named)):
            return AnswerVerdict.WRONG_TAG
        truth = self._truth(image, box, question, tag)
        if truth is None:
            return AnswerVerdict.UNANSWERABLE
        return AnswerVerdict.CORRECT if normalized(answer) in truth.accepted else AnswerVerdict.WRONG_ANSWER

    def right_answer(self, image: str, box: Box, question: str, tag: str) -> str:
        """The answer in a sentence, as a person writes it in stage 2.

        Raises WorldError where the choice is not between right and wrong answers.
        """
        truth = self._truth(image, box, question, tag)
        if truth is None:
            raise WorldError(f"“{question}” has no answer for the box {box} of {image}.")
        return truth.sentence

    def _truth(self, image: str, box: Box, question: str, tag: str) -> Answered | None:
        region = self.region(image, box)
        known = understood(question)
        if region is None or known is None:
            return None
        kind, noun = known
        noun = noun or (tag if tag in BY_NAME else region.thing.concept)
        return answered(KINDS[kind.name], region.scene, region.thing, noun)
