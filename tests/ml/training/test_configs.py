"""The configuration of a run, and the files in ml/configs."""

from __future__ import annotations

from pathlib import Path

import pytest

import ml
from ml.asm.config import ASMConfig
from ml.rclip.config import RClipConfig
from ml.training.configs import ConfigError, TrainingConfig, model_config, read_run_config
from tests.ml.training.conftest import Bench

CONFIGS = sorted((Path(ml.__file__).parent / "configs").glob("*.yaml"))
PRETRAINING = [path for path in CONFIGS if "finetune" not in path.stem]


def test_there_are_configurations_for_every_size() -> None:
    assert {path.stem for path in CONFIGS} == {
        "rclip-tiny",
        "rclip-base",
        "rclip-paper",
        "rclip-finetune",
        "asm-tiny",
        "asm-paper-pretrain",
        "asm-paper-finetune",
    }


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_configuration_says_how_it_is_run_what_it_costs_and_what_it_reached(path: Path) -> None:
    head = "\n".join(line for line in path.read_text().splitlines() if line.startswith("#"))
    assert f"ml.train --config ml/configs/{path.name}" in head
    assert "Cost and figure:" in head
    assert read_run_config(path).model["kind"] == path.stem.partition("-")[0]


@pytest.mark.parametrize("path", PRETRAINING, ids=lambda path: path.stem)
def test_a_configuration_names_a_preset_of_its_model(path: Path) -> None:
    run = read_run_config(path)
    preset = {"rclip": RClipConfig, "asm": ASMConfig}[run.model["kind"]]
    assert model_config(run.model, None) == getattr(preset, run.model["preset"])()


def test_the_papers_settings_are_the_papers() -> None:
    """V1, appendix D.2 and D.3."""
    folder = CONFIGS[0].parent
    rclip = read_run_config(folder / "rclip-paper.yaml").training
    assert (rclip.steps, rclip.batch["align"] * 8) == (10_000, 32_768)
    asm = read_run_config(folder / "asm-paper-pretrain.yaml").training
    assert (asm.epochs, asm.batch["align"] * 8, asm.batch["generate"]) == (1, 32_768, 256)
    for training in (rclip, asm):
        assert (training.betas, training.weight_decay, training.warmup) == ((0.9, 0.999), 0, 0.1)
        assert training.learning_rate is None  # 5e-4, or 5e-5 from a checkpoint


def test_a_change_replaces_one_field(bench: Bench) -> None:
    run = read_run_config(bench.config(), ["training.learning_rate=2e-3", "model.tower.width=7", "training.task.a=[1]"])
    assert run.training.learning_rate == 2e-3
    assert run.model["tower"] == {"width": 7}
    assert run.training.task == {"a": [1]}


def test_fields_are_merged_into_the_preset() -> None:
    config = model_config({"kind": "rclip", "preset": "tiny", "tower": {"embed_dim": 64}}, None)
    assert isinstance(config, RClipConfig)
    assert isinstance(config.tower, dict)
    assert config.tower["embed_dim"] == 64
    assert config.tower["text_cfg"]["layers"] == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "must have the parts"),
        ("- 1", "must have the parts"),
        ("a: [", "not YAML"),
        ("model: {kind: toy}", "training"),
        ("{model: {kind: toy}, training: {batch: {align: 2}, steps: 1}, more: 1}", "more"),
        ("{model: {kind: toy}, training: {batch: {}, steps: 1}}", "training.batch"),
        ("{model: {kind: toy}, training: {batch: {align: 2}}}", "exactly one of steps and epochs"),
        ("{model: {kind: toy}, training: {batch: {align: 2}, steps: 1, precision: fp8}}", "precision"),
        ("{model: {kind: toy}, training: {batch: {align: 2}, steps: 1, learning_rate: fast}}", "learning_rate"),
        ("{model: {kind: toy}, training: {batch: {align: 2}, steps: 1, micro_batch: {generate: 1}}}", "micro_batch names"),
    ],
)  # fmt: skip
def test_a_wrong_configuration_is_refused_by_field(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as refused:
        read_run_config(path)
    assert said in str(refused.value)
    assert str(path) in str(refused.value)


def test_a_configuration_without_a_network_needs_a_checkpoint(bench: Bench) -> None:
    with pytest.raises(ConfigError, match="--init"):
        model_config({"kind": "toy"}, None)


def test_a_checkpoint_takes_the_presets_place(bench: Bench) -> None:
    bench.run(bench.config(steps=1), "out", "--set", "model.width=5")
    final = bench.folder / "out" / "final"
    config = model_config({"kind": "toy", "preset": "tiny", "dropout": 0.5}, final)
    assert config.to_dict() == {"kind": "toy", "width": 5, "dropout": 0.5, "mean": (0.0, 0.5)}
    with pytest.raises(ConfigError, match="of kind 'toy'"):
        model_config({"kind": "rclip"}, final)


def test_the_defaults_are_the_papers() -> None:
    config = TrainingConfig(batch={"align": 2}, steps=1)
    assert (config.betas, config.weight_decay, config.warmup, config.precision) == ((0.9, 0.999), 0.0, 0.1, "float32")
