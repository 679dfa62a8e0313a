"""Training of an R-CLIP on regions of the corpus, with starter pictures replayed beside them."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.optim import AdamW

from bench.world.singles import Singles
from ml.contrastive import NONE, Targets, region_text_loss
from ml.rclip.model import RClip
from ml.roi_align import roi_align
from ml.training.schedules import learning_rate

from .corpus import VOCABULARY, Ints
from .features import BOX_NOISE, Features, embedded, normalised
from .targets import Tags

SIDE = 64
"""Side of a replayed picture, px."""

USES = 4
LARGEST = 32_768
"""How often a replayed picture is learned from before there are no new ones, and how many are kept (1.6 GB)."""


@dataclass(frozen=True, slots=True)
class Fit:
    """steps; regions, replayed: regions of the corpus and starter things in a step; rate: the peak."""

    steps: int
    regions: int = 64
    replayed: int = 160
    rate: float = 2e-3
    seed: int = 0


def fit(model: RClip, features: Features, tags: Tags, singles: Singles, options: Fit, device: str) -> RClip:
    """A trained copy of the model; `model` itself stays as it is. The same inputs give the same copy on a CPU.

    Region layers learn. What runs on the picture (stem and first stage) stays the starter's, so that the features of
    the corpus are computed once, and so does the text tower: the names' embeddings are those that the starter gave
    them.
    """
    model = copy.deepcopy(model).to(device)
    random = np.random.default_rng([options.seed, 17])
    optimizer = AdamW(model.parameters(), lr=0.0, weight_decay=0.0)  # skips those that get no gradient
    regions = _regions(tags, options.regions, random)
    replay = _Replay.of(model, singles, options, device)
    with torch.no_grad():
        words = model.encode_texts(model.tokenize(VOCABULARY).to(device)).float()
    model.train()
    for step in range(options.steps):
        chosen, things = next(regions), random.integers(len(replay.concepts), size=options.replayed)
        texts, targets = _compared(np.concatenate([chosen, NONE - replay.concepts[things]]), tags, random)
        pooled = torch.cat([features.some(chosen, random), replay.things[torch.from_numpy(things)]]).to(device)
        with torch.autocast(device, torch.bfloat16):
            said = embedded(model, pooled)
        scale = model.logit_scale.exp()
        own = words[torch.from_numpy(texts)]
        loss = region_text_loss(said, own, scale, targets).total
        loss = loss + _named(scale * said[len(chosen) :].float() @ words.T, replay.concepts[things])
        optimizer.zero_grad()
        loss.backward()
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(
                step, steps=options.steps, peak=options.rate, warmup=max(1, options.steps // 10)
            )
        optimizer.step()
        with torch.no_grad():
            model.logit_scale.clamp_(max=math.log(100))
    return model.eval()


def _regions(tags: Tags, count: int, random: np.random.Generator) -> Iterator[Ints]:
    """Regions with something to learn, as often as they weigh."""
    known = np.flatnonzero(tags.used)
    chances = tags.weight[known].astype(np.float64) / tags.weight[known].sum(dtype=np.float64)
    while True:
        yield np.sort(random.choice(known, min(count, len(known)), replace=False, p=chances))


@dataclass(frozen=True, slots=True)
class _Replay:
    """Starter things, each a whole picture, up to the region layers (N, C, 16, 16), and their concepts (N,). They keep
    alive what the starter knew."""

    things: Tensor
    concepts: Ints

    @classmethod
    @torch.no_grad()
    def of(cls, model: RClip, singles: Singles, options: Fit, device: str) -> _Replay:
        """As many as will be learned `USES` times each."""
        count = min(LARGEST, options.steps * options.replayed // USES + options.replayed)
        generator = torch.Generator().manual_seed(options.seed)
        things = torch.empty(count, model.tower.width, 16, 16, dtype=torch.bfloat16)
        concepts = np.empty(count, np.int64)
        for start in range(0, count, 256):
            part = slice(start, min(start + 256, count))
            things[part], concepts[part] = _encoded(model, singles, part.stop - start, generator, device)
        return cls(things, concepts)


def _encoded(
    model: RClip, singles: Singles, count: int, generator: torch.Generator, device: str
) -> tuple[Tensor, Ints]:
    images, concepts, boxes = singles.varied(count, SIDE, generator)
    with torch.autocast(device, torch.bfloat16):
        features = model.encode_images(normalised(model, images.to(device)))
    sides = (boxes[:, 2:] - boxes[:, :2]).repeat(1, 2)
    boxes = (boxes + BOX_NOISE * sides * torch.randn(boxes.shape, generator=generator)).to(device)
    scale = 1 / model.tower.stride
    pooled = roi_align(features, boxes, torch.arange(count), output_size=16, spatial_scale=scale, sampling_ratio=2)
    return pooled.cpu(), concepts.numpy()


def _named(logits: Tensor, concepts: Ints) -> Tensor:
    """Of starter things is known that they are nothing else in the vocabulary: they are compared with all of it."""
    return functional.cross_entropy(logits, torch.from_numpy(concepts).to(logits.device))


def _compared(region: Ints, tags: Tags, random: np.random.Generator) -> tuple[Ints, Targets]:
    """The texts of a batch, and how its regions stand to them; one accepted tag of each at random is its positive.

    region: (n,), NONE - concept for a replayed thing.
    """
    replayed = region < 0
    own = np.where(replayed, 0, region)
    accepted = tags.accepted[own] & ~replayed[:, None]
    rejected = tags.rejected[own] & ~replayed[:, None]
    accepted[replayed, NONE - region[replayed]] = True
    draw = np.where(accepted, random.random(accepted.shape), -1.0)
    positive = np.where(accepted.any(1), draw.argmax(1), NONE)
    texts = np.flatnonzero(accepted.any(0) | rejected.any(0))
    place = np.full(accepted.shape[1], NONE, np.int64)
    place[texts] = np.arange(len(texts))
    return texts, Targets(
        texts=len(texts),
        positive=np.where(positive == NONE, NONE, place[positive]),
        accepted=_pairs(accepted, place),
        rejected=_pairs(rejected, place),
        weights=np.ones(len(region)),
    )


def _pairs(marks: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], place: Ints) -> Ints:
    rows, columns = np.nonzero(marks)
    return np.stack([rows, place[columns]], 1).astype(np.int64)
