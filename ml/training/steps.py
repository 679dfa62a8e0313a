"""One optimizer step over the joint batch of all processes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import nn
from torch.optim import AdamW

from ml.data.batches import MicroBatch
from ml.data.manifests import TASKS
from ml.training.gradients import Pass, contrastive_backward, separable_backward
from ml.training.optimizers import Parameters
from ml.training.processes import Process
from ml.training.runs import Run
from ml.training.tasks import Batch, ContrastiveObjective, LossParts


@dataclass(frozen=True)
class Outcome:
    """`means`: "loss", "<kind>" and "<kind>.<part>"; parts of separable objectives are the first process's own.
    `skipped`: kinds left out since a process had no usable line. Where `finite` is false nothing was applied."""

    finite: bool
    means: dict[str, float]
    gradient_norm: float
    skipped: tuple[str, ...]


class Stepper:
    """Model, optimizer and processes, and how they make one step."""

    def __init__(self, run: Run, parameters: Parameters, optimizer: AdamW, process: Process) -> None:
        self._run = run
        self._parameters = parameters
        self._optimizer = optimizer
        self._process = process

    def step(self, number: int, batches: Mapping[str, Sequence[MicroBatch]], rate: float) -> Outcome:
        """Step `number` (from 0) at learning rate `rate`."""
        self._run.model.train()
        self._optimizer.zero_grad(set_to_none=True)
        usable = {kind: _usable(parts) for kind, parts in batches.items()}
        weights, skipped = self._weights(usable)
        means: dict[str, float] = {}
        for kind in self._run.kinds:
            if kind not in skipped:
                loss = self._backward(number, kind, usable[kind], weights[kind])
                means[kind] = float(loss.total.detach())
                means.update({f"{kind}.{name}": value for name, value in loss.parts.items()})
        means = self._joint(means, skipped)
        self._process.average_gradients(self._parameters.values())
        norm = self._clip()
        finite = math.isfinite(norm) and all(math.isfinite(value) for value in means.values())
        if finite and means:
            for group in self._optimizer.param_groups:
                group["lr"] = rate
            self._optimizer.step()
        return Outcome(finite, means, norm, skipped)

    def _weights(self, usable: Mapping[str, Sequence[Batch]]) -> tuple[dict[str, float], tuple[str, ...]]:
        """The joint size of each kind; and the kinds that are left out, on which all processes agree."""
        kinds = self._run.kinds
        sizes = []
        for kind in kinds:
            objective = self._run.task.objectives[kind]
            if isinstance(objective, ContrastiveObjective):
                sizes.append(0.0 if usable[kind] else 1.0)
            else:
                sizes.append(sum(objective.size(batch) for batch in usable[kind]))
        joint = dict(zip(kinds, self._process.total(sizes), strict=True))
        skipped = []
        for kind in kinds:
            contrastive = isinstance(self._run.task.objectives[kind], ContrastiveObjective)
            if (joint[kind] > 0) == contrastive:
                skipped.append(kind)
        return joint, tuple(skipped)

    def _backward(self, number: int, kind: str, batches: Sequence[Batch], size: float) -> LossParts:
        objective = self._run.task.objectives[kind]
        way = Pass(self._seeding(number, kind), self._precision)
        if isinstance(objective, ContrastiveObjective):
            return contrastive_backward(objective, self._run.model, batches, way)
        return separable_backward(objective, self._run.model, batches, way, size=size, scale=self._process.count)

    def _seeding(self, number: int, kind: str) -> _Seeding:
        return _Seeding((self._run.config.seed, number, TASKS.index(kind), self._process.rank))

    def _precision(self) -> AbstractContextManager[object]:
        bfloat16 = self._run.config.precision == "bfloat16"
        return torch.autocast(self._process.device.type, dtype=torch.bfloat16, enabled=bfloat16)

    def _joint(self, means: dict[str, float], skipped: Sequence[str]) -> dict[str, float]:
        """`means` with the losses of the joint batch, and their sum."""
        kinds = [kind for kind in self._run.kinds if kind not in skipped]
        # A contrastive loss is the joint one everywhere, a separable one the process's part of the sum.
        own = [
            means[kind] / self._process.count
            if isinstance(self._run.task.objectives[kind], ContrastiveObjective)
            else means[kind]
            for kind in kinds
        ]
        totals = self._process.total(own)
        if not kinds:
            return {}
        return {**means, **dict(zip(kinds, totals, strict=True)), "loss": sum(totals)}

    def _clip(self) -> float:
        gradients = [cast(torch.Tensor, parameter.grad) for parameter in self._parameters.values()]
        norm = nn.utils.get_total_norm(gradients)
        if self._run.config.clip_norm is not None:
            nn.utils.clip_grads_with_norm_(self._parameters.values(), self._run.config.clip_norm, norm)
        return float(norm)


class _Seeding:
    """Seeds torch for each micro-batch: what was drawn before does not matter, so a resumed run draws the same."""

    def __init__(self, key: tuple[int, ...]) -> None:
        self._key = key

    def __call__(self, index: int) -> None:
        torch.manual_seed(int(np.random.SeedSequence([*self._key, index]).generate_state(1, np.uint64)[0] >> 1))


def _usable(parts: Sequence[MicroBatch]) -> list[Batch]:
    return [part.batch for part in parts if part.batch is not None]
