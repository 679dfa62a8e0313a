"""The gradient of the joint batch, whichever way it is cut into micro-batches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext

import pytest
import torch

from ml.training.gradients import Pass, contrastive_backward, separable_backward
from ml.training.tasks import Batch
from tests.ml.training.toys import SIDE, Align, Generate, Toy, ToyConfig

TEXTS = ["red", "a green thing", "blue", "yellow", "black", "white", "orange"]


@pytest.fixture(autouse=True)
def _double() -> Iterator[None]:
    """In float64 two ways of summing differ by nothing that matters."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def toy(dropout: float = 0.0) -> Toy:
    torch.manual_seed(0)
    return Toy(ToyConfig(dropout=dropout))


def batches(cuts: list[int]) -> list[Batch]:
    pixels = torch.randn(len(TEXTS), 3 * SIDE * SIDE, generator=torch.Generator().manual_seed(1))
    parts, start = [], 0
    for cut in cuts:
        texts = TEXTS[start : start + cut]
        targets = [torch.tensor(list(text.encode())) for text in texts]
        parts.append({"pixels": pixels[start : start + cut], "texts": texts, "targets": targets})
        start += cut
    return parts


def gradients(model: Toy) -> dict[str, torch.Tensor]:
    return {name: parameter.grad for name, parameter in model.named_parameters() if parameter.grad is not None}


def plain() -> Pass:
    return Pass(lambda index: None, nullcontext)


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor], tolerance: float) -> bool:
    assert one.keys() == other.keys()
    return all(torch.allclose(one[name], other[name], rtol=0, atol=tolerance) for name in one)


@pytest.mark.parametrize("cuts", [[3, 4], [1, 1, 1, 1, 1, 1, 1], [6, 1]])
def test_a_contrastive_loss_over_micro_batches_is_that_of_the_joint_batch(cuts: list[int]) -> None:
    joint, cut = toy(), toy()
    whole = contrastive_backward(Align(), joint, batches([7]), plain())
    parts = contrastive_backward(Align(), cut, batches(cuts), plain())
    # The loss itself is computed in float32.
    assert float(parts.total.detach()) == pytest.approx(float(whole.total.detach()), rel=1e-6)
    assert same(gradients(joint), gradients(cut), 1e-7)
    # The micro-batches by themselves would give another gradient.
    alone = toy()
    for batch in batches(cuts):
        contrastive_backward(Align(), alone, [batch], plain())
    assert not same(gradients(joint), gradients(alone), 1e-3)


def test_both_passes_over_a_micro_batch_see_the_same_dropout() -> None:
    """Against the loss taken with the graphs of all micro-batches at once."""

    def seed(index: int) -> None:
        torch.manual_seed(100 + index)

    direct, cached = toy(0.5), toy(0.5)
    embeddings = []
    for index, batch in enumerate(batches([3, 4])):
        seed(index)
        embeddings.append({name: part.float() for name, part in Align().embed(direct, batch).items()})
    Align().contrast(direct, embeddings, batches([3, 4])).total.backward()
    contrastive_backward(Align(), cached, batches([3, 4]), Pass(seed, nullcontext))
    assert same(gradients(direct), gradients(cached), 1e-7)


@pytest.mark.parametrize("cuts", [[3, 4], [1, 6], [2, 2, 3]])
def test_a_separable_loss_weighs_micro_batches_by_what_they_hold(cuts: list[int]) -> None:
    joint, cut = toy(), toy()
    size = sum(len(text) for text in TEXTS)
    whole = separable_backward(Generate(), joint, batches([7]), plain(), size=size, scale=1)
    parts = separable_backward(Generate(), cut, batches(cuts), plain(), size=size, scale=1)
    assert float(parts.total.detach()) == pytest.approx(float(whole.total.detach()), rel=1e-12)
    assert parts.parts["letters"] == pytest.approx(whole.parts["letters"], rel=1e-12)
    assert same(gradients(joint), gradients(cut), 1e-12)


def test_the_parts_of_two_processes_average_to_the_joint_gradient() -> None:
    joint, one, other = toy(), toy(), toy()
    size = sum(len(text) for text in TEXTS)
    separable_backward(Generate(), joint, batches([7]), plain(), size=size, scale=1)
    mine, theirs = batches([2, 5])
    separable_backward(Generate(), one, [mine], plain(), size=size, scale=2)
    separable_backward(Generate(), other, [theirs], plain(), size=size, scale=2)
    average = {name: (gradient + gradients(other)[name]) / 2 for name, gradient in gradients(one).items()}
    assert same(gradients(joint), average, 1e-12)
