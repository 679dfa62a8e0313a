"""The training loop: from the last checkpoint to the last step."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

import torch

from ml.checkpoint import CheckpointNotWritten, load_weights, save_model
from ml.data.batches import Loading, MicroBatch, MicroBatches, Work, shares
from ml.data.surveys import BadLine, Survey
from ml.data.tolerance import Tolerance
from ml.training.checkpoints import Checkpoints, Saved
from ml.training.faults import DiskRefused, Interrupted, LossNotFinite, TooManyBadLines
from ml.training.optimizers import adamw, optimizer_tensors, restore_optimizer, trainable_parameters
from ml.training.processes import Process
from ml.training.progress import ProgressFile, Rates, Silent
from ml.training.provenance import provenance
from ml.training.runs import Run
from ml.training.schedules import learning_rate, warmup_steps
from ml.training.steps import Outcome, Stepper

CHECKPOINTS: Final = "checkpoints"
FINAL: Final = "final"
_NAMED_ITEMS: Final = 1000

Batches = dict[str, list[MicroBatch]]


class Trainer:
    """A prepared run; `identity` is what its checkpoints are known by, `images` is parallel to the survey's files."""

    def __init__(
        self,
        run: Run,
        survey: Survey,
        identity: Mapping[str, Any],
        images: Sequence[Path],
        process: Process,
        progress: ProgressFile | Silent,
    ) -> None:
        self._run = run
        self._survey = survey
        self._process = process
        self._progress = progress
        self._steps = run.steps(survey)
        self._warmup = warmup_steps(self._steps, run.config.warmup)
        self._identity = identity
        self._dataset = MicroBatches(survey, run.task, run.kinds, images, run.config.seed)
        run.model.to(process.device)
        self._parameters = trainable_parameters(run.task, run.model)
        self._optimizer = adamw(self._parameters, run.config)
        self._stepper = Stepper(run, self._parameters, self._optimizer, process)
        self._checkpoints = Checkpoints(run.out / CHECKPOINTS, run.config.keep)
        lines = survey.lines - survey.ignored
        self._tolerances = {
            kind: Tolerance(share=run.config.max_bad_share, lines=lines, surveyed_bad=survey.bad) for kind in run.kinds
        }
        self._rates = Rates()

    def train(self, saved: Saved | None, stop_asked: Callable[[], bool]) -> Path:
        """From `saved`, or from the beginning; returns the folder of the finished model. `stop_asked` is looked at
        once a step. Raises TrainingStopped.
        """
        first = self._restore(saved)
        self._process.share_state(self._run.model)
        config = self._run.config
        pin = self._process.device.type == "cuda"
        loading = Loading(self._dataset, self._works(first), workers=config.workers, pin=pin)
        with contextlib.closing(loading):
            self._steps_from(first, iter(loading), stop_asked)
        return self._finish()

    def _steps_from(self, first: int, batches: Iterator[MicroBatch], stop_asked: Callable[[], bool]) -> None:
        config = self._run.config
        for step in range(first, self._steps):
            self._one_step(step, self._next(batches, step))
            done = step + 1
            stop = self._process.total([float(stop_asked())])[0] > 0
            if done < self._steps and (stop or done % config.checkpoint_every == 0):
                self._save(done)
            if stop and done < self._steps:
                raise Interrupted(f"stopped after step {done} of {self._steps}; the same command goes on from there")

    def close(self) -> None:
        self._dataset.close()

    def _works(self, first: int) -> Iterator[Work]:
        for step in range(first, self._steps):
            for kind in self._run.kinds:
                yield from self._shares(step, kind)

    def _shares(self, step: int, kind: str) -> Iterator[Work]:
        batch = self._run.config.batch[kind]
        micro = self._run.config.micro_batch.get(kind, batch)
        return shares(kind, step, batch, micro, self._process.rank, self._process.count)

    def _next(self, batches: Iterator[MicroBatch], step: int) -> Batches:
        return {
            kind: [part.to(self._process.device) for part in islice(batches, len(list(self._shares(step, kind))))]
            for kind in self._run.kinds
        }

    def _one_step(self, step: int, batches: Batches) -> None:
        self._count_bad_lines(step, batches)
        rate = learning_rate(step, steps=self._steps, peak=self._run.peak_rate, warmup=self._warmup)
        outcome = self._stepper.step(step, batches, rate)
        if not outcome.finite:
            self._refuse_step(step, batches, outcome)
        for kind in outcome.skipped:
            self._progress.write("skipped", step=step + 1, kind=kind, reason="a process had no usable line of it")
        if outcome.means:
            self._rates.add({**outcome.means, "gradient_norm": outcome.gradient_norm}, _counts(batches))
        if (step + 1) % self._run.config.report_every == 0 or step in (0, self._steps - 1):
            self._report(step + 1, rate)

    def _count_bad_lines(self, step: int, batches: Batches) -> None:
        """Reports them, and raises TooManyBadLines. All processes come to the same end."""
        found = [line for parts in batches.values() for part in parts for line in part.bad]
        if self._process.total([float(len(found))])[0]:
            for lines in self._process.gathered(found):
                for line in lines:
                    self._progress.write("bad_line", step=step + 1, **_named(line))
        for kind, tolerance in self._tolerances.items():
            own = [
                float(sum(part.places for part in batches[kind])),
                float(sum(len(part.bad) for part in batches[kind])),
            ]
            places, bad = self._process.total(own)
            epoch = step * self._run.config.batch[kind] // self._survey.total(kind)
            tolerance.add(epoch, places=int(places), bad=int(bad))
            if tolerance.exceeded():
                raise TooManyBadLines(
                    f"step {step + 1}: {tolerance.bad} of {tolerance.seen} lines with task {kind} could not be used "
                    f"in this epoch, {self._survey.bad} more of {self._survey.lines} are no records: more than the "
                    f"share of {self._run.config.max_bad_share:g} that training.max_bad_share allows"
                )

    def _refuse_step(self, step: int, batches: Batches, outcome: Outcome) -> None:
        own = [
            f"{self._survey.files[file].path}:{line}"
            for parts in batches.values()
            for part in parts
            for file, line in part.lines
        ]
        items = [item for some in self._process.gathered(own) for item in some]
        self._progress.write(
            "not_finite",
            step=step + 1,
            means=outcome.means,
            gradient_norm=outcome.gradient_norm,
            items=items[:_NAMED_ITEMS],
            items_in_batch=len(items),
        )
        raise LossNotFinite(
            f"step {step + 1}: the loss is {outcome.means['loss']} and the norm of its gradient "
            f"{outcome.gradient_norm}; nothing of this step was kept. "
            f"Its {len(items)} lines: {', '.join(items[:20])}{', ...' if len(items) > 20 else ''}"
        )

    def _report(self, done: int, rate: float) -> None:
        counts = _summed(self._process.gathered(self._rates.counts))
        report = self._rates.report(self._steps - done, counts)
        self._progress.write("step", step=done, steps=self._steps, learning_rate=rate, **report, memory=_memory())

    def _restore(self, saved: Saved | None) -> int:
        if saved is None:
            self._progress.write("started", step=0, steps=self._steps, **self._identity)
            return 0
        load_weights(self._run.model, saved.folder / "model.safetensors")
        restore_optimizer(self._optimizer, self._parameters, saved.optimizer())
        for kind, state in saved.state["bad_lines"].items():
            self._tolerances[kind].restore(state)
        self._progress.write("resumed", step=saved.step, steps=self._steps, checkpoint=saved.folder.name)
        return saved.step

    def _save(self, done: int) -> None:
        if not self._process.first:
            return
        state = {
            "identity": self._identity,
            "bad_lines": {kind: tolerance.state() for kind, tolerance in self._tolerances.items()},
        }
        try:
            folder = self._checkpoints.write(
                done,
                self._run.model,
                optimizer_tensors(self._optimizer, self._parameters),
                state,
                provenance(self._identity, step=done, steps=self._steps),
            )
        except CheckpointNotWritten as error:
            raise DiskRefused(f"step {done}: {error}; the checkpoints before it are intact") from error
        self._progress.write("checkpoint", step=done, steps=self._steps, checkpoint=folder.name)

    def _finish(self) -> Path:
        final = self._run.out / FINAL
        if self._process.first:
            try:
                save_model(final, self._run.model, provenance(self._identity, step=self._steps, steps=self._steps))
            except CheckpointNotWritten as error:
                raise DiskRefused(f"the finished model: {error}; the last checkpoint is intact") from error
        self._progress.write("finished", step=self._steps, steps=self._steps, model=FINAL)
        return final


def _counts(batches: Mapping[str, Sequence[MicroBatch]]) -> dict[str, int]:
    return _summed([(part.batch or {}).get("counts", {}) for parts in batches.values() for part in parts])


def _summed(counts: Sequence[Mapping[str, int]]) -> dict[str, int]:
    names = sorted({name for some in counts for name in some})
    return {name: sum(some.get(name, 0) for some in counts) for name in names}


def _named(line: BadLine) -> dict[str, Any]:
    return {"manifest": line.manifest, "line": line.line, "field": line.field, "reason": line.reason}


def _memory() -> dict[str, int]:
    """Peaks in bytes: of this process, and of its GPU where there is one."""
    peak = {"process": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}
    if torch.cuda.is_available():
        peak["gpu"] = torch.cuda.max_memory_allocated()
    return peak
