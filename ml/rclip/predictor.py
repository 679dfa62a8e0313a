"""Use of an R-CLIP: encode an image once, then score any number of boxes against any number of texts."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from ml.boxes import Boxes, whole_image

from .model import RClip


@dataclass(frozen=True)
class EncodedImage:
    """features: (1, C, h, w) on the predictor's device. size: (width, height) of the original."""

    features: Tensor
    size: tuple[int, int]


class RegionPredictor:
    """Scores regions against texts. Boxes are `(x1, y1, x2, y2)` in pixels of the original image.

    Neither how images, boxes and texts are split into chunks nor their order changes a result beyond rounding. Memory
    is bounded by the chunks and by `cached_texts` embeddings. One instance serves one thread.
    """

    def __init__(
        self,
        model: RClip,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        image_chunk: int = 32,
        box_chunk: int = 256,
        text_chunk: int = 256,
        cached_texts: int = 50_000,
    ) -> None:
        """Takes `model` over: it is moved to `device`, converted to `dtype` (float32, bfloat16 or float16; None leaves
        it) and put into evaluation mode, as `nn.Module.to` and `eval` do."""
        self.scale = float(model.logit_scale.detach().float().exp())
        self.model = model.to(device=device, dtype=dtype).eval()
        self.image_chunk = image_chunk
        self.box_chunk = box_chunk
        self.text_chunk = text_chunk
        self._cache = _TextCache(cached_texts, torch.zeros(0, model.width, device=self.device))

    @property
    def device(self) -> torch.device:
        return self.model.logit_scale.device

    @property
    def dtype(self) -> torch.dtype:
        return self.model.logit_scale.dtype

    def encode(self, image: Image.Image) -> EncodedImage:
        """`image`: of any size and shape, rotated as EXIF says."""
        return self.encode_batch([image])[0]

    @torch.inference_mode()
    def encode_batch(self, images: Sequence[Image.Image]) -> list[EncodedImage]:
        """Parallel to `images`. Each holds its feature map for as long as it lives."""
        preprocessing = self.model.preprocessing
        encoded: list[EncodedImage] = []
        for start in range(0, len(images), self.image_chunk):
            chunk = images[start : start + self.image_chunk]
            pixels = torch.stack([preprocessing.pixels(image) for image in chunk]).to(self.device)
            features = self.model.encode_images(preprocessing.normalised(pixels).to(self.dtype))
            maps = [one.clone() for one in features.split(1)]
            encoded += [EncodedImage(one, image.size) for one, image in zip(maps, chunk, strict=True)]
        return encoded

    @torch.inference_mode()
    def embed_regions(self, encoded: EncodedImage, boxes: Boxes | None) -> Tensor:
        """(n, 4) boxes -> (n, D) float32, L2-normalised, on the device; None is the whole image. Raises BoxError."""
        preprocessing = self.model.preprocessing
        placed = preprocessing.boxes(whole_image(*encoded.size) if boxes is None else boxes, encoded.size)
        embedded = [
            self.model.encode_regions(
                encoded.features, chunk, torch.zeros(len(chunk), dtype=torch.long), preprocessing.image_size
            )
            for chunk in placed.split(self.box_chunk)
        ]
        return functional.normalize(torch.cat(embedded).float(), dim=-1)

    @torch.inference_mode()
    def embed_texts(self, texts: Sequence[str]) -> Tensor:
        """(t, D) float32, L2-normalised, on the device. Texts that were seen lately are not embedded again."""
        wanted = {text: row for row, text in enumerate(dict.fromkeys(texts))}
        rows = torch.empty(len(wanted), self.model.width, device=self.device)
        known = [text for text in wanted if text in self._cache]
        rows[[wanted[text] for text in known]] = self._cache.get(known)
        new = [text for text in wanted if text not in self._cache]
        for start in range(0, len(new), self.text_chunk):
            chunk = new[start : start + self.text_chunk]
            embedded = self.model.encode_texts(self.model.tokenize(chunk).to(self.device))
            normalised = functional.normalize(embedded.float(), dim=-1)
            rows[[wanted[text] for text in chunk]] = normalised
            self._cache.add(chunk, normalised)
        return rows[[wanted[text] for text in texts]]

    @torch.inference_mode()
    def score(self, encoded: EncodedImage, boxes: Boxes | None, texts: Sequence[str]) -> Tensor:
        """(n, 4) boxes and t texts -> (n, t) float32 on the CPU: cosine times the model's scale, the logits of a
        softmax over texts. None is the whole image. Raises BoxError."""
        regions, columns = self.embed_regions(encoded, boxes), self.embed_texts(texts).T
        return torch.cat([(self.scale * chunk @ columns).cpu() for chunk in regions.split(self.box_chunk)])


class _TextCache:
    """The embeddings that were used last, by text: rows of one matrix that grows to at most `size`."""

    def __init__(self, size: int, rows: Tensor) -> None:
        self._size = size
        self._rows = rows
        self._places: OrderedDict[str, int] = OrderedDict()

    def __contains__(self, text: str) -> bool:
        return text in self._places

    def __len__(self) -> int:
        return len(self._places)

    def get(self, texts: Sequence[str]) -> Tensor:
        """(t, D); all must be here, and count as used now."""
        for text in texts:
            self._places.move_to_end(text)
        return self._rows[[self._places[text] for text in texts]]

    def add(self, texts: Sequence[str], rows: Tensor) -> None:
        """New texts and their rows. What was used longest ago makes room."""
        if (kept := min(len(texts), self._size)) == 0:
            return
        places = [self._place(text) for text in texts[-kept:]]
        if (lacking := max(places) + 1 - len(self._rows)) > 0:
            room = min(self._size, max(len(self._rows) + lacking, 2 * len(self._rows))) - len(self._rows)
            self._rows = torch.cat([self._rows, rows.new_zeros(room, rows.shape[1])])
        self._rows[places] = rows[-kept:]

    def _place(self, text: str) -> int:
        place = len(self._places) if len(self._places) < self._size else self._places.popitem(last=False)[1]
        self._places[text] = place
        return place
