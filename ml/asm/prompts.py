"""The prompts of papers V1 appendix D.1 as data, and rows of token codes made from them.

A code is a token id, or one of the negative `Slot`s, whose embeddings do not come from the language model's table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Final

import torch
from torch import Tensor

from .config import PromptConfig
from .errors import PromptTooLongError
from .text_tokenizer import TextTokenizer


class Slot(IntEnum):
    """Places in a row that are filled with learned or computed embeddings; PAD is masked."""

    TASK = -1
    IMAGE = -2
    ALIGN = -3
    PAD = -4


class Part(Enum):
    """What a prompt consists of, beside its literal words."""

    TASK = "P"
    BEGIN = "<bos>"
    IMAGE = "V"
    TEXT = "{}"
    ALIGN = "<align>"


Parts = tuple[Part | str, ...]

# Prompt #1: "{P_g} <bos> Human: {V} What is this? Assistant:"
GENERATE: Final[Parts] = (Part.TASK, Part.BEGIN, "Human:", Part.IMAGE, Part.TEXT, "Assistant:")
# Every further question of a conversation follows the end token of the answer before it.
CONTINUE: Final[Parts] = ("Human:", Part.TEXT, "Assistant:")
# Prompt #2: "{P_d} <bos> Human: {V} What is this? <align>"
ALIGN_REGION: Final[Parts] = (Part.TASK, Part.BEGIN, "Human:", Part.IMAGE, Part.TEXT, Part.ALIGN)
# Prompt #3: "{P_d} <bos> Assistant: A photo of the Sphinx. <align>"
ALIGN_TEXT: Final[Parts] = (Part.TASK, Part.BEGIN, "Assistant:", Part.TEXT, Part.ALIGN)


@dataclass(frozen=True)
class Row:
    """One sequence: its codes, and for each whether the model learns to say it."""

    codes: tuple[int, ...]
    learned: tuple[bool, ...]


@dataclass(frozen=True)
class Rows:
    """Sequences padded to one length. codes (n, L) long; present (n, L) bool; learned (n, L) bool."""

    codes: Tensor
    present: Tensor
    learned: Tensor

    def to(self, device: torch.device | str) -> Rows:
        return Rows(self.codes.to(device), self.present.to(device), self.learned.to(device))


class PromptWriter:
    """Lays out rows. `image_tokens` is how many embeddings stand for one region; `limit` how long a row may be."""

    def __init__(self, tokenizer: TextTokenizer, config: PromptConfig, *, image_tokens: int, limit: int) -> None:
        self.tokenizer = tokenizer
        self.config = config
        self.image_tokens = image_tokens
        self.limit = limit

    def question(self, question: str) -> Row:
        """Prompt #1. Raises PromptTooLongError where no token is left for the answer."""
        return self.conversation([(question, None)])

    def conversation(self, turns: Sequence[tuple[str, str | None]], *, system: str = "", regions: int = 1) -> Row:
        """Questions with their answers, each answer closed by the end token; only answers are learned.

        The last answer may be None: the row then ends where the model goes on. Raises PromptTooLongError.
        """
        codes: list[int] = []
        learned: list[bool] = []
        for number, (question, answer) in enumerate(turns):
            asked = self._codes(CONTINUE if number else GENERATE, question, regions=regions, system=system)
            said = [] if answer is None else [*self.tokenizer.encode(answer), self.tokenizer.end_id]
            codes += [*asked, *said]
            learned += [False] * len(asked) + [True] * len(said)
        room = self.limit - len(codes) - (turns[-1][1] is None)
        if room < 0:
            raise PromptTooLongError(
                f"{turns[-1][0][:60]!r}: the prompt is {-room} tokens too long for a context of {self.limit}"
            )
        return Row(tuple(codes), tuple(learned))

    def region(self) -> Row:
        """Prompt #2."""
        return self._unlearned(self._codes(ALIGN_REGION, self.config.question))

    def tag(self, tag: str) -> Row:
        """Prompt #3 for a tag; one that is too long for the context loses its end, the align token never."""
        text = self.config.text.replace("{}", tag)
        codes = self._codes(ALIGN_TEXT, text)
        if over := max(0, len(codes) - self.limit):
            codes = [*codes[: -1 - over], codes[-1]]
        return self._unlearned(codes)

    def is_cut(self, tag: str) -> bool:
        """Whether `tag` is too long to be read whole."""
        return len(self._codes(ALIGN_TEXT, self.config.text.replace("{}", tag))) > self.limit

    def _codes(self, parts: Parts, text: str, *, regions: int = 1, system: str = "") -> list[int]:
        codes: list[int] = []
        for part in parts:
            match part:
                case Part.TASK:
                    codes += [Slot.TASK] * self.config.task_tokens
                case Part.BEGIN:
                    # Some language models (Qwen) know no such token.
                    codes += [] if self.tokenizer.begin_id is None else [self.tokenizer.begin_id]
                    codes += self.tokenizer.encode(system, starts=True) if system else []
                case Part.IMAGE:
                    codes += [Slot.IMAGE] * (self.image_tokens * regions)
                case Part.ALIGN:
                    codes.append(Slot.ALIGN)
                case Part.TEXT:
                    codes += self.tokenizer.encode(text)
                case str():
                    codes += self.tokenizer.encode(part)
        return codes

    @staticmethod
    def _unlearned(codes: list[int]) -> Row:
        return Row(tuple(codes), (False,) * len(codes))


def padded(rows: Sequence[Row], *, left: bool = False) -> Rows:
    """Rows of one length: padding comes after them, or before them where generation goes on at their end."""
    length = max(len(row.codes) for row in rows)
    codes = torch.full((len(rows), length), int(Slot.PAD))
    learned = torch.zeros(len(rows), length, dtype=torch.bool)
    for index, row in enumerate(rows):
        place = slice(length - len(row.codes), length) if left else slice(0, len(row.codes))
        codes[index, place] = torch.tensor(row.codes)
        learned[index, place] = torch.tensor(row.learned)
    return Rows(codes, codes != int(Slot.PAD), learned)
