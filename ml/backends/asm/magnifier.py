"""`asm:NAME`, magnifier: each region captioned; what its caption names are candidates for that region alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ml.backends.builtin import phrases, wordnets
from ml.backends.checkpoints import AUTO, STORED
from ml.backends.options import check_counts
from ml.backends.values import Floats, Photo

from .models import Model


class ASMMagnifier:
    """Magnifier. Tags are the noun phrases of the caption, in its order, at most `max_tags`."""

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
        max_tags: int = 5,
    ) -> None:
        check_counts(max_tokens=max_tokens, max_tags=max_tags)
        self._model = Model(folder, device=device, dtype=dtype, photos=photos, chunk=chunk)
        self._max_tokens, self._max_tags = max_tokens, max_tags
        self.version = self._model.version

    def magnify(self, images: Sequence[Photo], boxes: Sequence[Floats]) -> list[list[list[str]]]:
        tags: dict[int, list[list[str]]] = {}
        for positions, encoded in self._model.encoded(images):
            captions = iter(
                self._model.predictor.caption(
                    [one for at, one in zip(positions, encoded, strict=True) for _ in boxes[at]],
                    [box.tolist() for at in positions for box in boxes[at]],
                    max_tokens=self._max_tokens,
                )
            )
            for at in positions:
                tags[at] = [self._tags(next(captions)) for _ in boxes[at]]
        return [tags[at] for at in range(len(images))]

    def _tags(self, caption: str) -> list[str]:
        found = phrases.noun_phrases(caption, wordnets.load())
        return list(dict.fromkeys(phrase.noun for phrase in found))[: self._max_tags]
