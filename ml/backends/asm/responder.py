"""`asm:NAME`, responder: answers about a region, from the region."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ml.backends.checkpoints import AUTO, STORED
from ml.backends.options import check_counts
from ml.backends.values import Prompt

from .models import Model, spoken


class ASMResponder:
    """Responder. All questions of a call share batches; greedy, so the same question has the same answer.

    max_tokens: of one answer. An answer without a visible character becomes `models.SILENCE`.
    """

    def __init__(
        self,
        folder: Path,
        /,
        *,
        device: str = AUTO,
        dtype: str = STORED,
        photos: int = 16,
        chunk: int = 64,
        max_tokens: int = 64,
    ) -> None:
        check_counts(max_tokens=max_tokens)
        self._model = Model(folder, device=device, dtype=dtype, photos=photos, chunk=chunk)
        self._max_tokens = max_tokens
        self.version = self._model.version

    def answer(self, prompts: Sequence[Prompt]) -> list[tuple[str, ...]]:
        answers: dict[int, tuple[str, ...]] = {}
        for positions, encoded in self._model.encoded([prompt.image for prompt in prompts]):
            asked = [
                (at, features, question)
                for at, features in zip(positions, encoded, strict=True)
                for question in prompts[at].questions
            ]
            said = iter(
                self._model.predictor.answer(
                    [features for _, features, _ in asked],
                    [prompts[at].box for at, _, _ in asked],
                    [question for _, _, question in asked],
                    max_tokens=self._max_tokens,
                )
            )
            for at in positions:
                answers[at] = tuple(spoken(next(said)) for _ in prompts[at].questions)
        return [answers[at] for at in range(len(prompts))]
