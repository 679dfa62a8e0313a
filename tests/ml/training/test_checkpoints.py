"""Checkpoints of a run: whole or not at all, the last ones kept, damage noticed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ml.checkpoint import CheckpointError, CheckpointNotWritten, load_model
from ml.training.checkpoints import Checkpoints
from ml.training.configs import TrainingConfig
from ml.training.optimizers import adamw, optimizer_tensors, restore_optimizer, trainable_parameters
from tests.ml.training.toys import Toy, ToyConfig, ToyTask


@pytest.fixture
def toy() -> Toy:
    torch.manual_seed(0)
    return Toy(ToyConfig())


def write(checkpoints: Checkpoints, step: int, toy: Toy) -> Path:
    return checkpoints.write(step, toy, {"a|step": torch.tensor(float(step))}, {"seen": step}, {"by": "a test"})


def test_the_newest_comes_back_with_its_state(tmp_path: Path, toy: Toy) -> None:
    checkpoints = Checkpoints(tmp_path / "checkpoints", keep=2)
    assert checkpoints.latest([]) is None
    for step in (8, 9, 10):
        write(checkpoints, step, toy)
    saved = checkpoints.latest([])
    assert saved is not None
    assert (saved.step, saved.state) == (10, {"seen": 10, "step": 10})
    assert saved.optimizer()["a|step"] == 10
    assert sorted(path.name for path in checkpoints.folder.iterdir()) == ["step-00000009", "step-00000010"]
    assert isinstance(load_model(saved.folder), Toy)


@pytest.mark.parametrize(
    "name", ["model.safetensors", "optimizer.safetensors", "config.json", "state.json", "note.json", "provenance.json"]
)
@pytest.mark.parametrize("harm", ["flip", "cut", "remove"])
def test_any_damage_to_any_file_is_noticed_and_said(tmp_path: Path, toy: Toy, name: str, harm: str) -> None:
    checkpoints = Checkpoints(tmp_path, keep=3)
    write(checkpoints, 1, toy)
    file = write(checkpoints, 2, toy) / name
    data = file.read_bytes()
    if harm == "remove":
        file.unlink()
    else:
        file.write_bytes(data[:-1] if harm == "cut" else data[:-2] + bytes([data[-2] ^ 4]) + data[-1:])
    refused: list[str] = []
    saved = checkpoints.latest(refused)
    assert saved is not None
    assert saved.step == 1
    assert len(refused) == 1
    assert f"step-00000002/{name} is {'missing' if harm == 'remove' else 'damaged'}" in refused[0]


def test_a_file_that_does_not_belong_there_is_noticed(tmp_path: Path, toy: Toy) -> None:
    folder = write(Checkpoints(tmp_path, keep=3), 1, toy)
    (folder / "more.bin").write_bytes(b"?")
    assert Checkpoints(tmp_path, keep=3).latest([]) is None


def test_what_a_killed_run_left_half_written_is_no_checkpoint_and_goes_away(tmp_path: Path, toy: Toy) -> None:
    checkpoints = Checkpoints(tmp_path, keep=3)
    write(checkpoints, 1, toy)
    half = tmp_path / ".step-00000002.writing"
    half.mkdir()
    (half / "model.safetensors").write_bytes(b"half")
    saved = checkpoints.latest([])
    assert saved is not None
    assert saved.step == 1
    write(checkpoints, 2, toy)
    assert not half.exists()


def test_a_damaged_checkpoint_is_replaced_when_its_step_comes_again(tmp_path: Path, toy: Toy) -> None:
    checkpoints = Checkpoints(tmp_path, keep=3)
    (write(checkpoints, 1, toy) / "model.safetensors").write_bytes(b"")
    assert checkpoints.latest([]) is None
    write(checkpoints, 1, toy)
    assert checkpoints.latest([]) is not None
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000001"]


def test_a_checkpoint_that_cannot_be_written_leaves_nothing(tmp_path: Path, toy: Toy) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CheckpointNotWritten, match="could not be written"):
        write(Checkpoints(tmp_path / "file", keep=3), 1, toy)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_optimizer_goes_on_as_if_it_had_never_stopped(toy: Toy) -> None:
    config = TrainingConfig(batch={"align": 1}, steps=1)
    other = Toy(ToyConfig())
    other.load_state_dict(toy.state_dict())
    ours, theirs = (trainable_parameters(ToyTask({}), model) for model in (toy, other))
    first, second = adamw(ours, config), adamw(theirs, config)

    def step(parameters: dict[str, torch.nn.Parameter], optimizer: torch.optim.AdamW, number: int) -> None:
        for group in optimizer.param_groups:
            group["lr"] = 0.01
        for parameter in parameters.values():
            parameter.grad = torch.full_like(parameter, 0.1 * number)
        optimizer.step()

    step(ours, first, 1)
    other.load_state_dict(toy.state_dict())
    stored = {name: tensor.clone() for name, tensor in optimizer_tensors(first, ours).items()}
    restore_optimizer(second, theirs, stored)
    for number in (2, 3):
        step(ours, first, number)
        step(theirs, second, number)
    assert all(torch.equal(tensor, other.state_dict()[name]) for name, tensor in toy.state_dict().items())


def test_an_optimizers_state_of_other_parameters_is_refused(toy: Toy) -> None:
    parameters = trainable_parameters(ToyTask({}), toy)
    optimizer = adamw(parameters, TrainingConfig(batch={"align": 1}, steps=1))
    with pytest.raises(CheckpointError, match=r"somebody\.weight\|exp_avg"):
        restore_optimizer(optimizer, parameters, {"somebody.weight|exp_avg": torch.zeros(1)})
    with pytest.raises(CheckpointError, match="is missing"):
        restore_optimizer(optimizer, parameters, {})
