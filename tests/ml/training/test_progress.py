"""The progress file, also after a crash."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ml.training.faults import DiskRefused
from ml.training.progress import ProgressFile, Rates


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_event_is_a_whole_line_in_the_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    progress = ProgressFile(path)
    progress.write("step", step=1, loss=0.5, text="zwei\nZeilen \u2028 ü")
    (event,) = lines(path)  # before it is closed
    assert (event["event"], event["step"], event["text"]) == ("step", 1, "zwei\nZeilen \u2028 ü")
    assert str(event["time"]).endswith("+00:00")
    progress.close()


def test_numbers_that_json_lacks_become_null(tmp_path: Path) -> None:
    progress = ProgressFile(tmp_path / "p.jsonl")
    progress.write("step", loss=float("nan"), parts={"a": float("inf"), "b": 1.0})
    progress.close()
    (event,) = lines(tmp_path / "p.jsonl")
    assert event["loss"] is None
    assert event["parts"] == {"a": None, "b": 1.0}


@pytest.mark.parametrize("torn", ["", '{"event": "st', "x" * 200_000])
def test_a_torn_last_line_is_removed_and_all_others_stay(tmp_path: Path, torn: str) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text('{"event": "started"}\n{"event": "step"}\n' + torn)
    progress = ProgressFile(path)
    progress.write("resumed")
    progress.close()
    assert [event["event"] for event in lines(path)] == ["started", "step", "resumed"]


def test_a_file_of_one_torn_line_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text('{"ev')
    progress = ProgressFile(path)
    progress.close()
    assert path.read_text() == ""


def test_a_disk_without_room_is_a_fault_of_its_own() -> None:
    progress = ProgressFile(Path("/dev/full"))
    with pytest.raises(DiskRefused, match="No space left"):
        progress.write("step")
    progress.close()


def test_rates_are_means_over_the_steps_since_the_last_report() -> None:
    rates = Rates()
    rates.add({"loss": 1.0, "align": 0.25}, {"images": 3, "regions": 7})
    rates.add({"loss": 3.0}, {"images": 5})
    assert rates.counts == {"images": 8, "regions": 7}
    report = rates.report(10, rates.counts)
    assert report["loss"] == 2.0
    assert report["parts"] == {"align": 0.25}
    assert report["regions_per_second"] / report["images_per_second"] == pytest.approx(7 / 8, rel=0.01)
    assert report["seconds_left"] >= 0
    assert rates.report(10, rates.counts)["loss"] is None
