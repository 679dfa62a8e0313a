"""Checkpoint folders: what is written comes back, what is damaged is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from ml.checkpoint import CheckpointError, load_model, save_model
from ml.registry import FAMILIES, UnknownKind, family_of
from tests.ml.training.toys import TOY, Toy, ToyConfig


@pytest.fixture(autouse=True)
def _toy_family(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FAMILIES, "toy", TOY)


@pytest.fixture
def toy() -> Toy:
    torch.manual_seed(3)
    return Toy(ToyConfig(width=6))


@pytest.fixture
def saved(tmp_path: Path, toy: Toy) -> Path:
    save_model(tmp_path / "model", toy, {"step": 7})
    return tmp_path / "model"


def test_a_model_comes_back_with_weights_config_and_assets(saved: Path, toy: Toy) -> None:
    model = load_model(saved)
    assert isinstance(model, Toy)
    assert model.config == ToyConfig(width=6)
    assert model.note == "made"
    assert not model.training
    assert all(torch.equal(tensor, model.state_dict()[name]) for name, tensor in toy.state_dict().items())


def test_the_folder_holds_safetensors_and_json_and_nothing_else(saved: Path) -> None:
    assert sorted(path.name for path in saved.iterdir()) == [
        "config.json",
        "model.safetensors",
        "note.json",
        "provenance.json",
    ]
    assert json.loads((saved / "config.json").read_text()) == {
        "kind": "toy",
        "width": 6,
        "dropout": 0.0,
        "mean": [0.0, 0.5],
    }
    assert json.loads((saved / "provenance.json").read_text()) == {"step": 7}


def test_a_model_replaces_the_one_of_its_name(saved: Path, toy: Toy) -> None:
    (saved / "left over").write_text("from before")
    save_model(saved, toy, {"step": 8})
    assert json.loads((saved / "provenance.json").read_text()) == {"step": 8}
    assert not (saved / "left over").exists()
    assert [path.name for path in saved.parent.iterdir()] == ["model"]


def test_fields_of_the_configuration_can_be_replaced(saved: Path) -> None:
    model = load_model(saved, overrides={"dropout": 0.5})
    assert isinstance(model, Toy)
    assert model.config.dropout == 0.5


def test_tensors_that_share_their_memory_are_stored_once(tmp_path: Path) -> None:
    class Tied(Toy):
        def __init__(self, config: ToyConfig) -> None:
            super().__init__(config)
            self.again = nn.Embedding.from_pretrained(self.texts.weight, freeze=False)
            self.again.weight = self.texts.weight

    tied = Tied(ToyConfig())
    save_model(tmp_path / "model", tied, {})
    names = load_file(tmp_path / "model" / "model.safetensors").keys()
    assert len({"again.weight", "texts.weight"} & names) == 1
    assert len(names) == len(tied.state_dict()) - 1


def _change_weights(folder: Path, change: str) -> None:
    tensors = load_file(folder / "model.safetensors")
    if change == "lacking":
        del tensors["letters.bias"]
    elif change == "more":
        tensors["more.bias"] = torch.zeros(2)
    elif change == "shape":
        tensors["letters.bias"] = torch.zeros(2)
    save_file(tensors, folder / "model.safetensors")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("lacking", "lacks 'letters.bias'"),
        ("more", "has 'more.bias', which the model does not know"),
        ("shape", r"letters.bias is \(2,\), the configuration says \(256,\)"),
    ],
)
def test_weights_that_do_not_fit_are_named(saved: Path, change: str, said: str) -> None:
    _change_weights(saved, change)
    with pytest.raises(CheckpointError, match=said):
        load_model(saved)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "note.json"])
@pytest.mark.parametrize("harm", ["cut", "missing", "garbage"])
def test_a_damaged_folder_is_refused_with_the_files_name(saved: Path, name: str, harm: str) -> None:
    file = saved / name
    if harm == "missing":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-9] if harm == "cut" else b"\x93NUMPY garbage")
    with pytest.raises(CheckpointError, match="model"):
        load_model(saved)


def test_a_folder_of_an_unknown_kind_is_refused(saved: Path) -> None:
    (saved / "config.json").write_text('{"kind": "unheard"}')
    with pytest.raises(CheckpointError, match=r"no model of kind 'unheard' is known; there are asm, rclip"):
        load_model(saved)
    with pytest.raises(UnknownKind):
        family_of("unheard")


def test_every_family_of_the_registry_can_be_imported() -> None:
    for kind in ("rclip", "asm"):
        family = family_of(kind)
        assert family.config_class().from_dict is not None
        assert callable(family.build_function())
        assert callable(family.restore_function())
        assert callable(family.task_class().for_model)
