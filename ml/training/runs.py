"""What a run is made of, before its first step."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, cast

import torch
from torch import nn

from ml.checkpoint import load_model
from ml.data.surveys import Survey
from ml.registry import CheckpointModel, family_of
from ml.training.configs import (
    FINE_TUNING_RATE,
    PRETRAINING_RATE,
    ConfigError,
    RunConfig,
    TrainingConfig,
    model_config,
)
from ml.training.provenance import manifests_of, parent_of
from ml.training.tasks import TrainingTask

_MAY_CHANGE: Final = frozenset({"micro_batch", "workers", "checkpoint_every", "keep", "report_every", "max_bad_share"})
"""Settings that a resumed run may have other values of: they do not change what is learned."""


@dataclass(frozen=True)
class Run:
    """A configuration and what was built from it. `init`: the checkpoint it starts from."""

    config: TrainingConfig
    model: nn.Module
    task: TrainingTask
    out: Path
    init: Path | None

    @property
    def kinds(self) -> tuple[str, ...]:
        """What is trained, in the order in which a step takes it."""
        return tuple(sorted(self.config.batch))

    @property
    def peak_rate(self) -> float:
        default = PRETRAINING_RATE if self.init is None else FINE_TUNING_RATE
        return self.config.learning_rate or default

    def steps(self, survey: Survey) -> int:
        """Of the whole run. An epoch uses every place of the longest kind once; shorter kinds go round again."""
        if self.config.steps is not None:
            return self.config.steps
        epochs = cast(float, self.config.epochs)
        return max(math.ceil(survey.total(kind) * epochs / self.config.batch[kind]) for kind in self.kinds)

    def identity(self, survey: Survey) -> dict[str, Any]:
        """As JSON: what two runs must share to be the same one."""
        training = {name: value for name, value in asdict(self.config).items() if name not in _MAY_CHANGE}
        model = cast(CheckpointModel, self.model)
        identity = {
            "manifests": manifests_of(survey),
            "parent": parent_of(self.init),
            "model": model.config.to_dict(),
            "training": {**training, "learning_rate": self.peak_rate},
        }
        read_back: dict[str, Any] = json.loads(json.dumps(identity))  # tuples become lists, as in a checkpoint
        return read_back


def prepare(config: RunConfig, *, out: Path, init: Path | None, processes: int) -> Run:
    """Builds the model (new, or that of the checkpoint `init`) and its task. Raises ValueError."""
    training = config.training
    torch.manual_seed(training.seed)
    wanted = model_config(config.model, init)
    values = wanted.to_dict()
    family = family_of(values["kind"])
    model = family.build_function()(wanted) if init is None else load_model(init, overrides=values)
    task = family.task_class().for_model(model, training.task)
    for kind, batch in training.batch.items():
        if kind not in task.objectives:
            known = ", ".join(task.objectives)
            raise ConfigError(f"training.batch names {kind}; a model of kind {values['kind']} learns {known}")
        if batch < processes:
            raise ConfigError(
                f"training.batch.{kind} is {batch}, fewer than one record for each of {processes} processes"
            )
    return Run(training, model, task, out, init)


def image_folders(manifests: Sequence[Path], images: Path | None) -> tuple[Path, ...]:
    """One per manifest: `images`, or the manifest's own folder."""
    return tuple(images or manifest.parent for manifest in manifests)


def difference(old: dict[str, Any], new: dict[str, Any], name: str = "") -> str | None:
    """Where two identities differ first, in words; None where they do not."""
    for key in sorted({*old, *new}):
        path = f"{name}.{key}" if name else key
        before, after = old.get(key), new.get(key)
        if isinstance(before, dict) and isinstance(after, dict):
            if (found := difference(before, after, path)) is not None:
                return found
        elif before != after:
            return f"{path} was {before!r} and is {after!r}"
    return None
