"""A model as something that scores regions against texts, whatever its family."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ml.evals.inputs import InputError

if TYPE_CHECKING:
    from PIL import Image

Scores = np.ndarray[Any, np.dtype[np.float32]]


class RegionScorer(Protocol):
    """What region recognition asks of a model."""

    def score(self, image: Image.Image, boxes: Sequence[Sequence[float]], texts: Sequence[str]) -> Scores:
        """(n, 4) boxes (x1, y1, x2, y2) in pixels of `image` and t texts -> (n, t) logits of a softmax over texts.

        Raises BoxError for a box that is not on the image.
        """


def load_scorer(checkpoint: Path, device: str = "cpu") -> RegionScorer:
    """The model of a checkpoint folder: an R-CLIP, or an ASM by its alignment. Raises InputError."""
    import torch

    from ml.checkpoint import CheckpointError, load_model

    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as problem:
        raise InputError(f"device {device!r} cannot be used: {problem}") from problem
    try:
        return scorer_of(load_model(checkpoint, device))
    except CheckpointError as problem:
        raise InputError(str(problem)) from problem


def scorer_of(model: Any) -> RegionScorer:
    """A scorer of a loaded model. Raises InputError for a family that does not score regions."""
    from ml.asm.model import ASM
    from ml.rclip.model import RClip

    if isinstance(model, RClip):
        return _RClipScorer(model)
    if isinstance(model, ASM):
        return _ASMScorer(model)
    raise InputError(f"{type(model).__name__} does not score regions against texts")


class _RClipScorer:
    def __init__(self, model: Any) -> None:
        from ml.rclip.predictor import RegionPredictor

        self._predictor = RegionPredictor(model)

    def score(self, image: Image.Image, boxes: Sequence[Sequence[float]], texts: Sequence[str]) -> Scores:
        scores: Scores = self._predictor.score(self._predictor.encode(image), boxes, texts).numpy()
        return scores


class _ASMScorer:
    def __init__(self, model: Any) -> None:
        from ml.asm.predictor import ASMPredictor

        self._predictor = ASMPredictor(model)

    def score(self, image: Image.Image, boxes: Sequence[Sequence[float]], texts: Sequence[str]) -> Scores:
        from ml.asm.errors import PromptTooLongError

        try:
            scores: Scores = self._predictor.rank(image, boxes, texts).numpy()
        except PromptTooLongError as problem:
            raise InputError(str(problem)) from problem
        return scores
