"""Runs of the real command on a toy family, each in a process of its own."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ml.registry import FAMILIES
from ml.training.progress import PROGRESS
from tests.ml.training import toys

processes = multiprocessing.get_context("forkserver")
# Everything that a run imports, also late (torch._dynamo through its optimizers), once for all runs.
processes.set_forkserver_preload(
    [
        "tests.ml.training.toys",
        "ml.train",
        "torch._dynamo",
        "ml.rclip.model",
        "ml.rclip.training",
        "ml.asm.building",
        "ml.asm.training",
    ]
)

COLOURS = ("red", "green", "blue", "yellow", "black", "white", "orange", "purple")
BASE = {
    "model": {"kind": "toy", "preset": "tiny"},
    "training": {"batch": {"align": 4}, "steps": 12, "workers": 0, "report_every": 1},
}


@pytest.fixture(autouse=True)
def _toy_family(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FAMILIES, "toy", toys.TOY)


class Bench:
    """One folder with images, a manifest and runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[BaseProcess] = []
        self.manifest = folder / "train.jsonl"
        (folder / "images").mkdir()
        for colour in COLOURS:
            Image.new("RGB", (32, 24), colour).save(folder / "images" / f"{colour}.png")
        self.write_manifest([self.align(colour) for colour in COLOURS * 3])

    def align(self, colour: str, **fields: Any) -> dict[str, Any]:
        record = {"task": "align", "image": f"images/{colour}.png", "width": 32, "height": 24}
        return {**record, "boxes": [[2, 2, 20, 20]], "tags": [{"accepted": [colour, f"the {colour}"]}], **fields}

    def generate(self, colour: str) -> dict[str, Any]:
        turns = [("user", "What colour is it?"), ("assistant", f"It is {colour}.")]
        messages = [{"role": role, "content": content} for role, content in turns]
        return {"task": "generate", "image": f"images/{colour}.png", "width": 32, "height": 24, "messages": messages}

    def write_manifest(self, lines: Sequence[Any], name: str = "train.jsonl") -> Path:
        path = self.folder / name
        path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
        return path

    def config(self, **training: Any) -> Path:
        path = self.folder / f"config-{random.getrandbits(40):x}.yaml"  # JSON is YAML
        values = {**BASE, "training": {**BASE["training"], **training}}
        path.write_text(json.dumps(values))
        return path

    def start(
        self,
        config: Path,
        out: str,
        *more: str,
        environment: Mapping[str, str] | None = None,
        file_size: int | None = None,
        manifest: Path | None = None,
    ) -> BaseProcess:
        words = [
            "--device",
            "cpu",
            "--config",
            config,
            "--manifest",
            manifest or self.manifest,
            "--out",
            self.folder / out,
            *more,
        ]
        process = processes.Process(
            target=toys.train,
            args=([*map(str, words)], str(self.errors(out)), environment or {}, file_size),
        )
        process.start()
        self.started.append(process)
        return process

    def run(self, config: Path, out: str, *more: str, **options: Any) -> int:
        process = self.start(config, out, *more, **options)
        return ended(process)

    def errors(self, out: str) -> Path:
        return self.folder / f"{out}.err"

    def events(self, out: str, name: str | None = None) -> list[dict[str, Any]]:
        lines = (self.folder / out / PROGRESS).read_text().splitlines()
        events = [json.loads(line) for line in lines]
        return [event for event in events if name in (None, event["event"])]

    def weights(self, out: str) -> bytes:
        return (self.folder / out / "final" / "model.safetensors").read_bytes()


def ended(process: BaseProcess) -> int:
    process.join(60)
    assert process.exitcode is not None, "the run hangs"
    return process.exitcode


def kill(process: BaseProcess, number: int = signal.SIGKILL) -> int:
    assert process.pid is not None
    os.kill(process.pid, number)
    return ended(process)


def wait_for(condition: Any, process: BaseProcess) -> None:
    while not condition():
        assert process.is_alive(), "the run ended before what was waited for"
        time.sleep(0.01)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    for process in bench.started:
        if process.is_alive():
            process.kill()
            process.join()
