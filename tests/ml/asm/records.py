"""Manifest records as the trainer hands them over."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from ml.data.manifests import Box, Message, Record, TagVerdict

SIZE = (64, 48)


def photo(seed: int) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def align(accepted: Sequence[str], rejected: Sequence[str] = (), *more: Sequence[str]) -> Record:
    """One region, with its accepted and rejected tags; `more`: further regions that accept these."""
    verdicts = [TagVerdict(tuple(accepted), tuple(rejected), 1.0), *(TagVerdict(tuple(one), (), 1.0) for one in more)]
    boxes: list[Box] = [(4.0 * index, 2.0, 30.0 + 8 * index, 40.0) for index in range(len(verdicts))]
    return Record("align", "1.jpg", *SIZE, tuple(boxes), tuple(verdicts), (), 1.0, "human")


def generate(*spoken: str, weight: float = 1.0, system: str = "", boxes: Sequence[Box] = ((0, 0, 64, 48),)) -> Record:
    """A conversation: questions and answers by turns."""
    messages = [Message("system", system)] if system else []
    messages += [Message("assistant" if index % 2 else "user", text) for index, text in enumerate(spoken)]
    return Record("generate", "1.jpg", *SIZE, tuple(boxes), (), tuple(messages), weight, "model")
