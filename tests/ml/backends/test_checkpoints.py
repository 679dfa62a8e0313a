"""A checkpoint is known by what its files hold, and loaded once for all roles."""

import gc
import shutil
import weakref
from pathlib import Path

import pytest

from ml.backends.checkpoints import checkpoint_version, shared_model
from ml.checkpoint import CheckpointError


def test_a_copy_is_the_same_version_wherever_it_lies(rclip_folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(rclip_folder, tmp_path / "copy")
    assert checkpoint_version(copy) == checkpoint_version(rclip_folder)


def test_notes_are_no_part_of_the_version(rclip_folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(rclip_folder, tmp_path / "copy")
    (copy / "README.md").write_text("About this model.")
    assert checkpoint_version(copy) == checkpoint_version(rclip_folder)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "provenance.json", "tokenizer.json"])
def test_every_other_file_is(rclip_folder: Path, tmp_path: Path, name: str) -> None:
    copy = shutil.copytree(rclip_folder, tmp_path / "copy")
    with (copy / name).open("ab") as file:
        file.write(b" ")
    assert checkpoint_version(copy) != checkpoint_version(rclip_folder)


def test_roles_share_one_model_in_memory(rclip_folder: Path) -> None:
    assert shared_model(rclip_folder, "rclip") is shared_model(rclip_folder, "rclip")


def test_another_dtype_is_another_model(rclip_folder: Path) -> None:
    stored, half = shared_model(rclip_folder, "rclip"), shared_model(rclip_folder, "rclip", dtype="bfloat16")
    assert [str(next(model.parameters()).dtype) for model in (stored, half)] == ["torch.float32", "torch.bfloat16"]


def test_a_checkpoint_replaced_in_place_is_loaded_again(rclip_folder: Path, asm_folder: Path, tmp_path: Path) -> None:
    place = shutil.copytree(rclip_folder, tmp_path / "latest")
    first = shared_model(place, "rclip")
    shutil.rmtree(place)
    shutil.copytree(asm_folder, place)
    assert type(shared_model(place, "asm")) is not type(first)


def test_memory_is_given_back_when_nobody_keeps_the_model(rclip_folder: Path) -> None:
    model = weakref.ref(shared_model(rclip_folder, "rclip", dtype="float16"))
    gc.collect()
    assert model() is None


def test_what_is_no_checkpoint_is_refused_by_name(rclip_folder: Path, asm_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"nothing/config\.json is missing: is .*nothing a checkpoint folder"):
        checkpoint_version(tmp_path / "nothing")
    with pytest.raises(CheckpointError, match="is of kind 'asm'; 'rclip' is needed here"):
        shared_model(asm_folder, "rclip")
    with pytest.raises(ValueError, match="dtype must be one of stored, float32, bfloat16, float16, not 'int8'"):
        shared_model(rclip_folder, "rclip", dtype="int8")
    copy = shutil.copytree(rclip_folder, tmp_path / "damaged")
    (copy / "model.safetensors").write_bytes(b"{}")
    with pytest.raises(CheckpointError, match=r"damaged/model\.safetensors is damaged"):
        shared_model(copy, "rclip")
