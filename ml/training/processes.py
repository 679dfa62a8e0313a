"""One process of a training run, alone or under torchrun."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, TypeVar

import torch
from torch import Tensor, nn
from torch import distributed as dist

T = TypeVar("T")

_BUCKET: Final = 2**23
"""Elements that are summed over processes in one go: 32 MB of float32."""


@dataclass(frozen=True)
class Process:
    """`rank` of `count` processes; `device` is where this one computes."""

    rank: int
    count: int
    device: torch.device

    @property
    def first(self) -> bool:
        return self.rank == 0

    def total(self, values: Sequence[float]) -> list[float]:
        """The sum over processes, per place. Every process must call it with as many values."""
        if self.count == 1:
            return list(values)
        tensor = torch.tensor(values, dtype=torch.float64, device=self.device)
        dist.all_reduce(tensor)
        return [float(value) for value in tensor.tolist()]

    def gathered(self, value: T) -> list[T]:
        """The value of every process, in order of rank."""
        if self.count == 1:
            return [value]
        values: list[T | None] = [None] * self.count
        dist.all_gather_object(values, value)
        return [value for value in values if value is not None]

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replaces every gradient by its mean over processes; a missing one counts as zero, and becomes it."""
        gradients = [_gradient(parameter) for parameter in parameters]
        if self.count == 1:
            return
        for bucket in _buckets(gradients):
            flat = torch.cat([gradient.reshape(-1) for gradient in bucket])
            dist.all_reduce(flat)
            flat /= self.count
            for gradient, mean in zip(bucket, flat.split([gradient.numel() for gradient in bucket]), strict=True):
                gradient.copy_(mean.view_as(gradient))

    def share_state(self, model: nn.Module) -> None:
        """Every process starts from the first one's parameters and buffers."""
        if self.count > 1:
            for tensor in model.state_dict().values():
                dist.broadcast(tensor, src=0)


@contextmanager
def joined(device: str | None) -> Iterator[Process]:
    """Joins the group that torchrun describes in the environment; alone where there is none.

    `device`: a torch device, or None for CUDA where there is one. Under torchrun each process takes the GPU of its
    local rank.
    """
    count = int(os.environ.get("WORLD_SIZE", "1"))
    rank = int(os.environ.get("RANK", "0"))
    chosen = _device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    if chosen.type == "cuda":
        torch.cuda.set_device(chosen)
    if count == 1:
        yield Process(0, 1, chosen)
        return
    dist.init_process_group("nccl" if chosen.type == "cuda" else "gloo")
    try:
        yield Process(rank, count, chosen)
    finally:
        dist.destroy_process_group()


def _device(name: str) -> torch.device:
    try:
        return torch.device(f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if name == "cuda" else name)
    except RuntimeError as error:
        raise ValueError(f"--device {name}: {error}") from error


def _gradient(parameter: nn.Parameter) -> Tensor:
    if parameter.grad is None:
        parameter.grad = torch.zeros_like(parameter)
    return parameter.grad


def _buckets(gradients: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    bucket: list[Tensor] = []
    held = 0
    for gradient in gradients:
        if bucket and (held + gradient.numel() > _BUCKET or bucket[0].dtype != gradient.dtype):
            yield bucket
            bucket, held = [], 0
        bucket.append(gradient)
        held += gradient.numel()
    if bucket:
        yield bucket
