"""The learning rate against its closed form."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, SequentialLR

from ml.training.schedules import learning_rate, warmup_steps


def rates(steps: int, warmup: int) -> list[float]:
    return [learning_rate(step, steps=steps, peak=5e-4, warmup=warmup) for step in range(steps)]


def test_the_warm_up_is_linear_and_a_tenth_of_the_steps() -> None:
    warmup = warmup_steps(10_000, 0.1)
    assert warmup == 1_000
    found = rates(10_000, warmup)
    assert found[:1_000] == pytest.approx([5e-4 * (step + 1) / 1_000 for step in range(1_000)])
    assert max(found) == found[999] == found[1_000] == 5e-4


def test_the_cosine_falls_to_nothing() -> None:
    found = rates(10_000, 1_000)
    assert found[5_500] == pytest.approx(2.5e-4)  # half way
    assert found[1_000 + 3_000] == pytest.approx(5e-4 * (1 + math.cos(math.pi / 3)) / 2)
    assert 0 < found[-1] < 1e-10
    assert learning_rate(10_000, steps=10_000, peak=5e-4, warmup=1_000) == 0
    assert all(before > after for before, after in pairwise(found[1_000:]))


def test_it_is_the_schedule_that_torch_computes_step_by_step() -> None:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=5e-4)
    linear = LinearLR(optimizer, start_factor=1 / 10, end_factor=1.0, total_iters=9)
    theirs = SequentialLR(optimizer, [linear, CosineAnnealingLR(optimizer, T_max=90)], milestones=[10])
    found = []
    for _ in range(100):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        theirs.step()
    assert rates(100, 10) == pytest.approx(found, abs=1e-12)


def test_a_run_of_a_few_steps_has_no_warm_up() -> None:
    assert warmup_steps(4, 0.1) == 0
    assert rates(1, 0) == [5e-4]
