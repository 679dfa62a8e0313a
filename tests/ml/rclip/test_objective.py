"""R-CLIP's objective: its embeddings, the bound of its scale, and one loss whatever a batch is cut into."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor

from ml.checkpoint import load_model, save_model
from ml.rclip.model import RClip
from ml.rclip.objective import AlignObjective
from ml.training.gradients import Pass, contrastive_backward
from ml.training.processes import Process
from ml.training.tasks import Batch, ContrastiveObjective
from tests.ml.processes import in_processes

from .records import samples, task_for
from .towers import VIT, tiny_rclip

# Records of each micro-batch of each of two processes; whether the second process' regions accept any tag.
CASES: dict[str, tuple[tuple[tuple[int, ...], tuple[int, ...]], bool]] = {
    "even": (((3,), (3,)), True),
    "uneven, in micro-batches": (((2, 3), (1,)), True),
    "one without accepted tags": (((3,), (2,)), False),
}


@pytest.fixture
def model(tmp_path: Path) -> RClip:
    return tiny_rclip(tmp_path, VIT)


def batches_of(model: RClip, case: str) -> tuple[list[Batch], list[Batch], Batch]:
    """The micro-batches of either process, and everything as one batch."""
    cuts, accepting = CASES[case]
    task = task_for(model, negatives_without_accepted=True)
    first = samples(task, sum(cuts[0]), seed=1)
    second = samples(task, sum(cuts[1]), seed=2, accepted=accepting)
    parts = []
    for made, sizes in zip((first, second), cuts, strict=True):
        rows = iter(made)
        parts.append([task.collate("align", [next(rows) for _ in range(size)]) for size in sizes])
    return parts[0], parts[1], task.collate("align", first + second)


def step(model: RClip, batches: Sequence[Batch]) -> dict[str, Tensor]:
    """The loss, its parts, and every gradient."""
    model.zero_grad()
    objective = AlignObjective(negatives_without_accepted=True)
    loss = contrastive_backward(objective, model, batches, Pass(lambda _: None, contextlib.nullcontext))
    gradients = {name: parameter.grad for name, parameter in model.named_parameters()}
    return {
        "total": loss.total.detach(),
        "parts": torch.tensor([loss.parts[name] for name in sorted(loss.parts)]),
        **{f"gradient.{name}": gradient.clone() for name, gradient in gradients.items() if gradient is not None},
    }


def one_of_two(checkpoint: str) -> dict[str, Tensor]:
    """What one of two processes computes for every case, its gradients averaged as the trainer does."""
    model = load_model(Path(checkpoint))
    assert isinstance(model, RClip)
    rank = torch.distributed.get_rank()
    results = {}
    for case in CASES:
        results.update({f"{case}: {name}": value for name, value in step(model, batches_of(model, case)[rank]).items()})
        Process(rank, 2, torch.device("cpu")).average_gradients(model.parameters())
        for name, parameter in model.named_parameters():
            assert parameter.grad is not None
            results[f"{case}: gradient.{name}"] = parameter.grad.clone()
    return results


def test_two_processes_compute_the_step_of_one_with_the_joint_batch(model: RClip, tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint"
    save_model(checkpoint, model, {})
    results = in_processes(2, one_of_two, tmp_path, str(checkpoint))
    for case in CASES:
        expected = step(model, [batches_of(model, case)[2]])
        assert expected["total"] > 0
        for name, value in expected.items():
            for result in results:
                torch.testing.assert_close(
                    result[f"{case}: {name}"], value, rtol=2e-4, atol=2e-6, msg=f"{case}: {name}"
                )


def test_embeddings_are_unit_vectors_of_every_region_and_every_text(model: RClip) -> None:
    task = task_for(model)
    batch = task.collate("align", samples(task, 4))
    embedded = AlignObjective().embed(model, batch)
    assert embedded["regions"].shape == (batch["counts"]["regions"], model.width)
    assert embedded["texts"].shape == (batch["counts"]["texts"], model.width)
    for rows in embedded.values():
        torch.testing.assert_close(rows.norm(dim=1), torch.ones(len(rows)))


def test_a_region_is_embedded_as_the_predictor_does(model: RClip) -> None:
    task = task_for(model)
    sample = samples(task, 1)[0]
    embedded = AlignObjective().embed(model, task.collate("align", [sample]))["regions"]
    images = model.preprocessing.normalised(sample.image[None])
    index = torch.zeros(len(sample.boxes), dtype=torch.long)
    direct = model.encode_regions(model.encode_images(images), sample.boxes, index, model.preprocessing.image_size)
    torch.testing.assert_close(embedded, direct)


def test_a_batch_in_which_nothing_was_accepted_changes_nothing(model: RClip) -> None:
    task = task_for(model)
    batch = task.collate("align", samples(task, 2, accepted=False))
    assert len(batch["tokens"]) == 0
    objective = AlignObjective()
    loss = objective.contrast(model, [objective.embed(model, batch)], [batch])
    loss.total.backward()
    assert loss.total.item() == 0
    assert all(not parameter.grad.any() for parameter in model.parameters() if parameter.grad is not None)


def test_the_scale_stays_below_a_hundred(model: RClip) -> None:
    task = task_for(model)
    batch = task.collate("align", samples(task, 3))
    with torch.no_grad():
        model.logit_scale.fill_(9.0)
    objective = AlignObjective()
    loss = objective.contrast(model, [objective.embed(model, batch)], [batch])
    assert model.logit_scale.item() == pytest.approx(math.log(100))
    assert loss.parts["scale"] == pytest.approx(100)
    loss.total.backward()
    assert model.logit_scale.grad is not None
    assert model.logit_scale.grad.item() != 0  # it may come back down


def test_steps_teach_the_accepted_tags_and_unteach_the_rejected_ones(model: RClip) -> None:
    task = task_for(model)
    batch = task.collate("align", samples(task, 8))
    objective = task.objectives["align"]
    assert isinstance(objective, ContrastiveObjective)
    optimizer = torch.optim.AdamW(model.parameters(), 2e-3, weight_decay=0.0)
    for _ in range(30):
        loss = objective.contrast(model, [objective.embed(model, batch)], [batch])
        optimizer.zero_grad()
        loss.total.backward()
        optimizer.step()
    assert loss.parts["accuracy"] > 0.9
