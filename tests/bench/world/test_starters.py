"""The scripts that train the starters, for a step or two, and what the repository ships."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from PIL import Image

from bench.world import starter_asm, starter_clip
from bench.world.concepts import CONCEPTS
from bench.world.rendering import render_single
from ml.checkpoint import load_model
from ml.rclip.model import RClip
from ml.rclip.predictor import RegionPredictor
from ml.starters import STARTER_ASM, STARTER_CLIP

LARGEST = 10 * 2**20


@pytest.mark.parametrize("folder", [STARTER_CLIP, STARTER_ASM], ids=lambda folder: folder.name)
def test_a_shipped_starter_is_small_and_says_what_made_it(folder: Path) -> None:
    assert (folder / "model.safetensors").stat().st_size <= LARGEST
    provenance = json.loads((folder / "provenance.json").read_text("utf-8"))
    assert provenance["command"].startswith("python -m bench.world.starters ")
    card = (folder / "README.md").read_text("utf-8")
    for part in ("Data", "Command", "Time", "Figures"):
        assert f"## {part}" in card


def test_the_starter_clip_names_most_single_things_of_its_own_domain() -> None:
    predictor = RegionPredictor(cast(RClip, load_model(STARTER_CLIP)))
    names = [concept.name for concept in CONCEPTS]
    chosen = names[::12]
    singles = [render_single(name, 777, "starter") for name in chosen]
    said = [names[int(predictor.score(encoded, None, names).argmax())] for encoded in predictor.encode_batch(singles)]
    assert np.mean([one == other for one, other in zip(said, chosen, strict=True)]) > 0.8


def test_a_clip_can_be_trained_and_read_back(tmp_path: Path) -> None:
    trained = starter_clip.train(tmp_path / "clip", steps=2, seed=3, copies=1)
    back = load_model(tmp_path / "clip")
    own, stored = trained.state_dict(), back.state_dict()
    assert all(torch.equal(own[name], stored[name]) for name in own)


def test_an_asm_can_be_trained_from_the_clip_and_read_back(tmp_path: Path) -> None:
    trained = starter_asm.train(tmp_path / "asm", steps=2, seed=3, scenes=8)
    back = load_model(tmp_path / "asm")
    own, stored = trained.state_dict(), back.state_dict()
    assert all(torch.equal(own[name], stored[name]) for name in own)


def test_pictures_are_read_at_half_their_size() -> None:
    assert starter_asm.small(Image.new("RGB", (640, 512))).shape == (256, 320, 3)
