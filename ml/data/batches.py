"""Micro-batches made in data workers: the lines of a range of places, decoded, transformed, collated.

A line that cannot be used leaves its place empty: its batch is smaller by one, and all other lines stay where they are.
"""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.sharedctypes import RawValue
from pathlib import Path
from types import FrameType
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from ml.data.images import ImageError, read_image
from ml.data.manifests import TASKS, RecordError, parse_record
from ml.data.streams import Place, Stream
from ml.data.surveys import BadLine, Survey
from ml.training.tasks import Batch, Sample, TrainingTask

_PREFETCHED: Final = 2


@dataclass(frozen=True, slots=True)
class Work:
    """One micro-batch to make: the places `start` to `stop` of the stream of `kind`."""

    kind: str
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class MicroBatch:
    """`batch` is None where no line was usable. `lines`: (file, line) of those in it, in order. `places`: how many
    were looked at. `bad`: lines that turned out bad only now (the survey has reported the others)."""

    kind: str
    batch: Batch | None
    lines: tuple[tuple[int, int], ...]
    places: int
    bad: tuple[BadLine, ...]

    def to(self, device: torch.device) -> MicroBatch:
        return replace(self, batch=_mapped(self.batch, lambda tensor: tensor.to(device, non_blocking=True)))

    def pin_memory(self) -> MicroBatch:
        """Called by the data loader's pinning thread."""
        return replace(self, batch=_mapped(self.batch, lambda tensor: tensor.pin_memory()))


class MicroBatches(Dataset[MicroBatch]):
    """Maps a Work to its MicroBatch. `images`: the folder of each manifest's images, in the survey's order."""

    def __init__(
        self,
        survey: Survey,
        task: TrainingTask,
        kinds: Iterable[str],
        images: Sequence[Path],
        seed: int,
    ) -> None:
        self._survey = survey
        self._task = task
        self._images = images
        self._seed = seed
        self._streams = {kind: Stream(survey, kind, seed) for kind in kinds}

    def __getitem__(self, work: Work) -> MicroBatch:
        samples: list[Sample] = []
        lines: list[tuple[int, int]] = []
        bad: list[BadLine] = []
        for number in range(work.start, work.stop):
            place = self._streams[work.kind].place(number)
            try:
                samples.append(self._sample(work.kind, place))
            except RecordError:
                continue  # the survey has reported it
            except ValueError as error:  # ImageError, BoxError, and what a task refuses
                field = "image" if isinstance(error, ImageError) else ""
                bad.append(BadLine(str(self._survey.files[place.file].path), place.line, field, str(error)))
            else:
                lines.append((place.file, place.line))
        batch = self._task.collate(work.kind, samples) if samples else None
        return MicroBatch(work.kind, batch, tuple(lines), work.stop - work.start, tuple(bad))

    def close(self) -> None:
        """Closes what this process opened of the manifests."""
        for stream in self._streams.values():
            stream.close()

    def _sample(self, kind: str, place: Place) -> Sample:
        record = parse_record(place.text)
        image = read_image(self._images[place.file] / record.image, (record.width, record.height))
        generator = np.random.default_rng([self._seed, TASKS.index(kind), place.epoch, place.file, place.line])
        return self._task.transform(record, image, generator)


def shares(kind: str, step: int, batch: int, micro: int, rank: int, processes: int) -> Iterator[Work]:
    """The micro-batches of one process in one step (from 0). The joint batch of a step is the same places whatever the
    number of processes is; each takes a contiguous part of it, in order of rank."""
    start = step * batch + batch * rank // processes
    stop = step * batch + batch * (rank + 1) // processes
    for first in range(start, stop, micro):
        yield Work(kind, first, min(first + micro, stop))


class Loading:
    """Micro-batches in the order of `works`, made ahead by `workers` processes (0: in this one, when asked for).

    The trainer finishes its step on SIGTERM and Ctrl-C, and needs its workers for that: when a whole process group is
    told to end, they do not listen before `close`."""

    def __init__(self, dataset: MicroBatches, works: Iterable[Work], *, workers: int, pin: bool) -> None:
        self._may_end = RawValue(ctypes.c_bool, False)
        self._batches = iter(
            DataLoader(
                dataset,
                batch_size=None,
                sampler=_Once(works),
                num_workers=workers,
                pin_memory=pin,
                prefetch_factor=_PREFETCHED if workers else None,
                worker_init_fn=self._start_worker,
                multiprocessing_context="fork" if workers else None,  # shares the survey and the libraries
            )
        )

    def __iter__(self) -> Iterator[MicroBatch]:
        return self._batches

    def close(self) -> None:
        """The workers end when this process does, if not before."""
        self._may_end.value = True

    def _start_worker(self, _: int) -> None:
        def end(_number: int, _frame: FrameType | None) -> None:
            if self._may_end.value:
                os._exit(0)

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        torch.set_num_threads(1)


class _Once:
    def __init__(self, works: Iterable[Work]) -> None:
        self._works = works

    def __iter__(self) -> Iterator[Work]:
        return iter(self._works)


def _mapped(value: Any, change: Any) -> Any:
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, dict):
        return {name: _mapped(part, change) for name, part in value.items()}
    if isinstance(value, list):
        return [_mapped(part, change) for part in value]
    return value
