"""What the roles of an ASM share: its loading, and photos that are encoded once for all their regions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, cast

from ml.asm.model import ASM
from ml.asm.predictor import ASMPredictor, EncodedImage
from ml.backends.checkpoints import checkpoint_version, shared_model
from ml.backends.options import check_counts
from ml.backends.values import Photo

SILENCE: Final = "I do not know."
"""Stands for an answer without a visible character."""


class Model:
    """A checkpoint's predictor. photos, chunk: photos, and regions, texts or sequences, at once in the network."""

    def __init__(self, folder: Path, *, device: str, dtype: str, photos: int, chunk: int) -> None:
        check_counts(photos=photos, chunk=chunk)
        self.version = f"1-{checkpoint_version(folder)}"
        model = cast(ASM, shared_model(folder, "asm", device=device, dtype=dtype))
        self.predictor = ASMPredictor(model, images=photos, regions=chunk, sequences=chunk, texts=chunk)
        self.caption_question = model.config.prompts.caption_question
        self._photos = photos

    def encoded(self, photos: Sequence[Photo]) -> Iterator[tuple[list[int], list[EncodedImage]]]:
        """Positions in `photos` with the feature map of each, a bounded number of photos at a time.

        A photo that occurs several times comes once in all, with all its positions. Boxes on the maps are in pixels of
        the originals.
        """
        positions: dict[int, list[int]] = {}
        for position, photo in enumerate(photos):
            positions.setdefault(id(photo), []).append(position)
        groups = list(positions.values())
        for start in range(0, len(groups), self._photos):
            part = groups[start : start + self._photos]
            firsts = [photos[places[0]] for places in part]
            maps = self.predictor.encode([photo.load() for photo in firsts])
            # The loaded pixels may be a smaller copy.
            sized = [replace(one, size=(photo.width, photo.height)) for one, photo in zip(maps, firsts, strict=True)]
            yield (
                [position for places in part for position in places],
                [one for one, places in zip(sized, part, strict=True) for _ in places],
            )


def spoken(text: str) -> str:
    """An answer that a person can read."""
    visible = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(visible.split()) or SILENCE
