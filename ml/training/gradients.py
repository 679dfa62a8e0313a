"""The gradient of one step's joint batch, micro-batch by micro-batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ml.training.tasks import Batch, ContrastiveObjective, Embeddings, LossParts, SeparableObjective


@dataclass(frozen=True)
class Pass:
    """How one micro-batch runs: `seed(i)` sets torch's generator for the i-th, `precision()` is the autocast."""

    seed: Callable[[int], None]
    precision: Callable[[], AbstractContextManager[object]]


def contrastive_backward(
    objective: ContrastiveObjective, model: nn.Module, batches: Sequence[Batch], run: Pass
) -> LossParts:
    """Adds to the gradients those of the joint loss of all `batches`, while the graph of only one is in memory.

    Several micro-batches are embedded twice: without a graph to get the loss and its gradient with respect to the
    embeddings, then with one to carry that gradient into the network (GradCache, Gao et al. 2021). Both passes see the
    same random numbers. The loss itself is computed in float32, outside autocast.
    """

    def embed(index: int) -> Embeddings:
        run.seed(index)
        with run.precision():
            return objective.embed(model, batches[index])

    if len(batches) == 1:
        loss = objective.contrast(model, [_floats(embed(0))], batches)
        loss.total.backward()
        return loss
    with torch.no_grad():
        embeddings = [_floats(embed(index)) for index in range(len(batches))]
    leaves = [{name: tensor.detach().requires_grad_() for name, tensor in part.items()} for part in embeddings]
    loss = objective.contrast(model, leaves, batches)
    loss.total.backward()
    for index, leaf in enumerate(leaves):
        again = _floats(embed(index))
        pairs = [(again[name], leaf[name].grad) for name in leaf]
        known = [(tensor, gradient) for tensor, gradient in pairs if gradient is not None and tensor.requires_grad]
        if known:
            torch.autograd.backward([tensor for tensor, _ in known], [gradient for _, gradient in known])
    return loss


def separable_backward(
    objective: SeparableObjective, model: nn.Module, batches: Sequence[Batch], run: Pass, *, size: float, scale: float
) -> LossParts:
    """Adds to the gradients `scale` times those of sum(size_i * loss_i) / `size` over `batches`, and returns that sum
    (not scaled). `size` is that of the joint batch of all processes."""
    total: Tensor | None = None
    parts: dict[str, float] = {}
    for index, batch in enumerate(batches):
        share = objective.size(batch) / size
        if share == 0:
            continue
        run.seed(index)
        with run.precision():
            loss = objective.loss(model, batch)
        (loss.total * (share * scale)).backward()
        part = loss.total.detach() * share
        total = part if total is None else total + part
        for name, value in loss.parts.items():
            parts[name] = parts.get(name, 0.0) + value * share
    return LossParts(torch.zeros(()) if total is None else total, parts)


def _floats(embeddings: Embeddings) -> Embeddings:
    return {name: tensor.float() for name, tensor in embeddings.items()}
