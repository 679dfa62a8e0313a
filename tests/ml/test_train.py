"""The command as it is typed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ml.train import main
from ml.training.faults import FINISHED, WRONG_USE
from tests.ml.data.records import align, write


def run(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ml.train", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_trains_an_r_clip_and_its_second_call_has_nothing_to_do(tmp_path: Path) -> None:
    from PIL import Image

    for number in range(4):
        Image.new("RGB", (8, 8), (60 * number, 0, 0)).save(tmp_path / f"{number}.png")
    manifest = write(tmp_path / "m.jsonl", [align(number) for number in range(4)])
    config = Path(__file__).parents[2] / "ml" / "configs" / "rclip-tiny.yaml"
    small = ["training.batch.align=2", "training.epochs=1", "training.workers=0", "model.image_size=[64, 64]"]
    small += ["model.tower.embed_dim=16", "model.tower.text_cfg.width=16", "model.tower.text_cfg.heads=1"]
    words = ["--config", config, "--manifest", manifest, "--out", tmp_path / "out", "--device", "cpu"]
    words += [word for change in small for word in ("--set", change)]
    done = run(*words)
    assert done.returncode == FINISHED, done.stderr
    assert json.loads((tmp_path / "out" / "final" / "config.json").read_text())["kind"] == "rclip"
    before = (tmp_path / "out" / "final" / "model.safetensors").stat()
    assert main([str(word) for word in words]) == FINISHED
    assert (tmp_path / "out" / "final" / "model.safetensors").stat() == before


def test_help_says_what_the_exit_codes_mean(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    text = capsys.readouterr().out
    for word in ("--config", "--manifest", "--out", "--init", "--images", "--device", "--set", "75"):
        assert word in text


def test_an_order_that_makes_no_sense_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--config", "c.yaml"])
    assert left.value.code == WRONG_USE
    words = ["--config", tmp_path / "none.yaml", "--manifest", tmp_path / "m.jsonl", "--out", tmp_path / "out"]
    assert main([str(word) for word in words]) == WRONG_USE
    assert "none.yaml: cannot be read" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
