"""Runs that cannot go on: bad lines, a loss that is not finite, a full disk, a wrong command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from safetensors.torch import load

from ml.training.checkpoints import Checkpoints
from ml.training.faults import FINISHED, WRONG_USE, DiskRefused, LossNotFinite, TooManyBadLines
from tests.ml.training.conftest import COLOURS, Bench, ended, wait_for


def break_one_line(bench: Bench, number: int, replacement: str) -> None:
    lines = bench.manifest.read_text().splitlines()
    lines[number - 1] = replacement
    bench.write_manifest(lines)


def test_a_bad_line_is_named_and_the_others_are_used_as_without_it(bench: Bench) -> None:
    """The run with the bad line equals one in which that line's place is empty for another reason."""
    settings: dict[str, Any] = {"steps": None, "epochs": 3, "max_bad_share": 0.05, "batch": {"align": 6}}
    lines = bench.manifest.read_text().splitlines()
    break_one_line(bench, 5, "{not json")
    assert bench.run(bench.config(**settings), "broken") == FINISHED
    (bad,) = bench.events("broken", "bad_line")
    assert (bad["line"], bad["manifest"]) == (5, str(bench.manifest))
    assert "not JSON" in bad["reason"]
    bench.write_manifest(lines)
    break_one_line(bench, 5, lines[4].replace("images/", "gone/"))
    assert bench.run(bench.config(**settings), "missing") == FINISHED
    bad_lines = bench.events("missing", "bad_line")
    assert [bad["line"] for bad in bad_lines] == [5, 5, 5]  # an image is looked for in every epoch
    assert "missing" in bad_lines[0]["reason"]
    assert bad_lines[0]["field"] == "image"
    assert bench.weights("broken") == bench.weights("missing")
    steps = bench.events("broken", "step")
    assert sum(step["counts"]["images"] for step in steps) == 3 * 23
    assert {step["counts"]["images"] for step in steps} == {5, 6}


def test_a_line_that_the_task_refuses_is_a_bad_line(bench: Bench) -> None:
    bench.write_manifest([bench.align(colour, tags=[{"accepted": [colour]}]) for colour in COLOURS * 3])
    assert bench.run(bench.config(task={"refuse": "blue"}, max_bad_share=0.5), "out") == FINISHED
    assert {event["reason"] for event in bench.events("out", "bad_line")} == {"blue is refused"}


def test_more_bad_lines_than_the_share_stop_the_run_before_it_starts(bench: Bench) -> None:
    break_one_line(bench, 3, "[]")
    assert bench.run(bench.config(), "out") == TooManyBadLines.code
    said = bench.errors("out").read_text()
    assert "1 of 24 lines" in said
    assert bench.events("out")[-1]["reason"] == "too_many_bad_lines"
    assert not (bench.folder / "out" / "checkpoints").exists()
    assert not (bench.folder / "out" / "final").exists()


def test_more_missing_images_than_the_share_stop_the_run_that_is_under_way(bench: Bench) -> None:
    (bench.folder / "images" / "blue.png").unlink()
    assert bench.run(bench.config(), "out") == TooManyBadLines.code
    assert bench.events("out")[-1]["exit_code"] == 3
    assert "max_bad_share" in bench.errors("out").read_text()


def test_the_wrong_image_folder_stops_at_once(bench: Bench) -> None:
    assert (
        bench.run(bench.config(max_bad_share=0.5), "out", "--images", str(bench.folder / "out")) == TooManyBadLines.code
    )
    assert bench.events("out", "skipped")
    assert all(step["loss"] is None for step in bench.events("out", "step"))


def test_images_may_be_in_a_folder_of_their_own(bench: Bench) -> None:
    (bench.folder / "elsewhere").mkdir()
    (bench.folder / "images").rename(bench.folder / "elsewhere" / "images")
    assert bench.run(bench.config(), "out", "--images", str(bench.folder / "elsewhere")) == FINISHED


def test_two_manifests_are_used_together(bench: Bench) -> None:
    more = bench.write_manifest([bench.align("red")] * 8, "more.jsonl")
    assert bench.run(bench.config(steps=None, epochs=1), "out", "--manifest", str(more)) == FINISHED
    assert sum(step["counts"]["images"] for step in bench.events("out", "step")) == 32


def test_a_loss_that_is_not_finite_stops_and_names_the_lines_of_the_batch(bench: Bench) -> None:
    lines = [bench.align(colour, tags=[{"accepted": [colour]}]) for colour in COLOURS[:-1] * 8]
    bench.write_manifest([*lines, bench.align("purple", tags=[{"accepted": ["purple"]}])])
    poisoned = f"{bench.manifest}:{len(lines) + 1}"
    settings = {"steps": 30, "checkpoint_every": 1, "task": {"poison": "purple"}, "seed": 2}
    assert bench.run(bench.config(**settings), "out") == LossNotFinite.code
    (event,) = bench.events("out", "not_finite")
    assert poisoned in event["items"]
    assert event["items_in_batch"] == len(event["items"]) == 4
    assert event["means"]["loss"] is None  # JSON has no NaN
    stopped = bench.events("out")[-1]
    assert (stopped["reason"], stopped["exit_code"]) == ("loss_not_finite", 4)
    assert poisoned in bench.errors("out").read_text()
    last = Checkpoints(bench.folder / "out" / "checkpoints", keep=3).latest([])
    assert last is not None
    assert last.step == event["step"] - 1
    assert all(tensor.isfinite().all() for tensor in load((last.folder / "model.safetensors").read_bytes()).values())


def test_a_full_disk_stops_with_the_reason_and_the_last_checkpoint_stays_whole(bench: Bench) -> None:
    """No file may grow beyond what the weights need, which the optimizer's state exceeds."""
    narrow = ["--set", "model.width=64"]
    settings = {"steps": 6, "checkpoint_every": 2}
    assert bench.run(bench.config(**settings), "room", *narrow) == FINISHED
    weights = (bench.folder / "room" / "final" / "model.safetensors").stat().st_size
    (bench.folder / "room" / "final").rename(bench.folder / "moved away")
    kept = Checkpoints(bench.folder / "room" / "checkpoints", keep=3)
    last = kept.latest([])
    assert last is not None
    assert last.step == 4
    _remove(last.folder)
    before = kept.latest([])
    assert bench.run(bench.config(**settings), "room", *narrow, file_size=weights + 4096) == DiskRefused.code
    assert "could not be written" in bench.errors("room").read_text()
    stopped = bench.events("room")[-1]
    assert (stopped["reason"], stopped["exit_code"]) == ("disk", 5)
    refused: list[str] = []
    assert kept.latest(refused) == before
    assert not refused
    assert [path.name for path in kept.folder.iterdir()] == ["step-00000002"]  # no half-written folder stays
    assert bench.run(bench.config(**settings), "room", *narrow) == FINISHED
    assert bench.weights("room") == (bench.folder / "moved away" / "model.safetensors").read_bytes()


def _remove(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (["--set", "training.stepps=3"], "stepps"),
        (["--set", "training.batch.align=0"], "training.batch.align"),
        (["--set", "training.batch.paint=3"], "paint"),
        (["--set", "training.epochs=3"], "exactly one of steps and epochs"),
        (["--set", "training.task.quick=1"], "no option 'quick'"),
        (["--set", "model.depth=3"], "no field 'depth'"),
        (["--set", "model.kind=unheard"], "unheard"),
        (["--set", "model.preset=huge"], "model.preset"),
        (["--set", "training"], "must look like"),
        (["--init", "/nowhere"], "/nowhere"),
        (["--manifest", "/nowhere.jsonl"], "/nowhere.jsonl"),
        (["--device", "abacus"], "abacus"),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else None,
)
def test_a_wrong_order_is_refused_in_words_and_leaves_nothing(bench: Bench, change: list[str], said: str) -> None:
    assert bench.run(bench.config(), "out", *change) == WRONG_USE
    text = bench.errors("out").read_text()
    assert said in text
    assert "Traceback" not in text
    assert not (bench.folder / "out" / "progress.jsonl").exists()


def test_a_manifest_without_a_record_of_a_trained_kind_is_refused(bench: Bench) -> None:
    assert bench.run(bench.config(batch={"align": 2, "generate": 2}), "out") == WRONG_USE
    assert "no usable record with task 'generate'" in bench.errors("out").read_text()


@pytest.mark.parametrize("workers", [0, 1])
def test_a_manifest_that_changes_under_way_stops_the_run(bench: Bench, workers: int) -> None:
    process = bench.start(bench.config(steps=500, task={"slow": 0.01}, workers=workers), "out")
    wait_for(lambda: (bench.folder / "out" / "progress.jsonl").exists() and bench.events("out", "step"), process)
    with bench.manifest.open("a") as file:
        file.write("more\n")
    assert ended(process) == WRONG_USE
    assert bench.events("out")[-1]["reason"] == "manifest_changed"
    assert "changed during training" in bench.errors("out").read_text()


def test_what_nobody_expected_ends_with_a_traceback_and_is_told(bench: Bench) -> None:
    bench.write_manifest([bench.align(colour, tags=[{"accepted": ["odd"]}]) for colour in COLOURS])
    assert bench.run(bench.config(task={"break": "odd"}), "out") == 1
    stopped = bench.events("out")[-1]
    assert (stopped["reason"], stopped["exit_code"], stopped["text"]) == ("failed", 1, "ValueError: odd breaks a batch")
    assert "Traceback" in bench.errors("out").read_text()


def test_an_image_of_another_size_than_the_manifest_says_is_a_bad_line(bench: Bench) -> None:
    Image.new("RGB", (24, 32), "blue").save(bench.folder / "images" / "blue.png")
    assert bench.run(bench.config(max_bad_share=0.9), "out") == FINISHED
    assert "is 24 x 32 px, the manifest says 32 x 24" in bench.events("out", "bad_line")[0]["reason"]
