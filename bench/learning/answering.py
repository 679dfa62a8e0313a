"""Questions about regions: asked of an ASM, judged and corrected by people (papers V1, appendix B.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from PIL import Image

from bench.world.conversations import Conversation
from bench.world.crowd import Crowd
from bench.world.language import KINDS
from bench.world.oracle import AnswerVerdict, Oracle
from bench.world.starter_asm import INPUT
from bench.world.wishes import WIDTH
from ml.asm.model import ASM
from ml.asm.predictor import ASMPredictor
from verification.quality import wilson_interval

from .corpus import VOCABULARY, Corpus, Ints

KIND_NAMES: Final = ("name", "kind", "color", "size", "place", "orientation", "hidden", "count")
"""What the questioner asks, each as often."""

UNANSWERABLE: Final = "This question is unanswerable according to the image."
WRONG_TAG: Final = "The object in this region is incorrectly labeled."


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about a region that is tagged `tag`, and the model's answer."""

    region: int
    tag: str
    question: str
    answer: str = ""


def ask(regions: Ints, first: Ints, each: int, seed: int) -> list[Asked]:
    """`each` questions of different kinds about every region, by its first tag (R,)."""
    asked = []
    for region in regions.tolist():
        tag = VOCABULARY[first[region]]
        kinds = np.random.default_rng([seed, region, 53]).permutation(len(KIND_NAMES))[:each]
        asked += [Asked(region, tag, KINDS[KIND_NAMES[kind]].ask(tag)) for kind in kinds.tolist()]
    return asked


def answered(model: ASM, corpus: Corpus, asked: Sequence[Asked], device: str) -> list[Asked]:
    """The same questions with the model's answers; every picture is encoded once."""
    predictor = ASMPredictor(model, device)
    answers: list[Asked] = []
    order = sorted(asked, key=lambda item: (corpus.image[item.region], item.region))
    for start in range(0, len(order), 256):
        part = order[start : start + 256]
        places = sorted({int(corpus.image[item.region]) for item in part})
        encoded = dict(
            zip(places, predictor.encode([Image.fromarray(corpus.images[at]) for at in places]), strict=True)
        )
        said = predictor.answer(
            [encoded[int(corpus.image[item.region])] for item in part],
            [corpus.box(item.region) for item in part],
            [item.question for item in part],
            max_tokens=24,
        )
        answers += [Asked(item.region, item.tag, item.question, text) for item, text in zip(part, said, strict=True)]
    return answers


def taught(crowd: Crowd, corpus: Corpus, answers: Sequence[Asked], seed: int) -> tuple[list[Conversation], int]:
    """What people make of the answers: kept, corrected by another person, or replaced by the paper's rejections; and
    how many were corrected."""
    random = np.random.default_rng([seed, 59])
    lessons: list[Conversation] = []
    corrected = 0
    for item in answers:
        image, box = corpus.name(item.region), corpus.box(item.region)
        judge, writer = random.choice(crowd.people, 2, replace=False).tolist()
        verdict = crowd.judge_answer(judge, image, box, item.question, item.answer, item.tag)
        text = item.answer
        if verdict is AnswerVerdict.WRONG_ANSWER:
            text = _written(crowd, writer, corpus, item)
            corrected += 1
        elif verdict is not AnswerVerdict.CORRECT:
            text = UNANSWERABLE if verdict is AnswerVerdict.UNANSWERABLE else WRONG_TAG
        turns = ((item.question, text),)
        lessons.append(Conversation(int(corpus.image[item.region]), input_box(corpus, item.region), turns))
    return lessons, corrected


def _written(crowd: Crowd, writer: str, corpus: Corpus, item: Asked) -> str:
    """What the second person writes; who sees that there is no answer says so."""
    try:
        return crowd.write_answer(writer, corpus.name(item.region), corpus.box(item.region), item.question, item.tag)
    except ValueError:
        return UNANSWERABLE


def quality(oracle: Oracle, corpus: Corpus, answers: Sequence[Asked]) -> dict[str, Any]:
    """Share of the pairs that are correct; `right_tag`: among those that are about a right tag."""
    verdicts = [
        oracle.judge_answer(corpus.name(item.region), corpus.box(item.region), item.question, item.answer, item.tag)
        for item in answers
    ]
    correct = sum(verdict is AnswerVerdict.CORRECT for verdict in verdicts)
    tagged = sum(verdict is not AnswerVerdict.WRONG_TAG for verdict in verdicts)
    low, high = wilson_interval(correct, len(verdicts))
    return {
        "n": len(verdicts), "percent": round(100 * correct / max(1, len(verdicts)), 2),
        "interval": [round(100 * low, 1), round(100 * high, 1)],
        "right_tag": {"n": tagged, "percent": round(100 * correct / max(1, tagged), 2)},
    }  # fmt: skip


def input_box(corpus: Corpus, region: int) -> tuple[float, float, float, float]:
    """In pixels of the network's input."""
    x1, y1, x2, y2 = (corpus.boxes[region] * (INPUT[1] / WIDTH)).tolist()
    return x1, y1, x2, y2
