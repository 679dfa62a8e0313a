"""Downloaded weights become a checkpoint that a matcher loads."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import save_file

from ml.backends.rclip.matcher import RClipMatcher
from ml.new_checkpoint import main, new_checkpoint
from ml.rclip.config import RClipConfig
from ml.rclip.model import build_rclip
from tests.ml.backends.learned import RESNET, tags
from tests.ml.backends.photos import drawn

TOWER = {
    "embed_dim": 16,
    "vision_cfg": RESNET,
    "text_cfg": {"context_length": 8, "vocab_size": 49408, "width": 8, "heads": 1, "layers": 1},
}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration of a model whose weights lie in open_clip's layout, as a download does."""
    downloaded = tmp_path / "downloaded"
    downloaded.mkdir()
    torch.manual_seed(1)
    clip = build_rclip(RClipConfig(tower=TOWER, roi_size=2)).clip
    save_file(clip.state_dict(), downloaded / "open_clip_model.safetensors")
    (downloaded / "open_clip_config.json").write_text(json.dumps({"model_cfg": TOWER}))
    path = tmp_path / "config.yaml"
    model = {"kind": "rclip", "tower": str(downloaded), "roi_size": 2}
    path.write_text(yaml.safe_dump({"model": model, "training": {"steps": 1, "batch": {"align": 1}}}))
    return path


def test_a_download_becomes_a_checkpoint_that_needs_it_no_more(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "models" / "clip"
    assert main(["--config", str(config), "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"{out}\n"
    (tmp_path / "downloaded").rename(tmp_path / "gone")
    provenance = json.loads((out / "provenance.json").read_text())
    assert provenance["started_from"]["tower"].endswith("downloaded")
    boxes = np.array([[10.0, 10, 60, 60], [0, 0, 320, 240]])
    [scores] = RClipMatcher(out, view="clip-crops").match([drawn()], [boxes], [tags("cat", "dog")], [[[], []]])
    assert scores.shared.shape == (2, 2)


def test_what_exists_is_not_overwritten(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "clip"
    new_checkpoint(config, out)
    weights = (out / "model.safetensors").read_bytes()
    assert main(["--config", str(config), "--out", str(out)]) == 2
    assert "exists: name another folder" in capsys.readouterr().err
    assert (out / "model.safetensors").read_bytes() == weights


@pytest.mark.parametrize("change", ["model.tower=/nowhere", "model.pretrained=openai", "model.kind=cat"])
def test_what_cannot_be_made_is_said_and_nothing_written(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: str
) -> None:
    assert main(["--config", str(config), "--out", str(tmp_path / "clip"), "--set", change]) == 2
    assert capsys.readouterr().err.startswith("ml.new_checkpoint: ")
    assert not (tmp_path / "clip").exists()
