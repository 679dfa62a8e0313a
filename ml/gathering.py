"""Rows of all processes on every process, with gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch import distributed as dist

T = TypeVar("T")


def place() -> tuple[int, int]:
    """(rank, number of processes); (0, 1) outside a process group."""
    return (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)


def gathered_values(value: T) -> list[T]:
    """The (small, picklable) value of every process, in order of rank."""
    if place()[1] == 1:
        return [value]
    values: list[Any] = [None] * place()[1]
    dist.all_gather_object(values, value)
    return values


def gathered_rows(rows: Tensor, counts: Sequence[int]) -> Tensor:
    """(n, D) of this process -> (sum of n, D) of all, in order of rank. counts: every process' n; they may differ.

    The backward sums the gradients that all processes have for these rows. It is a collective: every process must run
    it, and so each loss must depend on the result.
    """
    if len(counts) == 1:
        return rows
    if torch.is_grad_enabled() and not rows.requires_grad:
        rows = rows.detach().requires_grad_()  # a process whose rows are constant takes part all the same
    gathered: Tensor = _Gather.apply(rows, tuple(counts))  # type: ignore[no-untyped-call]
    return gathered


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, rows: Tensor, counts: tuple[int, ...]) -> Tensor:
        context.counts = counts
        padded = rows.new_zeros(max(counts), *rows.shape[1:])
        padded[: len(rows)] = rows
        parts = [torch.empty_like(padded) for _ in counts]
        dist.all_gather(parts, padded)
        return torch.cat([part[:count] for part, count in zip(parts, counts, strict=True)])

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        counts = context.counts
        padded = gradient.new_zeros(len(counts), max(counts), *gradient.shape[1:])
        for part, own in zip(padded, gradient.split(counts), strict=True):
            part[: len(own)] = own
        total = torch.empty_like(padded[0])
        dist.reduce_scatter(total, list(padded))
        return total[: counts[dist.get_rank()]], None


def summed(values: Tensor) -> Tensor:
    """The sum over processes, without gradient."""
    total = values.detach().clone()
    if place()[1] > 1:
        dist.all_reduce(total)
    return total
