"""Model families by kind: where their classes are. Imported only when one is used."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

from torch import nn

from ml.training.tasks import TrainingTask


class UnknownKind(ValueError):
    """No family of this name; the text lists those there are."""


class ModelConfig(Protocol):
    """A frozen dataclass. Presets (`tiny`, `base`, `paper`) are classmethods that need no argument."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it, with `kind`."""

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`. Raises ValueError that names an unknown, missing or impossible field."""


class CheckpointModel(Protocol):
    """What a family's `nn.Module` has beside its network, so that `ml.checkpoint` can save it."""

    @property
    def config(self) -> Any:
        """The `ModelConfig` it was built from."""

    def save_assets(self, folder: Path) -> None:
        """Writes what `restore` reads beside config and weights: tokenizer files. May write nothing."""

    def left_out(self) -> frozenset[str]:
        """Names in `state_dict()` that a checkpoint leaves out because `restore` reads them elsewhere; mostly empty."""


class Build(Protocol):
    def __call__(self, config: Any, /) -> nn.Module:
        """A new model, with the starting weights that its configuration names."""


class Restore(Protocol):
    def __call__(self, config: Any, folder: Path, /) -> nn.Module:
        """The same network without its weights (those in `left_out` excepted), reading assets from `folder` and
        nothing from any hub; `ml.checkpoint` fills the weights in."""


@dataclass(frozen=True)
class ModelFamily:
    """Each field is "module:name"."""

    config: str
    build: str
    restore: str
    task: str

    def config_class(self) -> type[ModelConfig]:
        found: type[ModelConfig] = _imported(self.config)
        return found

    def build_function(self) -> Build:
        found: Build = _imported(self.build)
        return found

    def restore_function(self) -> Restore:
        found: Restore = _imported(self.restore)
        return found

    def task_class(self) -> type[TrainingTask]:
        found: type[TrainingTask] = _imported(self.task)
        return found


FAMILIES: dict[str, ModelFamily] = {
    "rclip": ModelFamily(
        config="ml.rclip.config:RClipConfig",
        build="ml.rclip.model:build_rclip",
        restore="ml.rclip.model:restore_rclip",
        task="ml.rclip.training:RClipTask",
    ),
    "asm": ModelFamily(
        config="ml.asm.config:ASMConfig",
        build="ml.asm.building:build_asm",
        restore="ml.asm.building:restore_asm",
        task="ml.asm.training:ASMTask",
    ),
}


def family_of(kind: str) -> ModelFamily:
    """Raises UnknownKind."""
    try:
        return FAMILIES[kind]
    except KeyError:
        raise UnknownKind(f"no model of kind {kind!r} is known; there are {', '.join(sorted(FAMILIES))}") from None


def _imported(name: str) -> Any:
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)
