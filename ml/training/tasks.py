"""What a model family tells the trainer: how a record becomes a batch, and a batch a loss.

A family implements `TrainingTask` in its `training.py`; `ml.registry` finds it by the kind of the model.

Two rules make every run repeatable and equal on one or many processes:

* `transform` is pure: its randomness comes from the generator it is given, which is seeded by the manifest line and
  the epoch. It runs in the data workers, so a task must not hold the model.
* Randomness inside the network (dropout) comes from torch's global generator, which the trainer seeds for every
  micro-batch. A network that mixes the items of a micro-batch (batch normalisation in training mode) makes gradient
  accumulation differ from the joint batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
from PIL import Image
from torch import Tensor, nn

from ml.data.manifests import Record

Sample = Any
"""What `transform` makes of one record: anything that a data worker can send to the trainer."""

Batch = dict[str, Any]
"""One micro-batch of one kind. Tensors (also inside lists and dicts) are moved to the device, the rest stays as it is.
`counts`: dict[str, int] with `images` and `regions`, and whatever else should be summed into the progress file
(for example `truncated_texts`)."""

Embeddings = dict[str, Tensor]
"""What the loss of a contrastive objective needs of one micro-batch, by name; differentiable float tensors."""


@dataclass(frozen=True)
class LossParts:
    """`total`: the scalar to minimise, with its graph. `parts`: what the progress file shows beside it."""

    total: Tensor
    parts: dict[str, float] = field(default_factory=dict)


@runtime_checkable
class SeparableObjective(Protocol):
    """A weighted mean over things that do not see each other, such as tokens."""

    def size(self, batch: Batch) -> float:
        """What the micro-batch weighs in the mean (for example the number of target tokens); 0 leaves it out.

        Known without the network. The trainer sums it over micro-batches and processes, so that the step minimises the
        mean of the joint batch: sum(size_i * loss_i) / sum(size_i)."""

    def loss(self, model: nn.Module, batch: Batch) -> LossParts:
        """The mean over this micro-batch alone."""


@runtime_checkable
class ContrastiveObjective(Protocol):
    """A loss that compares the items of the joint batch with each other."""

    def embed(self, model: nn.Module, batch: Batch) -> Embeddings:
        """The network's part, one micro-batch at a time. With gradient accumulation it runs twice (once without a
        graph), so that memory is that of one micro-batch and the loss that of the joint batch."""

    def contrast(self, model: nn.Module, embeddings: Sequence[Embeddings], batches: Sequence[Batch]) -> LossParts:
        """The loss of the joint batch: all micro-batches of this process (parallel to `batches`) and, in a process
        group, those of all others, gathered with gradients (`ml.gathering`).

        Every process returns the loss of the joint batch. The trainer averages parameter gradients over processes, so
        the backward of the gathering has to sum over processes. `batches` hold what `collate` made (texts, indices);
        the same text may be in several of them. Own parameters (the logit scale) may be used directly."""


Objective = SeparableObjective | ContrastiveObjective


class TrainingTask(Protocol):
    @property
    def objectives(self) -> Mapping[str, Objective]:
        """By the manifest's `task`: "align", "generate". Records of other tasks are left out. The step minimises the
        sum over all objectives, each with its own batch size."""

    @classmethod
    def for_model(cls, model: nn.Module, options: Mapping[str, Any]) -> Self:
        """Takes from the model what the data workers need (tokenizer, sizes), and the options of the configuration's
        `training.task`; raises ValueError for an option that does not exist."""

    def transform(self, record: Record, image: Image.Image, generator: np.random.Generator) -> Sample:
        """`image`: RGB, rotated as EXIF says, of the record's size. ValueError = a bad line, counted and left out."""

    def collate(self, kind: str, samples: Sequence[Sample]) -> Batch:
        """One micro-batch of at least one sample, in the given order."""

    def trainable(self, model: nn.Module) -> Iterable[tuple[str, nn.Parameter]]:
        """The parameters that learn, with their unique names, in a fixed order. The trainer freezes all others."""
