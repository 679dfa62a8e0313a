"""What a model says about every region: from its crop (loop 0), or by RoIAlign on its picture (R-CLIP)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from ml.rclip.model import RClip

from .corpus import VOCABULARY, Corpus, Floats, Ints
from .features import Features, embedded, normalised

TOP = 5
_CHUNK = 256

SEEN = 2
"""Views of each region that annotate it."""


@torch.inference_mode()
def crop_probabilities(model: RClip, corpus: Corpus, device: str) -> Floats:
    """(R, V) softmax over the vocabulary, of each region's crop as a picture of its own."""
    model = model.to(device).eval()

    def regions() -> Iterator[Tensor]:
        for start in range(0, len(corpus.crops), _CHUNK):
            crops = torch.from_numpy(corpus.crops[start : start + _CHUNK]).to(device)
            pixels = normalised(model, crops.permute(0, 3, 1, 2).float() / 255)
            size = (pixels.shape[2], pixels.shape[3])
            whole = torch.tensor([[0.0, 0.0, size[1], size[0]]], device=device).expand(len(pixels), 4)
            yield model.encode_regions(model.encode_images(pixels), whole, torch.arange(len(pixels)), size)

    return _softmax(model, regions(), device)


@torch.inference_mode()
def region_probabilities(model: RClip, features: Features, device: str) -> Floats:
    """(R, V) softmax over the vocabulary, of each region on its picture: the mean of what the model says of the picture
    as it is and of the one without colours."""
    model = model.to(device).eval()
    seen = features.views[:SEEN]
    both = [_softmax(model, _regions(model, view, device), device) for view in seen]
    mean: Floats = np.mean(both, axis=0, dtype=np.float32)
    return mean


def _regions(model: RClip, view: Tensor, device: str) -> Iterator[Tensor]:
    for chunk in view.split(_CHUNK):
        with torch.autocast(device, torch.bfloat16):
            regions = embedded(model, chunk.to(device))
        yield regions


def top_five(probabilities: Floats) -> Ints:
    """(R, 5) concepts, best first; equal ones in the order of the vocabulary."""
    return np.argsort(-probabilities, axis=1, kind="stable")[:, :TOP]


def _softmax(model: RClip, regions: Iterator[Tensor], device: str) -> Floats:
    texts = model.encode_texts(model.tokenize(VOCABULARY).to(device)).float()
    scale = model.logit_scale.exp()
    return np.concatenate([(scale * part.float() @ texts.T).float().softmax(1).cpu().numpy() for part in regions])
