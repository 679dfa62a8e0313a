"""The real families through the whole command: R-CLIP and ASM, tiny, on a CPU."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from safetensors.torch import load

from ml.asm.model import ASM
from ml.checkpoint import load_model
from ml.rclip.model import RClip
from ml.rclip.predictor import RegionPredictor
from ml.rclip.texts import train_tokenizer
from ml.training.faults import FINISHED
from tests.ml.training.conftest import Bench, kill, wait_for

COLOURS = {"red": "red", "green": "green", "blue": "blue", "yellow": "yellow"}
BOXES = [[4, 4, 28, 28], [36, 4, 60, 28], [4, 36, 28, 60], [36, 36, 60, 60]]


@pytest.fixture
def squares(bench: Bench) -> Bench:
    """Images of 64 px with four coloured squares each; what they are, and a question about one."""
    generator = np.random.default_rng(0)
    lines = []
    for number in range(12):
        colours = [str(colour) for colour in generator.permutation(list(COLOURS))]
        image = Image.new("RGB", (64, 64), "grey")
        for colour, box in zip(colours, BOXES, strict=True):
            ImageDraw.Draw(image).rectangle(tuple(box), fill=colour)
        image.save(bench.folder / "images" / f"{number}.png")
        record: dict[str, Any] = {"image": f"images/{number}.png", "width": 64, "height": 64}
        tags = [{"accepted": [f"{colour} square"], "rejected": ["cat"]} for colour in colours]
        lines.append({**record, "task": "align", "boxes": BOXES, "tags": tags})
        answer = [
            {"role": "user", "content": "Which colour?"},
            {"role": "assistant", "content": f"It is {colours[0]}."},
        ]
        lines.append({**record, "task": "generate", "boxes": BOXES[:1], "messages": answer})
    bench.write_manifest(lines)
    train_tokenizer([f"{colour} square cat" for colour in COLOURS], 300).save(str(bench.folder / "tokenizer.json"))
    return bench


def rclip(bench: Bench, **training: Any) -> Path:
    vision = {"image_size": 64, "layers": [1, 1, 1, 1], "width": 8, "head_width": 32}
    text = {"context_length": 8, "vocab_size": 300, "width": 32, "heads": 2, "layers": 1}
    path = bench.folder / "rclip.yaml"
    model = {
        "kind": "rclip",
        "preset": "tiny",
        "tower": {"embed_dim": 32, "vision_cfg": vision, "text_cfg": text},
        "tokenizer": str(bench.folder / "tokenizer.json"),
        "image_size": [64, 64],
    }
    defaults = {"batch": {"align": 4}, "steps": 8, "workers": 0, "report_every": 1, "checkpoint_every": 3}
    path.write_text(json.dumps({"model": model, "training": {**defaults, **training}}))
    return path


def test_an_r_clip_learns_and_its_checkpoint_scores_regions(squares: Bench) -> None:
    assert squares.run(rclip(squares, steps=30, learning_rate=5e-3), "out") == FINISHED, squares.errors(
        "out"
    ).read_text()
    steps = squares.events("out", "step")
    assert steps[-1]["loss"] < steps[0]["loss"] * 0.8
    assert steps[0]["counts"]["regions"] == 16
    model = load_model(squares.folder / "out" / "final")
    assert isinstance(model, RClip)
    predictor = RegionPredictor(model)
    image = Image.open(squares.folder / "images" / "0.png")
    scores = predictor.score(predictor.encode(image), BOXES, [f"{colour} square" for colour in COLOURS])
    assert scores.shape == (4, 4)


def test_an_r_clip_killed_between_steps_ends_with_the_same_bytes(squares: Bench) -> None:
    config = rclip(squares, task={"crop": 0.5}, workers=1)
    assert squares.run(config, "whole") == FINISHED, squares.errors("whole").read_text()
    process = squares.start(config, "killed")
    wait_for(lambda: any((squares.folder / "killed" / "checkpoints").glob("step-*")), process)
    assert kill(process) == -signal.SIGKILL
    assert squares.run(config, "killed") == FINISHED
    assert squares.events("killed", "resumed")
    assert squares.weights("killed") == squares.weights("whole")


def test_fine_tuning_starts_from_the_checkpoint(squares: Bench) -> None:
    assert squares.run(rclip(squares), "parent") == FINISHED
    config = squares.folder / "tune.yaml"
    config.write_text('{"model": {"kind": "rclip"}, "training": {"batch": {"align": 4}, "steps": 1, "workers": 0}}')
    start = str(squares.folder / "parent" / "final")
    assert squares.run(config, "child", "--init", start) == FINISHED, squares.errors("child").read_text()
    before, after = load(squares.weights("parent")), load(squares.weights("child"))
    changes = [float((before[name] - after[name]).abs().max()) for name in before if before[name].is_floating_point()]
    assert max(changes) > 0
    assert float((before["clip.logit_scale"] - after["clip.logit_scale"]).abs()) <= 5e-5 * 1.01
    tokenizers = [(squares.folder / run / "final" / "tokenizer.json").read_bytes() for run in ("parent", "child")]
    assert tokenizers[0] == tokenizers[1]


def test_an_asm_learns_to_align_and_to_answer_in_the_same_step(squares: Bench) -> None:
    config = squares.folder / "asm.yaml"
    training = {"batch": {"align": 3, "generate": 4}, "micro_batch": {"align": 2}, "workers": 0, "report_every": 1}
    model = {"kind": "asm", "preset": "tiny", "tower": {"image_size": [64, 64]}}
    config.write_text(
        json.dumps({"model": model, "training": {**training, "steps": 6, "learning_rate": 2e-3, "clip_norm": 1.0}})
    )
    assert squares.run(config, "out") == FINISHED, squares.errors("out").read_text()
    steps = squares.events("out", "step")
    assert steps[0]["loss"] == pytest.approx(steps[0]["parts"]["align"] + steps[0]["parts"]["generate"])
    assert steps[-1]["parts"]["generate"] < steps[0]["parts"]["generate"]
    assert isinstance(load_model(squares.folder / "out" / "final"), ASM)
    assert torch.isfinite(torch.tensor([step["loss"] for step in steps])).all()
