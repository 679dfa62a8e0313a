"""`asm:NAME`, writer: a region described after what was said about it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ml.backends.checkpoints import AUTO, STORED
from ml.backends.options import check_counts
from ml.backends.values import Prompt

from .models import Model, spoken


class ASMWriter:
    """Writer. The question for a caption comes last in a conversation whose earlier turns are the region's questions
    with their answers: what people corrected is read like what the model said.

    max_tokens: of one caption. answers: with False the caption is asked for alone.
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
        answers: bool = True,
    ) -> None:
        check_counts(max_tokens=max_tokens)
        self._model = Model(folder, device=device, dtype=dtype, photos=photos, chunk=chunk)
        self._max_tokens = max_tokens
        self._reads_answers = answers
        self.version = self._model.version

    def write(self, prompts: Sequence[Prompt], answers: Sequence[Sequence[str]]) -> list[str]:
        before = [
            list(zip(prompt.questions, said, strict=True)) if self._reads_answers else []
            for prompt, said in zip(prompts, answers, strict=True)
        ]
        captions: dict[int, str] = {}
        for positions, encoded in self._model.encoded([prompt.image for prompt in prompts]):
            said = self._model.predictor.answer(
                encoded,
                [prompts[at].box for at in positions],
                [self._model.caption_question] * len(positions),
                before=[before[at] for at in positions],
                max_tokens=self._max_tokens,
            )
            captions.update(zip(positions, map(spoken, said), strict=True))
        return [captions[at] for at in range(len(prompts))]
