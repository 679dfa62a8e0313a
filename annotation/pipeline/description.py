"""Stage `describe` (papers V1, appendix B.2.2): three questions about a region's tag, answers, one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from .batches import Batch, Failure, answers_of
from .checks import check_count, check_text, check_texts
from .ports import Backends, Floats, ImageInput, RegionPrompt

Value = TypeVar("Value")

QUESTIONS: Final = 3


@dataclass(frozen=True, slots=True)
class Description:
    """What is said about one region; questions and answers are parallel, QUESTIONS long."""

    tag: str
    questions: tuple[str, ...]
    answers: tuple[str, ...]
    caption: str


def describe_images(
    images: Sequence[ImageInput], boxes: Sequence[Floats], tags: Sequence[Sequence[str]], backends: Backends
) -> list[list[Description] | Failure]:
    """One description per region. boxes: `(n, 4)` per photo; tags: the first tag of each region."""
    batch = Batch("describe", images)
    questions = _ask(batch, tags, backends)
    prompts = {
        at: [
            RegionPrompt(images[at], (box[0], box[1], box[2], box[3]), tag, questions[tag])
            for box, tag in zip(boxes[at].tolist(), tags[at], strict=True)
        ]
        for at in batch.alive
    }
    answers = _answer(batch, prompts, backends)
    captions = _write(batch, prompts, answers, backends)
    return batch.results(
        {
            at: [
                Description(prompt.tag, prompt.questions, said, caption)
                for prompt, said, caption in zip(prompts[at], answers[at], captions[at], strict=True)
            ]
            for at in batch.alive
        }
    )


def _ask(batch: Batch, tags: Sequence[Sequence[str]], backends: Backends) -> dict[str, tuple[str, ...]]:
    """Tag -> its questions; every tag of the batch is asked about once. Photos with a failed tag fail."""
    questioner = backends.questioner
    texts = list(dict.fromkeys(tag for photo_tags in tags for tag in photo_tags))
    outcomes = answers_of(texts, questioner.backend.ask, lambda _, answer: check_texts(answer, QUESTIONS, "questions"))
    for at in batch.alive:
        wrong = next((error for tag in tags[at] if isinstance(error := outcomes[tag], Exception)), None)
        if wrong is not None:
            batch.fail(at, "questioner", questioner, wrong)
    return {tag: outcome for tag, outcome in outcomes.items() if not isinstance(outcome, Exception)}


def _answer(
    batch: Batch, prompts: dict[int, list[RegionPrompt]], backends: Backends
) -> dict[int, list[tuple[str, ...]]]:
    responder = backends.responder

    def call(at: list[int]) -> list[list[Sequence[str]]]:
        flat = [prompt for position in at for prompt in prompts[position]]
        return _folded(responder.backend.answer(flat), [len(prompts[position]) for position in at])

    def check(_: int, answer: list[Sequence[str]]) -> list[tuple[str, ...]]:
        return [check_texts(texts, QUESTIONS, "answers") for texts in answer]

    return batch.ask("responder", responder, call, check)


def _write(
    batch: Batch,
    prompts: dict[int, list[RegionPrompt]],
    answers: dict[int, list[tuple[str, ...]]],
    backends: Backends,
) -> dict[int, list[str]]:
    writer = backends.writer

    def call(at: list[int]) -> list[list[str]]:
        flat = [prompt for position in at for prompt in prompts[position]]
        flat_answers = [said for position in at for said in answers[position]]
        return _folded(writer.backend.write(flat, flat_answers), [len(prompts[position]) for position in at])

    def check(_: int, answer: list[str]) -> list[str]:
        return [check_text(text, "the caption") for text in answer]

    return batch.ask("writer", writer, call, check)


def _folded(flat: Sequence[Value], counts: Sequence[int]) -> list[list[Value]]:
    """The flat answers of a batch, per photo."""
    check_count(flat, sum(counts), "answers")
    answers = iter(flat)
    return [[next(answers) for _ in range(count)] for count in counts]
