"""Training of an R-CLIP on regions of the corpus, with starter pictures replayed beside them."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.optim import AdamW

from bench.world.singles import Singles, lighted
from ml.contrastive import NONE, region_text_loss
from ml.contrastive import Targets as Comparisons
from ml.rclip.model import RClip
from ml.training.schedules import learning_rate

from .corpus import INPUT, VOCABULARY, Corpus, Ints
from .scoring import INPUT_SCALE, normalised
from .targets import Tags

_CELL = 64
_BOX_NOISE = 0.03  # of a box's sides


@dataclass(frozen=True, slots=True)
class Fit:
    """steps; images, mosaics: pictures of the corpus and of starter things in a step; rate: the peak."""

    steps: int
    images: int = 14
    mosaics: int = 2
    rate: float = 1e-3
    seed: int = 0


@dataclass(frozen=True, slots=True)
class _Batch:
    pixels: Tensor
    boxes: Tensor
    image: Tensor
    region: Ints  # of the corpus; NONE - concept for a replayed thing


def fit(model: RClip, corpus: Corpus, tags: Tags, singles: Singles, options: Fit, device: str) -> RClip:
    """A trained copy of the model; `model` itself stays as it is. The same inputs give the same copy on a CPU."""
    model = copy.deepcopy(model).to(device)
    generator = torch.Generator().manual_seed(options.seed)
    random = np.random.default_rng([options.seed, 17])
    optimizer = AdamW(model.parameters(), lr=0.0, weight_decay=0.0)
    pictures = _pictures(corpus, tags, random)
    tokens = model.tokenize(VOCABULARY).to(device)
    model.train()
    for step in range(options.steps):
        batch = _batch(corpus, tags, [next(pictures) for _ in range(options.images)], generator)
        batch = _with_mosaics(batch, singles, options.mosaics, generator)
        texts, comparisons = _compared(batch.region, tags, random)
        with torch.autocast(device, torch.bfloat16):
            pixels = normalised(model, lighted(batch.pixels.to(device), generator, gray=0.5, balance=0.1))
            features = model.encode_images(pixels)
            regions = model.encode_regions(features, batch.boxes.to(device), batch.image, INPUT)
            embedded = model.encode_texts(tokens[torch.from_numpy(texts)])
        loss = region_text_loss(
            regions, embedded, model.logit_scale.exp(), comparisons, negatives_without_accepted=True
        ).total
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


def _pictures(corpus: Corpus, tags: Tags, random: np.random.Generator) -> Iterator[int]:
    """Pictures with something to learn, each once before any comes again."""
    known = np.unique(corpus.image[tags.used])
    while True:
        yield from random.permutation(known).tolist()


def _batch(corpus: Corpus, tags: Tags, pictures: list[int], generator: torch.Generator) -> _Batch:
    """Mirrored and turned by 180 degrees at random, boxes moved a little."""
    height, width = INPUT
    regions = [np.flatnonzero((corpus.image == picture) & tags.used) for picture in pictures]
    images = torch.from_numpy(corpus.images[pictures]).permute(0, 3, 1, 2).float() / 255
    image = torch.from_numpy(np.repeat(np.arange(len(pictures)), [len(own) for own in regions]))
    region = np.concatenate(regions)
    boxes = torch.from_numpy(corpus.boxes[region] * INPUT_SCALE).float()
    sides = (boxes[:, 2:] - boxes[:, :2]).repeat(1, 2)
    boxes = boxes + _BOX_NOISE * sides * torch.randn(boxes.shape, generator=generator)
    mirrored = torch.rand(len(pictures), generator=generator) < 0.5
    turned = torch.rand(len(pictures), generator=generator) < 0.25
    images[mirrored] = images[mirrored].flip(3)
    images[turned] = images[turned].flip(2, 3)
    backwards = (mirrored ^ turned)[image]
    boxes[backwards] = torch.stack([width - boxes[:, 2], boxes[:, 1], width - boxes[:, 0], boxes[:, 3]], 1)[backwards]
    down = turned[image]
    boxes[down] = torch.stack([boxes[:, 0], height - boxes[:, 3], boxes[:, 2], height - boxes[:, 1]], 1)[down]
    return _Batch(images, boxes, image, region)


def _with_mosaics(batch: _Batch, singles: Singles, count: int, generator: torch.Generator) -> _Batch:
    """Starter things, side by side on pictures of their own: what the starter knew stays alive."""
    if count == 0:
        return batch
    rows, columns = INPUT[0] // _CELL, INPUT[1] // _CELL
    things, concepts = singles.batch(count * rows * columns, _CELL, generator)
    grid = things.view(count, rows, columns, 3, _CELL, _CELL).permute(0, 3, 1, 4, 2, 5)
    mosaics = grid.reshape(count, 3, rows * _CELL, columns * _CELL)
    y, x = torch.meshgrid(torch.arange(rows) * _CELL, torch.arange(columns) * _CELL, indexing="ij")
    corners = torch.stack([x, y], -1).reshape(-1, 2).float().repeat(count, 1)
    margin = 0.12 * _CELL  # singles stand in a border of background
    boxes = torch.cat([corners + margin, corners + _CELL - margin], 1)
    image = len(batch.pixels) + torch.arange(count).repeat_interleave(rows * columns)
    return _Batch(
        torch.cat([batch.pixels, mosaics]), torch.cat([batch.boxes, boxes]), torch.cat([batch.image, image]),
        np.concatenate([batch.region, NONE - concepts.numpy()]),
    )  # fmt: skip


def _compared(region: Ints, tags: Tags, random: np.random.Generator) -> tuple[Ints, Comparisons]:
    """The texts of a batch, and how its regions stand to them; one accepted tag of each at random is its positive."""
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
    weights = np.where(replayed, 1.0, tags.weight[own]).astype(np.float64)
    return texts, Comparisons(
        texts=len(texts),
        positive=np.where(positive == NONE, NONE, place[positive]),
        accepted=_pairs(accepted, place),
        rejected=_pairs(rejected, place),
        weights=weights,
    )


def _pairs(marks: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], place: Ints) -> Ints:
    rows, columns = np.nonzero(marks)
    return np.stack([rows, place[columns]], 1).astype(np.int64)
