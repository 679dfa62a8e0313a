"""AdamW over the parameters that learn, and its state as named tensors."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.optim import AdamW

from ml.checkpoint import CheckpointError
from ml.training.configs import TrainingConfig
from ml.training.tasks import TrainingTask

Parameters = dict[str, nn.Parameter]


def trainable_parameters(task: TrainingTask, model: nn.Module) -> Parameters:
    """By name; all others are frozen. Raises ValueError where a name comes twice or there is none."""
    chosen: Parameters = {}
    for name, parameter in task.trainable(model):
        if name in chosen:
            raise ValueError(f"the task names the parameter {name} twice")
        chosen[name] = parameter
    if not chosen:
        raise ValueError("the task leaves no parameter to train")
    model.requires_grad_(False)
    for parameter in chosen.values():
        parameter.requires_grad_(True)
    return chosen


def adamw(parameters: Parameters, config: TrainingConfig) -> AdamW:
    return AdamW(parameters.values(), lr=0.0, betas=config.betas, weight_decay=config.weight_decay)


def optimizer_tensors(optimizer: AdamW, parameters: Parameters) -> dict[str, Tensor]:
    """Every state tensor as "<parameter>|<name>"."""
    return {
        f"{name}|{part}": tensor
        for name, parameter in parameters.items()
        for part, tensor in optimizer.state[parameter].items()
    }


def restore_optimizer(optimizer: AdamW, parameters: Parameters, tensors: Mapping[str, Tensor]) -> None:
    """The inverse of `optimizer_tensors`. Raises CheckpointError where the parameters are others."""
    optimizer.state.clear()
    for key, tensor in tensors.items():
        name, _, part = key.rpartition("|")
        parameter = parameters.get(name)
        if parameter is None or (part != "step" and tensor.shape != parameter.shape):
            raise CheckpointError(f"the optimizer's state {key} belongs to no parameter that trains")
        # AdamW keeps its step counts on the CPU.
        device = torch.device("cpu") if part == "step" else parameter.device
        optimizer.state[parameter][part] = tensor.to(device)
    if lacking := [name for name, parameter in parameters.items() if not optimizer.state[parameter]]:
        raise CheckpointError(f"the optimizer's state of {lacking[0]} is missing")
