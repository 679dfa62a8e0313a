"""Runs that are killed, stopped, damaged and started again."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import pytest

from ml.training.faults import FINISHED, WRONG_USE, Interrupted
from tests.ml.training.conftest import COLOURS, Bench, ended, kill, wait_for

DROPOUT = ["--set", "model.dropout=0.3"]


@pytest.fixture
def often(bench: Bench) -> dict[str, object]:
    bench.write_manifest([bench.align(colour) for colour in COLOURS] + [bench.generate(colour) for colour in COLOURS])
    return {"batch": {"align": 4, "generate": 2}, "micro_batch": {"align": 2}, "steps": 30, "checkpoint_every": 4}


def checkpoints(bench: Bench, out: str) -> list[Path]:
    return sorted((bench.folder / out / "checkpoints").glob("step-*"))


def test_a_run_killed_again_and_again_gives_the_same_weights(bench: Bench, often: dict[str, object]) -> None:
    config = bench.config(**often, task={"slow": 0.01}, workers=1)
    assert bench.run(config, "whole", *DROPOUT) == FINISHED
    moments = random.Random(7)
    kills = 0
    for _ in range(6):
        process = bench.start(config, "killed", *DROPOUT)
        wait_for((bench.folder / "killed" / "progress.jsonl").exists, process)
        time.sleep(moments.uniform(0.0, 0.4))
        if process.is_alive():
            kills += kill(process) == -signal.SIGKILL
    assert kills >= 3
    assert bench.run(config, "killed", *DROPOUT) == FINISHED, bench.errors("killed").read_text()
    assert bench.weights("killed") == bench.weights("whole")
    assert bench.events("killed")[-1]["event"] == "finished"


@pytest.mark.parametrize("step", [1, 4, 5])
def test_a_run_killed_after_a_given_step_gives_the_same_weights(bench: Bench, step: int) -> None:
    slow = {"steps": 10, "checkpoint_every": 2, "task": {"slow": 0.02}}
    assert bench.run(bench.config(**slow), "whole", *DROPOUT) == FINISHED
    process = bench.start(bench.config(**slow), "killed", *DROPOUT)
    progress = bench.folder / "killed" / "progress.jsonl"
    wait_for(lambda: progress.exists() and f'"step": {step},' in progress.read_text().rpartition("\n")[0], process)
    assert kill(process) == -signal.SIGKILL
    assert bench.run(bench.config(**slow), "killed", *DROPOUT) == FINISHED
    assert bench.weights("killed") == bench.weights("whole")
    assert len(bench.events("killed", "resumed")) == (step >= 2)


def test_sigterm_finishes_the_step_writes_a_checkpoint_and_says_so(bench: Bench) -> None:
    slow = {"steps": 20, "checkpoint_every": 1000, "task": {"slow": 0.01}, "workers": 1}
    process = bench.start(bench.config(**slow), "out")
    wait_for(lambda: (bench.folder / "out" / "progress.jsonl").exists() and bench.events("out", "step"), process)
    assert kill(process, signal.SIGTERM) == Interrupted.code
    stopped = bench.events("out")[-1]
    assert (stopped["event"], stopped["reason"], stopped["exit_code"]) == ("stopped", "interrupted", 75)
    assert len(checkpoints(bench, "out")) == 1
    assert bench.run(bench.config(**slow), "out") == FINISHED
    bench.run(bench.config(**slow), "whole")
    assert bench.weights("out") == bench.weights("whole")


@pytest.mark.parametrize(
    "harm", ["truncated weights", "flipped byte", "no digests", "missing optimizer", "empty state"]
)
def test_a_damaged_checkpoint_falls_back_to_the_one_before(bench: Bench, often: dict[str, object], harm: str) -> None:
    bench.run(bench.config(**often), "whole")
    (bench.folder / "whole").rename(bench.folder / "broken")
    expected = bench.weights("broken")
    (bench.folder / "broken" / "final" / "model.safetensors").unlink()
    (bench.folder / "broken" / "final").rename(bench.folder / "moved away")
    last = checkpoints(bench, "broken")[-1]
    assert last.name == "step-00000028"
    _harm(last, harm)
    assert bench.run(bench.config(**often), "broken") == FINISHED, bench.errors("broken").read_text()
    refused = bench.events("broken", "checkpoint_refused")
    assert len(refused) == 1
    assert "step-00000028" in refused[0]["reason"]
    assert bench.events("broken", "resumed")[-1]["step"] == 24
    assert bench.weights("broken") == expected


def _harm(folder: Path, harm: str) -> None:
    weights = folder / "model.safetensors"
    data = weights.read_bytes()
    if harm == "truncated weights":
        weights.write_bytes(data[: len(data) // 2])
    elif harm == "flipped byte":
        weights.write_bytes(data[:-5] + bytes([data[-5] ^ 1]) + data[-4:])
    elif harm == "no digests":
        (folder / "digests.json").unlink()
    elif harm == "missing optimizer":
        (folder / "optimizer.safetensors").unlink()
    else:
        (folder / "state.json").write_text("")


def test_only_the_last_checkpoints_stay(bench: Bench) -> None:
    bench.run(bench.config(steps=9, checkpoint_every=1, keep=2), "out")
    assert [folder.name for folder in checkpoints(bench, "out")] == ["step-00000007", "step-00000008"]


def test_a_finished_run_is_not_trained_again(bench: Bench) -> None:
    config = bench.config(steps=3)
    bench.run(config, "out")
    before = (bench.folder / "out" / "final" / "model.safetensors").stat()
    assert bench.run(config, "out") == FINISHED
    assert (bench.folder / "out" / "final" / "model.safetensors").stat() == before
    assert bench.events("out")[-1]["event"] == "finished"
    assert len(bench.events("out", "started")) == 1


@pytest.mark.parametrize(
    "change", [["--set", "training.learning_rate=0.1"], ["--set", "training.seed=5"], ["--set", "model.width=4"]]
)
def test_another_run_in_the_same_folder_is_refused_and_the_difference_named(bench: Bench, change: list[str]) -> None:
    bench.run(bench.config(steps=3), "out")
    before = bench.events("out")
    assert bench.run(bench.config(steps=3), "out", *change) == WRONG_USE
    said = bench.errors("out").read_text()
    assert "holds another run" in said
    assert change[1].partition("=")[0].rpartition(".")[2] in said
    assert bench.events("out") == before


def test_a_changed_manifest_is_another_run(bench: Bench) -> None:
    bench.run(bench.config(steps=3), "out")
    bench.write_manifest([bench.align("red")])
    assert bench.run(bench.config(steps=3), "out") == WRONG_USE
    assert "manifests" in bench.errors("out").read_text()


def test_settings_that_do_not_change_what_is_learned_may_change_on_resuming(bench: Bench) -> None:
    bench.run(bench.config(steps=3), "out")
    assert bench.run(bench.config(steps=3, report_every=2, keep=7, workers=1), "out") == FINISHED


def test_two_runs_at_once_in_one_folder_are_refused(bench: Bench) -> None:
    process = bench.start(bench.config(steps=500, task={"slow": 0.02}), "out")
    wait_for(lambda: (bench.folder / "out" / "progress.jsonl").exists(), process)
    assert bench.run(bench.config(steps=500, task={"slow": 0.02}), "out") == WRONG_USE
    assert "in use" in bench.errors("out").read_text()
    assert kill(process, signal.SIGTERM) == ended(process) == Interrupted.code
