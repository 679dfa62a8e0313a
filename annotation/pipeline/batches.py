"""A batch of photos on its way through one stage: a photo that fails, fails alone, with its reason."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from .checks import check_count
from .ports import ImageInput, Named

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")
Checked = TypeVar("Checked")
Value = TypeVar("Value")

MAX_REASON: Final = 500


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a photo has no result in a stage.

    retry: whether the same photo may succeed later (an endpoint that did not answer), as opposed to an answer
    or a file that is wrong and stays wrong.
    """

    image_id: int
    stage: str
    role: str
    backend: str
    reason: str
    retry: bool = False

    def __str__(self) -> str:
        return f"photo {self.image_id}: {self.role} {self.backend}: {self.reason}"


class Batch:
    """Photos in one stage. `alive` are the positions of those without a failure so far."""

    def __init__(self, stage: str, images: Sequence[ImageInput]) -> None:
        self.stage = stage
        self.images = images
        self.failures: dict[int, Failure] = {}

    @property
    def alive(self) -> list[int]:
        return [position for position in range(len(self.images)) if position not in self.failures]

    def images_at(self, positions: Iterable[int]) -> list[ImageInput]:
        return [self.images[position] for position in positions]

    def ask(
        self,
        role: str,
        named: Named[Any],
        call: Callable[[list[int]], Sequence[Answer]],
        check: Callable[[int, Answer], Checked],
    ) -> dict[int, Checked]:
        """Position -> checked answer, for the photos that are still alive; the others have their failure.

        `call` gets positions and answers one value for each. When it raises, or answers the wrong number, every
        photo is asked again by itself, so that only the culprits fail.
        """
        results: dict[int, Checked] = {}
        for position, outcome in answers_of(self.alive, call, check).items():
            if isinstance(outcome, Exception):
                self.fail(position, role, named, outcome)
            else:
                results[position] = outcome
        return results

    def fail(self, position: int, role: str, named: Named[Any], error: Exception) -> None:
        """Takes the photo out of the batch, with the reason."""
        failure = Failure(
            image_id=self.images[position].image_id,
            stage=self.stage,
            role=role,
            backend=named.name,
            reason=reason_of(error),
            retry=isinstance(error, ConnectionError | TimeoutError),
        )
        logger.warning("%s: %s", self.stage, failure)
        self.failures[position] = failure

    def results(self, values: dict[int, Value]) -> list[Value | Failure]:
        """One value or failure per photo, in order."""
        return [
            self.failures[position] if position in self.failures else values[position]
            for position in range(len(self.images))
        ]


Key = TypeVar("Key")


def answers_of(
    items: Sequence[Key],
    call: Callable[[list[Key]], Sequence[Answer]],
    check: Callable[[Key, Answer], Checked],
) -> dict[Key, Checked | Exception]:
    """Item -> checked answer or the exception that it caused; together if possible, else one by one."""
    if not items:
        return {}
    try:
        answers = _call(call, list(items))
    except MemoryError:
        raise  # no photo's fault: the process is in trouble
    except Exception as error:  # noqa: BLE001  a backend may raise anything; the reason is kept
        if len(items) == 1:
            return {items[0]: error}
        alone: dict[Key, Checked | Exception] = {}
        for item in items:
            alone.update(answers_of([item], call, check))
        return alone
    return {item: _checked(check, item, answer) for item, answer in zip(items, answers, strict=True)}


def _call(call: Callable[[list[Key]], Sequence[Answer]], items: list[Key]) -> Sequence[Answer]:
    answers = call(items)
    check_count(answers, len(items), "answers")
    return answers


def _checked(check: Callable[[Key, Answer], Checked], item: Key, answer: Answer) -> Checked | Exception:
    try:
        return check(item, answer)
    except Exception as error:  # noqa: BLE001  an answer of the wrong type can break a check in any way
        return error


def reason_of(error: Exception) -> str:
    """The error in one line: its text alone where we wrote it, with its type where a library did."""
    text = " ".join(str(error).split())
    if type(error).__module__.startswith("annotation."):
        return text[:MAX_REASON]
    return f"{type(error).__name__}: {text}"[:MAX_REASON]
