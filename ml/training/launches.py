"""From the command line's words to a trained model: look at everything first, then train."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ml.checkpoint import PROVENANCE, CheckpointError, read_json
from ml.data.surveys import BadLine, Survey, survey
from ml.training.checkpoints import Checkpoints, Saved
from ml.training.configs import read_run_config
from ml.training.faults import DiskRefused, TooManyBadLines, TrainingStopped
from ml.training.loop import CHECKPOINTS, FINAL, Trainer
from ml.training.processes import Process, joined
from ml.training.progress import PROGRESS, ProgressFile, Silent
from ml.training.runs import Run, difference, image_folders, prepare
from ml.training.signals import stop_requests

LISTED_BAD_LINES: Final = 10_000
"""How many of the survey's bad lines are written one by one; all are counted."""


class OutRefused(ValueError):
    """OUT cannot be used: another run is in it, or at work in it."""


@dataclass(frozen=True)
class Order:
    """What the command line says."""

    config: Path
    changes: Sequence[str]
    manifests: Sequence[Path]
    images: Path | None
    out: Path
    init: Path | None
    device: str | None


def launch(order: Order) -> None:
    """Raises ValueError where the order cannot be followed (OUT is then as before), TrainingStopped where it ended
    early."""
    config = read_run_config(order.config, order.changes)
    with joined(order.device) as process, _locked(order.out, process):
        run = prepare(config, out=order.out, init=order.init, processes=process.count)
        bad: list[BadLine] = []
        found = survey(order.manifests, run.kinds, lambda line: _keep(bad, line))
        finished = _is_finished(run, found)
        refused: list[str] = []
        saved = None if finished else _saved(run, found, refused)
        # Nobody writes to OUT before everybody has read it.
        process.total([0.0])
        with _progress(order.out, process) as progress:
            if finished:
                progress.write("finished", step=run.steps(found), steps=run.steps(found), model=FINAL)
                return
            for reason in refused:
                progress.write("checkpoint_refused", reason=reason)
            if saved is None:
                _report_survey(found, bad, progress)
            _check_share(run, found)
            images = image_folders(order.manifests, order.images)
            trainer = Trainer(run, found, images, process, progress)
            with contextlib.closing(trainer), stop_requests() as stop:
                trainer.train(saved, stop.asked)


def _keep(bad: list[BadLine], line: BadLine) -> None:
    if len(bad) < LISTED_BAD_LINES:
        bad.append(line)


@contextlib.contextmanager
def _locked(out: Path, process: Process) -> Iterator[None]:
    """One run at a time in OUT. The lock goes with the process, however it ends."""
    if not process.first:
        yield
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
        lock = (out / ".lock").open("w")
    except OSError as error:
        raise OutRefused(f"{out} cannot be written: {error}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OutRefused(f"{out} is in use by a training run that is at work") from error
        yield


def _is_finished(run: Run, found: Survey) -> bool:
    """Whether OUT holds the result of this very run. Raises OutRefused where it is another's."""
    final = run.out / FINAL
    if not final.is_dir():
        return False
    try:
        stored = read_json(final / PROVENANCE)
    except CheckpointError as error:
        raise OutRefused(f"{final} is damaged ({error}): remove it to train again") from error
    identity = run.identity(found)
    _check_same(run.out, {name: stored.get(name) for name in identity}, identity)
    return True


def _saved(run: Run, found: Survey, refused: list[str]) -> Saved | None:
    """The checkpoint to go on from. Raises OutRefused where it is another run's."""
    saved = Checkpoints(run.out / CHECKPOINTS, run.config.keep).latest(refused)
    if saved is not None:
        _check_same(run.out, saved.state["identity"], run.identity(found))
    return saved


def _check_same(out: Path, old: dict[str, Any], new: dict[str, Any]) -> None:
    if (found := difference(old, new)) is not None:
        raise OutRefused(f"{out} holds another run: {found}. Give another --out, or the same command as before")


@contextlib.contextmanager
def _progress(out: Path, process: Process) -> Iterator[ProgressFile | Silent]:
    """The progress file, which is told how the block ended where it did not end well."""
    if not process.first:
        yield Silent()
        return
    try:
        progress = ProgressFile(out / PROGRESS)
    except OSError as error:
        raise OutRefused(f"{out / PROGRESS} cannot be written: {error}") from error
    with contextlib.closing(progress):
        try:
            yield progress
        except TrainingStopped as stopped:
            _last_words(progress, reason=stopped.reason, exit_code=stopped.code, text=str(stopped))
            raise
        except BaseException as error:
            _last_words(progress, reason="failed", exit_code=1, text=f"{type(error).__name__}: {error}")
            raise


def _last_words(progress: ProgressFile, **values: Any) -> None:
    with contextlib.suppress(DiskRefused):  # the disk may be what stopped the run
        progress.write("stopped", **values)


def _report_survey(found: Survey, bad: Sequence[BadLine], progress: ProgressFile | Silent) -> None:
    progress.write(
        "surveyed",
        lines=found.lines,
        places={kind: found.total(kind) for kind in found.places},
        bad=found.bad,
        ignored=found.ignored,
    )
    for line in bad:
        progress.write("bad_line", step=0, manifest=line.manifest, line=line.line, field=line.field, reason=line.reason)


def _check_share(run: Run, found: Survey) -> None:
    used = found.lines - found.ignored
    allowed = run.config.max_bad_share
    if found.bad > allowed * used:
        raise TooManyBadLines(
            f"{found.bad} of {used} lines are no records: more than the share of {allowed:g} that "
            "training.max_bad_share allows; progress.jsonl names them"
        )
