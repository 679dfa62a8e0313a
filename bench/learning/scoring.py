"""What a model says about every region: from its crop (loop 0), or by RoIAlign on its picture (R-CLIP)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from bench.world.scenes import WIDTH
from ml.rclip.model import RClip

from .corpus import INPUT, VOCABULARY, Corpus, Floats, Ints

INPUT_SCALE = INPUT[1] / WIDTH
TOP = 5
_IMAGES, _CROPS = 32, 256


def normalised(model: RClip, images: Tensor) -> Tensor:
    """(B, 3, H, W) in [0, 1] -> what the tower takes."""
    mean, std = (
        torch.tensor(values, device=images.device)[:, None, None]
        for values in (model.preprocessing.mean, model.preprocessing.std)
    )
    return ((images - mean) / std).contiguous(memory_format=torch.channels_last)


@torch.inference_mode()
def crop_probabilities(model: RClip, corpus: Corpus, device: str, regions: Ints | None = None) -> Floats:
    """(n, V) softmax over the vocabulary, of each region's crop as a picture of its own."""
    crops = corpus.crops if regions is None else corpus.crops[regions]
    model = model.to(device).eval()
    texts = _texts(model, device)
    rows = []
    for start in range(0, len(crops), _CROPS):
        pixels = _pixels(model, crops[start : start + _CROPS], device)
        count, size = len(pixels), (pixels.shape[2], pixels.shape[3])
        whole = torch.tensor([[0.0, 0.0, size[1], size[0]]], device=device).expand(count, 4)
        rows.append(_softmax(model, _regions(model, pixels, whole, torch.arange(count)), texts))
    return np.concatenate(rows)


@torch.inference_mode()
def region_probabilities(model: RClip, corpus: Corpus, device: str) -> Floats:
    """(R, V) softmax over the vocabulary, of each region on its picture; every picture is encoded once."""
    model = model.to(device).eval()
    texts = _texts(model, device)
    answer = np.empty((len(corpus.boxes), len(VOCABULARY)), np.float32)
    boxes = torch.from_numpy(corpus.boxes * INPUT_SCALE).float()
    for start in range(0, len(corpus.images), _IMAGES):
        own = np.flatnonzero((corpus.image >= start) & (corpus.image < start + _IMAGES))
        if not len(own):
            continue
        pixels = _pixels(model, corpus.images[start : start + _IMAGES], device)
        index = torch.from_numpy(corpus.image[own] - start)
        answer[own] = _softmax(model, _regions(model, pixels, boxes[own].to(device), index), texts)
    return answer


def top_five(probabilities: Floats) -> Ints:
    """(R, 5) concepts, best first; equal ones in the order of the vocabulary."""
    return np.argsort(-probabilities, axis=1, kind="stable")[:, :TOP]


def _texts(model: RClip, device: str) -> Tensor:
    return model.encode_texts(model.tokenize(VOCABULARY).to(device)).float()


def _pixels(model: RClip, images: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], device: str) -> Tensor:
    return normalised(model, torch.from_numpy(images).to(device).permute(0, 3, 1, 2).float() / 255)


def _regions(model: RClip, pixels: Tensor, boxes: Tensor, index: Tensor) -> Tensor:
    return model.encode_regions(model.encode_images(pixels), boxes, index, (pixels.shape[2], pixels.shape[3]))


def _softmax(model: RClip, regions: Tensor, texts: Tensor) -> Floats:
    logits = model.logit_scale.exp() * regions.float() @ texts.T
    probabilities: Floats = logits.softmax(1).cpu().numpy()
    return probabilities
