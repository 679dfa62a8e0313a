"""An ASM at work: answers, captions, embeddings and rankings for regions of photos."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import torch
from PIL import Image
from torch import Tensor

from ml.boxes import BoxError, checked_boxes, scaled_boxes, whole_image

from .errors import PromptTooLongError
from .generation import generate
from .images import normalised, pixels
from .model import ASM
from .prompts import Row, padded

Box = Sequence[float]
"""(x1, y1, x2, y2) in pixels of the photo rotated as EXIF says, x2 and y2 exclusive."""

Turns = Sequence[tuple[str, str | None]]
"""Questions with their answers."""

MAX_CACHED_TEXTS: Final = 100_000


@dataclass(frozen=True)
class EncodedImage:
    """A photo that went through the tower: its feature map (C, h, w), and its own (width, height)."""

    features: Tensor
    size: tuple[int, int]


Photo = Image.Image | EncodedImage


class ASMPredictor:
    """Memory is bounded by `images`, `regions`, `sequences` and `texts`: how many go through the network at once.

    A photo is a PIL image or what `encode` made of one; a photo that occurs several times in a call is encoded once.
    A box of None is the whole photo. Results are those of one item at a time, up to rounding.
    """

    def __init__(
        self,
        model: ASM,
        device: str | torch.device | None = None,
        dtype: torch.dtype | None = None,
        *,
        images: int = 16,
        regions: int = 128,
        sequences: int = 64,
        texts: int = 256,
    ) -> None:
        """Moves `model` to `device` and, if given, its weights to `dtype`; it is in evaluation mode after."""
        self.model = model.to(device=device, dtype=dtype).eval()
        self.dtype = next(model.tower.parameters()).dtype
        self._images, self._regions, self._sequences, self._texts = images, regions, sequences, texts
        self._cached_texts: dict[str, Tensor] = {}

    @torch.no_grad()
    def encode(self, photos: Sequence[Image.Image]) -> list[EncodedImage]:
        """The photos' feature maps, on the model's device, to be asked about any number of times."""
        tower = self.model.config.tower
        encoded: list[EncodedImage] = []
        for chunk in _chunks(photos, self._images):
            batch = torch.stack([pixels(photo, tower.image_size) for photo in chunk]).to(self.model.device)
            features = self.model.encode_images(normalised(batch, tower, self.dtype))
            encoded += [EncodedImage(map_, photo.size) for map_, photo in zip(features, chunk, strict=True)]
        return encoded

    @torch.no_grad()
    def answer(
        self,
        photos: Sequence[Photo],
        boxes: Sequence[Box | None],
        questions: Sequence[str],
        *,
        before: Sequence[Turns] | None = None,
        max_tokens: int = 64,
    ) -> list[str]:
        """The answer to each question about its box on its photo; may be empty where the model says nothing.
        `before`: the turns of each conversation that went before its question.

        Raises BoxError or PromptTooLongError that names the item; nothing is computed then.
        """
        turns: Sequence[Turns] = [()] * len(questions) if before is None else before
        _same_length(photos=photos, boxes=boxes, questions=questions, before=turns)
        rows = [self._row(index, [*turns[index], (question, None)]) for index, question in enumerate(questions)]
        placed = self._placed(photos, boxes)
        encoded = self._encoded(photos)
        answers = [""] * len(rows)
        # Questions of about the same length share a batch, so little of it is padding.
        order = sorted(range(len(rows)), key=lambda index: len(rows[index].codes))
        for chunk in _chunks(order, self._sequences):
            tokens = self._image_tokens([encoded[index] for index in chunk], placed[torch.tensor(chunk)])
            batch = padded([rows[index] for index in chunk], left=True).to(self.model.device)
            said = generate(self.model, batch, tokens, max_tokens=max_tokens)
            for index, ids in zip(chunk, said, strict=True):
                answers[index] = self.model.tokenizer.decode(ids)
        return answers

    def caption(
        self, photos: Sequence[Photo], boxes: Sequence[Box | None] | None = None, *, max_tokens: int = 64
    ) -> list[str]:
        """A description of each box, or of each whole photo."""
        boxes = [None] * len(photos) if boxes is None else boxes
        question = self.model.config.prompts.caption_question
        return self.answer(photos, boxes, [question] * len(photos), max_tokens=max_tokens)

    @torch.no_grad()
    def embed_regions(self, photo: Photo, boxes: Sequence[Box | None]) -> Tensor:
        """(n, E) float32 on the CPU, of length 1: one for each box on the photo. Raises BoxError."""
        placed = self._placed([photo] * len(boxes), boxes)
        found = [torch.zeros(0, self.model.config.embedding)]
        if len(boxes):
            [encoded] = self._encoded([photo])
            found += [
                self.model.embed_regions(self._image_tokens([encoded] * len(chunk), chunk)).cpu()
                for chunk in placed.split(self._regions)
            ]
        return torch.cat(found)

    @torch.no_grad()
    def embed_texts(self, tags: Sequence[str]) -> Tensor:
        """(t, E) float32 on the CPU, of length 1: one for each tag. Tags that were embedded lately are remembered."""
        new = sorted({tag for tag in tags if tag not in self._cached_texts}, key=lambda tag: (len(tag), tag))
        fresh: dict[str, Tensor] = {}
        for chunk in _chunks(new, self._texts):
            fresh.update(zip(chunk, self.model.embed_texts(chunk).cpu(), strict=True))
        wanted = [fresh[tag] if tag in fresh else self._cached_texts[tag] for tag in tags]
        self._remember(fresh)
        return torch.stack(wanted) if wanted else torch.zeros(0, self.model.config.embedding)

    @torch.no_grad()
    def rank(self, photo: Photo, boxes: Sequence[Box | None], tags: Sequence[str]) -> Tensor:
        """(n, t) float32 on the CPU: how well each tag fits each box, the cosine times the model's scale."""
        return self.embed_regions(photo, boxes) @ self.embed_texts(tags).T * self.model.scale.float().cpu()

    def _remember(self, fresh: dict[str, Tensor]) -> None:
        self._cached_texts.update(fresh)
        for tag in list(self._cached_texts)[: max(0, len(self._cached_texts) - MAX_CACHED_TEXTS)]:
            del self._cached_texts[tag]

    def _row(self, index: int, turns: Turns) -> Row:
        try:
            return self.model.prompts.conversation(turns)
        except PromptTooLongError as error:
            raise PromptTooLongError(f"question {index}: {error}") from error

    def _encoded(self, photos: Sequence[Photo]) -> list[EncodedImage]:
        new = {id(photo): photo for photo in photos if isinstance(photo, Image.Image)}
        made = dict(zip(new, self.encode(list(new.values())), strict=True))
        return [made[id(photo)] if isinstance(photo, Image.Image) else photo for photo in photos]

    def _placed(self, photos: Sequence[Photo], boxes: Sequence[Box | None]) -> Tensor:
        """(n, 4) in pixels of the network's input."""
        height, width = self.model.config.tower.image_size
        placed = [torch.zeros(0, 4)]
        for index, (photo, box) in enumerate(zip(photos, boxes, strict=True)):
            try:
                box_ = whole_image(*photo.size) if box is None else checked_boxes([box], *photo.size)
            except BoxError as error:
                raise BoxError(str(error).replace("box 0", f"box {index}", 1)) from error
            placed.append(scaled_boxes(box_, from_size=photo.size, to_size=(width, height)))
        return torch.cat(placed)

    def _image_tokens(self, encoded: Sequence[EncodedImage], boxes: Tensor) -> Tensor:
        """(n, K, width) of boxes (n, 4), each on the photo beside it; equal photos are stacked once."""
        places: dict[int, int] = {}
        maps: list[Tensor] = []
        for photo in encoded:
            if id(photo) not in places:
                places[id(photo)] = len(maps)
                maps.append(photo.features)
        image_index = torch.tensor([places[id(photo)] for photo in encoded])
        size = self.model.config.tower.image_size
        return self.model.encode_regions(torch.stack(maps), boxes.to(self.model.device), image_index, size)


def _chunks(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _same_length(**lists: Sequence[Any]) -> None:
    if len({len(items) for items in lists.values()}) > 1:
        raise ValueError("lists of one length are needed: " + ", ".join(f"{len(v)} {k}" for k, v in lists.items()))
