"""The whole command: runs, and what they leave."""

from __future__ import annotations

import json

import pytest
import torch

from ml.checkpoint import load_model
from ml.training.faults import FINISHED, WRONG_USE
from tests.ml.training.conftest import COLOURS, Bench
from tests.ml.training.toys import Toy


def test_a_run_leaves_a_model_that_learned(bench: Bench) -> None:
    assert bench.run(bench.config(steps=40, learning_rate=0.02), "out") == FINISHED, bench.errors("out").read_text()
    steps = bench.events("out", "step")
    assert steps[-1]["step"] == 40
    assert steps[-1]["loss"] < steps[0]["loss"] / 2
    model = load_model(bench.folder / "out" / "final")
    assert isinstance(model, Toy)
    assert model.note == "made"
    assert not model.training
