"""Starting weights: only safetensors, sharded or not, whole or not at all."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from ml.asm.errors import WeightsError
from ml.asm.weights import load_parameters, read_tensors, weight_files


def linear() -> nn.Linear:
    return nn.Linear(2, 3)


def test_a_part_of_a_larger_model_is_found_by_its_prefix(tmp_path: Path) -> None:
    source = linear()
    tensors = {f"encoder.{name}": tensor for name, tensor in source.state_dict().items()}
    save_file({**tensors, "head.weight": torch.zeros(9)}, tmp_path / "model.safetensors")
    target = linear()
    load_parameters(target, str(tmp_path), ("", "encoder."))
    assert torch.equal(target.weight, source.weight)
    assert torch.equal(target.bias, source.bias)


def test_shards_are_read_by_their_index(tmp_path: Path) -> None:
    save_file({"weight": torch.ones(3, 2)}, tmp_path / "a.safetensors")
    save_file({"bias": torch.ones(3)}, tmp_path / "b.safetensors")
    save_file({"bias": torch.zeros(3)}, tmp_path / "unrelated.safetensors")
    index = {"weight_map": {"weight": "a.safetensors", "bias": "b.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    target = linear()
    load_parameters(target, str(tmp_path))
    assert bool((target.weight == 1).all())
    assert bool((target.bias == 1).all())


def test_a_missing_weight_is_named(tmp_path: Path) -> None:
    save_file({"weight": torch.ones(3, 2)}, tmp_path / "model.safetensors")
    with pytest.raises(WeightsError, match="lacks 1 weights, bias the first"):
        load_parameters(linear(), str(tmp_path))


def test_another_shape_is_named(tmp_path: Path) -> None:
    save_file({"weight": torch.ones(3, 4), "bias": torch.ones(3)}, tmp_path / "model.safetensors")
    with pytest.raises(WeightsError, match=r"weight has shape \(3, 4\), the model needs \(3, 2\)"):
        load_parameters(linear(), str(tmp_path))


def test_weights_of_something_else_are_refused(tmp_path: Path) -> None:
    save_file({"other": torch.ones(1)}, tmp_path / "model.safetensors")
    with pytest.raises(WeightsError, match="no weight of a Linear"):
        load_parameters(linear(), str(tmp_path))


def test_a_pickled_file_is_never_opened(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(WeightsError, match="holds no"):
        weight_files(str(tmp_path))
    with pytest.raises(WeightsError, match="not a safetensors file"):
        weight_files(str(tmp_path / "pytorch_model.bin"))


def test_what_is_neither_here_nor_on_the_hub_is_named() -> None:
    with pytest.raises(WeightsError, match="no/such-model"):
        read_tensors("no/such-model")
