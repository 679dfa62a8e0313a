"""Micro-batches: what is in them, and what is left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ml.data.batches import Loading, MicroBatches, Work, shares
from ml.data.manifests import Record
from ml.data.surveys import survey
from ml.training.tasks import Batch
from tests.ml.data.records import align, write


class Numbers:
    """A task whose samples are the image's number and a random draw."""

    objectives: dict[str, Any] = {"align": None}

    def transform(self, record: Record, image: Image.Image, generator: np.random.Generator) -> dict[str, Any]:
        if record.tags[0].accepted == ("unwanted",):
            raise ValueError("this tag is not wanted")
        return {"number": int(Path(record.image).stem), "draw": float(generator.random())}

    def collate(self, kind: str, samples: Sequence[Any]) -> Batch:
        return {
            "kind": kind,
            "numbers": torch.tensor([sample["number"] for sample in samples]),
            "draws": [torch.tensor(sample["draw"]) for sample in samples],
            "counts": {"images": len(samples)},
        }


LINES = 12


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(LINES):
        Image.new("RGB", (8, 8)).save(tmp_path / f"{number}.png")
    return tmp_path


def dataset(folder: Path, lines: list[Any]) -> MicroBatches:
    found = survey([write(folder / "m.jsonl", lines)], ("align",), lambda _: None)
    return MicroBatches(found, Numbers(), ("align",), [folder], seed=0)  # type: ignore[arg-type]  # a part of a task


@pytest.fixture
def numbers(folder: Path) -> Iterator[MicroBatches]:
    made = dataset(folder, [align(number) for number in range(LINES)])
    yield made
    made.close()


def test_the_micro_batches_of_an_epoch_hold_every_line(numbers: MicroBatches) -> None:
    parts = [numbers[work] for step in range(3) for work in shares("align", step, 4, 2, 0, 1)]
    found = [number for part in parts if part.batch for number in part.batch["numbers"].tolist()]
    assert sorted(found) == list(range(LINES))
    assert [line - 1 for part in parts for _, line in part.lines] == found
    assert all((part.kind, part.places, part.bad) == ("align", 2, ()) for part in parts)


def test_a_draw_belongs_to_line_and_epoch(numbers: MicroBatches) -> None:
    def draws(start: int, stop: int) -> dict[int, float]:
        batch = numbers[Work("align", start, stop)].batch
        assert batch is not None
        return dict(zip(batch["numbers"].tolist(), [float(draw) for draw in batch["draws"]], strict=True))

    first, second = draws(0, LINES), draws(LINES, 2 * LINES)
    assert draws(5, 7).items() <= first.items()
    assert len({*first.values(), *second.values()}) == 2 * LINES


def test_lines_that_fail_only_now_are_told_and_leave_gaps(folder: Path) -> None:
    (folder / "3.png").unlink()
    (folder / "5.png").write_bytes(b"\x89PNG torn")
    unwanted = {**align(7), "tags": [{"accepted": ["unwanted"]}]}
    lines: list[Any] = [align(number) for number in range(LINES)]
    made = dataset(folder, [*lines[:7], unwanted, "no record", *lines[9:]])
    part = made[Work("align", 0, LINES)]
    made.close()
    assert part.batch is not None
    assert sorted(part.batch["numbers"].tolist()) == [0, 1, 2, 4, 6, 9, 10, 11]
    assert part.places == LINES
    bad = {line.line: (line.field, line.reason) for line in part.bad}
    assert set(bad) == {4, 6, 8}  # line 9 is the survey's to tell
    assert bad[8] == ("", "this tag is not wanted")
    assert bad[4][0] == bad[6][0] == "image"


def test_a_micro_batch_without_a_usable_line_has_no_batch(folder: Path) -> None:
    made = dataset(folder, [align(number) for number in range(100, 103)])
    part = made[Work("align", 0, 3)]
    made.close()
    assert part.batch is None
    assert part.lines == ()
    assert len(part.bad) == 3


@pytest.mark.parametrize("workers", [0, 2])
def test_a_loader_keeps_the_order_of_the_work(numbers: MicroBatches, workers: int) -> None:
    works = [Work("align", start, start + 3) for start in (9, 0, 6, 3, 12)]
    with closing(Loading(numbers, works, workers=workers, pin=False)) as loading:
        assert [part.lines for part in loading] == [numbers[work].lines for work in works]


def test_tensors_move_wherever_they_are_in_a_batch(numbers: MicroBatches) -> None:
    moved = numbers[Work("align", 0, 2)].to(torch.device("meta"))
    assert moved.batch is not None
    assert moved.batch["numbers"].is_meta
    assert all(draw.is_meta for draw in moved.batch["draws"])
    assert moved.batch["kind"] == "align"
