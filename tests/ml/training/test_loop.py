"""The whole command: runs that end well, and that are equal however they are cut up."""

from __future__ import annotations

import json
import socket

import pytest
import torch
from safetensors.torch import load

from ml.checkpoint import load_model
from ml.training.faults import FINISHED
from tests.ml.training.conftest import COLOURS, Bench, ended
from tests.ml.training.toys import Toy

BOTH = {"align": 6, "generate": 4}


@pytest.fixture
def mixed(bench: Bench) -> Bench:
    bench.write_manifest([bench.align(colour) for colour in COLOURS] + [bench.generate(colour) for colour in COLOURS])
    return bench


def differences(bench: Bench, one: str, other: str) -> float:
    """The largest difference between two runs' weights, relative to what training changed."""
    ours, theirs = load(bench.weights(one)), load(bench.weights(other))
    return max(float((ours[name] - theirs[name]).abs().max()) for name in ours)


def test_a_run_leaves_a_model_that_learned(bench: Bench) -> None:
    assert bench.run(bench.config(steps=40, learning_rate=0.02), "out") == FINISHED, bench.errors("out").read_text()
    steps = bench.events("out", "step")
    assert steps[-1]["step"] == 40
    assert steps[-1]["loss"] < steps[0]["loss"] / 2
    model = load_model(bench.folder / "out" / "final")
    assert isinstance(model, Toy)
    assert model.note == "made"
    assert not model.training


def test_only_what_the_task_names_is_trained(bench: Bench) -> None:
    bench.run(bench.config(steps=1), "short")
    bench.run(bench.config(steps=9), "long")
    short, long = load(bench.weights("short")), load(bench.weights("long"))
    assert torch.equal(short["unused.weight"], long["unused.weight"])
    assert not torch.equal(short["texts.weight"], long["texts.weight"])


def test_the_provenance_names_data_code_parent_and_settings(bench: Bench) -> None:
    bench.run(bench.config(), "parent")
    bench.run(bench.config(steps=3), "child", "--init", str(bench.folder / "parent" / "final"))
    provenance = json.loads((bench.folder / "child" / "final" / "provenance.json").read_text())
    assert provenance["step"] == provenance["steps"] == 3
    assert provenance["manifests"][0]["lines"] == 24
    assert len(provenance["manifests"][0]["sha256"]) == 64
    assert len(provenance["parent"]["weights_sha256"]) == 64
    assert len(provenance["code"]["sources_sha256"]) == 64
    assert provenance["libraries"]["torch"] == torch.__version__
    assert provenance["training"]["learning_rate"] == 5e-5
    parent = json.loads((bench.folder / "parent" / "final" / "provenance.json").read_text())
    assert parent["parent"] is None
    assert parent["training"]["learning_rate"] == 5e-4


def test_data_workers_change_nothing(mixed: Bench) -> None:
    settings = {"batch": BOTH, "micro_batch": {"align": 3}, "steps": 6}
    for workers in (0, 2):
        assert mixed.run(mixed.config(**settings, workers=workers), f"workers-{workers}") == FINISHED
    assert mixed.weights("workers-0") == mixed.weights("workers-2")


def test_accumulated_micro_batches_give_the_weights_of_the_joint_batch(mixed: Bench) -> None:
    settings = {"batch": BOTH, "steps": 6, "learning_rate": 0.01}
    mixed.run(mixed.config(**settings), "joint")
    mixed.run(mixed.config(**settings, micro_batch={"align": 2, "generate": 3}), "cut")
    mixed.run(mixed.config(**settings, seed=1), "other")
    assert differences(mixed, "joint", "cut") < 1e-5
    assert differences(mixed, "joint", "other") > 1e-2
    joint, cut = (mixed.events(name, "step")[0] for name in ("joint", "cut"))
    assert joint["loss"] == pytest.approx(cut["loss"], rel=1e-5)
    assert joint["counts"] == cut["counts"] == {"images": 10, "regions": 10}


def test_two_processes_give_the_weights_of_one_with_the_joint_batch(mixed: Bench) -> None:
    config = mixed.config(batch={"align": 6, "generate": 5}, steps=6, learning_rate=0.01)
    assert mixed.run(config, "one") == FINISHED
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    group = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    pair = [mixed.start(config, "two", environment={**group, "RANK": rank}) for rank in "01"]
    assert [ended(process) for process in pair] == [FINISHED, FINISHED], mixed.errors("two").read_text()
    assert differences(mixed, "one", "two") < 1e-5
    one, two = mixed.events("one", "step"), mixed.events("two", "step")
    assert len(one) == len(two)  # only the first process writes
    for ours, theirs in zip(one, two, strict=True):
        assert ours["loss"] == pytest.approx(theirs["loss"], rel=1e-4)
        assert ours["counts"] == theirs["counts"]


def test_an_epoch_uses_every_line_once(bench: Bench) -> None:
    assert bench.run(bench.config(steps=None, epochs=2, batch={"align": 5}), "out") == FINISHED
    last = bench.events("out", "step")[-1]
    assert last["steps"] == 10  # 2 x 24 lines in batches of 5


def test_bfloat16_runs_on_a_cpu_too(bench: Bench) -> None:
    bench.run(bench.config(), "float32")
    bench.run(bench.config(precision="bfloat16"), "bfloat16")
    full, half = (bench.events(name, "step")[0]["loss"] for name in ("float32", "bfloat16"))
    assert half == pytest.approx(full, rel=0.05)
    assert half != full


def test_the_gradient_is_clipped_to_the_norm(bench: Bench) -> None:
    bench.run(bench.config(steps=2, learning_rate=1e-3), "free")
    bench.run(bench.config(steps=2, learning_rate=1e-3, clip_norm=1e-9), "clipped")
    assert differences(bench, "free", "clipped") > 1e-4
    norms = [bench.events(name, "step")[0]["parts"]["gradient_norm"] for name in ("free", "clipped")]
    assert norms[0] == norms[1] > 1e-3  # the norm reported is that before clipping


def test_every_line_of_the_progress_file_is_json_and_the_last_tells_the_end(bench: Bench) -> None:
    bench.run(bench.config(report_every=5), "out")
    events = bench.events("out")
    assert [event["event"] for event in events] == ["surveyed", "started", "step", "step", "step", "step", "finished"]
    step = events[-2]
    assert step["step"] == step["steps"] == 12
    assert set(step) >= {
        "loss",
        "parts",
        "learning_rate",
        "images_per_second",
        "regions_per_second",
        "seconds_left",
        "memory",
    }
    assert step["memory"]["process"] > 1e6
