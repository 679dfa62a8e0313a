"""The configuration of a run: a YAML file with the parts `model` and `training`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from annotated_types import Ge, Gt, Le, MinLen
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from ml.checkpoint import read_config
from ml.data.manifests import TASKS
from ml.registry import ModelConfig, family_of

PRETRAINING_RATE: Final = 5e-4
FINE_TUNING_RATE: Final = 5e-5
PRESETS: Final = ("tiny", "base", "paper")

Positive = Annotated[int, Gt(0)]


class ConfigError(ValueError):
    """A configuration that cannot be used. The text names the file and the field."""


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class TrainingConfig:
    """Defaults are the papers' (V1, appendix D.2).

    batch: records (lines) in the joint batch of a step, by kind; kinds that are not named are not trained.
    micro_batch: records that one process computes at a time; its whole part of the batch where not named.
    steps, epochs: exactly one. An epoch lasts until every kind has been used once.
    learning_rate: of the peak; 5e-4, or 5e-5 where the run starts from a checkpoint.
    warmup: share of the steps. clip_norm: bound of the gradient's norm; none by default.
    workers: processes that decode images, for each training process.
    checkpoint_every, report_every: steps. keep: checkpoints that stay.
    max_bad_share: of the manifests' lines.
    task: options of the family's objective.
    """

    batch: Annotated[dict[str, Positive], MinLen(1)]
    micro_batch: dict[str, Positive] = field(default_factory=dict)
    steps: Positive | None = None
    epochs: Annotated[float, Gt(0)] | None = None
    learning_rate: Annotated[float, Gt(0)] | None = None
    warmup: Annotated[float, Ge(0), Le(1)] = 0.1
    betas: tuple[Annotated[float, Ge(0), Le(1)], Annotated[float, Ge(0), Le(1)]] = (0.9, 0.999)
    weight_decay: Annotated[float, Ge(0)] = 0.0
    clip_norm: Annotated[float, Gt(0)] | None = None
    precision: Literal["float32", "bfloat16"] = "float32"
    seed: Annotated[int, Ge(0)] = 0
    workers: Annotated[int, Ge(0)] = 2
    checkpoint_every: Positive = 500
    keep: Positive = 3
    report_every: Positive = 10
    max_bad_share: Annotated[float, Ge(0), Le(1)] = 0.01
    task: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.epochs is None):
            raise ValueError("exactly one of steps and epochs must be given")
        if unknown := set(self.batch) - set(TASKS):
            raise ValueError(f"batch names {min(unknown)}; there are {', '.join(TASKS)}")
        if extra := set(self.micro_batch) - set(self.batch):
            raise ValueError(f"micro_batch names {min(extra)}, batch does not")


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class RunConfig:
    """`model`: `kind`, perhaps `preset`, and fields of the family's configuration that replace the preset's."""

    model: dict[str, Any]
    training: TrainingConfig


def read_run_config(path: Path, changes: Sequence[str] = ()) -> RunConfig:
    """`changes`: "training.steps=100" replaces one field; the value is YAML. Raises ConfigError."""
    try:
        values = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not YAML: {error}") from error
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: must have the parts model and training")
    for change in changes:
        _change(values, change)
    try:
        return TypeAdapter(RunConfig).validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{path}: {where}: {first['msg']}") from error


def model_config(values: Mapping[str, Any], init: Path | None) -> ModelConfig:
    """From `RunConfig.model`. With a checkpoint to start from, its configuration takes the preset's place."""
    fields = dict(values)
    preset = fields.pop("preset", None)
    kind = fields.get("kind")
    if not isinstance(kind, str):
        raise ConfigError('model.kind is missing: "rclip" or "asm"')
    family = family_of(kind).config_class()
    if init is not None:
        base = read_config(init)
        if base["kind"] != kind:
            raise ConfigError(f"{init} is of kind {base['kind']!r}, the configuration of kind {kind!r}")
    elif preset is not None:
        if preset not in PRESETS:
            raise ConfigError(f"model.preset must be one of {', '.join(PRESETS)}, not {preset!r}")
        base = getattr(family, preset)().to_dict()
    elif fields.keys() == {"kind"}:
        raise ConfigError(
            "this configuration describes no network: start from a checkpoint (--init) or give model.preset"
        )
    else:
        base = {}
    return family.from_dict(_merged(base, fields))


def _merged(base: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Mappings are merged, everything else is replaced."""
    merged = dict(base)
    for name, value in fields.items():
        old = merged.get(name)
        merged[name] = _merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def _change(values: dict[str, Any], change: str) -> None:
    name, equals, text = change.partition("=")
    *parents, last = name.strip().split(".")
    if not equals or not parents:
        raise ConfigError(f"--set {change}: must look like training.steps=100")
    place = values
    for parent in parents:
        place = place.setdefault(parent, {})
        if not isinstance(place, dict):
            raise ConfigError(f"--set {change}: {parent} has no parts")
    try:
        place[last] = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"--set {change}: the value is not YAML") from error
