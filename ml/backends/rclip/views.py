"""Two ways to see a region: on the feature map of its photo, or cut out as a picture of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import ceil, floor
from typing import Any, Protocol

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from ml.backends.values import Floats, Photo
from ml.boxes import checked_boxes, whole_image
from ml.rclip.predictor import RegionPredictor


class View(Protocol):
    def embed(self, photos: Sequence[Photo], boxes: Sequence[Floats]) -> list[Tensor]:
        """Per photo (n, D) float32 on the model's device, of length 1. boxes: (n, 4) px of the originals.

        Raises BoxError, and what loading a photo raises.
        """
        ...


class RegionView:
    """RoIAlign on the photo's feature map; each photo with regions is decoded and encoded once."""

    def __init__(self, predictor: RegionPredictor) -> None:
        self._predictor = predictor

    def embed(self, photos: Sequence[Photo], boxes: Sequence[Floats]) -> list[Tensor]:
        seen = [photo for photo, rows in zip(photos, boxes, strict=True) if len(rows)]
        encoded = iter(self._predictor.encode_batch([photo.load() for photo in seen]))
        embedded = []
        for photo, rows in zip(photos, boxes, strict=True):
            if len(rows):
                # The loaded pixels may be a smaller copy; boxes are in pixels of the original.
                on_original = replace(next(encoded), size=(photo.width, photo.height))
                embedded.append(self._predictor.embed_regions(on_original, rows))
            else:
                embedded.append(_none(self._predictor))
        return embedded


class CropView:
    """Every region as a picture of its own, resized whole; crops of several photos share a batch.

    clip_embedding: open_clip's own image embedding at the tower's own size, instead of the region embedding of a box
    over everything.
    """

    def __init__(self, predictor: RegionPredictor, *, chunk: int, clip_embedding: bool) -> None:
        self._predictor = predictor
        self._chunk = chunk
        self._clip_embedding = clip_embedding
        self._preprocessing = predictor.model.preprocessing
        if clip_embedding:
            side: Any = predictor.model.clip.visual.image_size
            height, width = (side, side) if isinstance(side, int) else side
            self._preprocessing = replace(self._preprocessing, image_size=(height, width))

    @torch.inference_mode()
    def embed(self, photos: Sequence[Photo], boxes: Sequence[Floats]) -> list[Tensor]:
        places = [(photo, row) for photo, rows in zip(photos, boxes, strict=True) for row in _pixel_boxes(photo, rows)]
        embedded = [_none(self._predictor)]
        for start in range(0, len(places), self._chunk):
            crops = [photo.load().crop(box) for photo, box in places[start : start + self._chunk]]
            embedded.append(self._embed(crops))
        return list(torch.cat(embedded).split([len(rows) for rows in boxes]))

    def _embed(self, crops: Sequence[Image.Image]) -> Tensor:
        model, size = self._predictor.model, self._preprocessing.image_size
        images = torch.stack([self._preprocessing.image(crop) for crop in crops])
        images = images.to(self._predictor.device, self._predictor.dtype)
        if self._clip_embedding:
            found: Tensor = model.clip.encode_image(images)
        else:
            everything = whole_image(size[1], size[0]).expand(len(crops), 4)
            found = model.encode_regions(model.encode_images(images), everything, torch.arange(len(crops)), size)
        return functional.normalize(found.float(), dim=-1)


def _pixel_boxes(photo: Photo, boxes: Floats) -> list[tuple[int, int, int, int]]:
    """In whole pixels of the loaded picture, rounded outwards."""
    if not len(boxes):
        return []
    picture = photo.load()
    across, down = picture.width / photo.width, picture.height / photo.height
    return [
        (
            floor(x1 * across),
            floor(y1 * down),
            min(picture.width, ceil(x2 * across)),
            min(picture.height, ceil(y2 * down)),
        )
        for x1, y1, x2, y2 in checked_boxes(boxes, photo.width, photo.height).tolist()
    ]


def _none(predictor: RegionPredictor) -> Tensor:
    return torch.zeros(0, predictor.model.width, device=predictor.device)
