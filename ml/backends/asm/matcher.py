"""`asm:NAME`, matcher: tags ranked by the alignment of region and text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ml.backends.checkpoints import AUTO, STORED
from ml.backends.confidences import proposed_texts, scores_of
from ml.backends.values import Candidate, Floats, Photo, Scores

from .models import Model


class ASMMatcher:
    """Matcher. Scores are probabilities over the texts proposed on the photo (`ml.backends.confidences`)."""

    def __init__(
        self,
        folder: Path,
        /,
        *,
        device: str = AUTO,
        dtype: str = STORED,
        photos: int = 16,
        chunk: int = 128,
    ) -> None:
        self._model = Model(folder, device=device, dtype=dtype, photos=photos, chunk=chunk)
        self.version = self._model.version

    def match(
        self,
        images: Sequence[Photo],
        boxes: Sequence[Floats],
        shared: Sequence[Sequence[Candidate]],
        own: Sequence[Sequence[Sequence[Candidate]]],
    ) -> list[Scores]:
        scores: dict[int, Scores] = {}
        for positions, encoded in self._model.encoded(images):
            for at, features in zip(positions, encoded, strict=True):
                texts = proposed_texts(shared[at], own[at])
                logits = self._model.predictor.rank(features, boxes[at].tolist(), texts)
                scores[at] = scores_of(logits, texts, shared[at], own[at])
        return [scores[at] for at in range(len(images))]
