"""From the command line's words to a trained model: look at everything first, then train."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ml.checkpoint import PROVENANCE, CheckpointError, read_json
from ml.data.surveys import BadLine, ManifestError, Survey, survey
from ml.training.checkpoints import Checkpoints, Saved
from ml.training.configs import read_run_config
from ml.training.faults import DiskRefused, ManifestChanged, TooManyBadLines, TrainingStopped
from ml.training.loop import CHECKPOINTS, FINAL, Trainer
from ml.training.processes import Process, joined
from ml.training.progress import PROGRESS, ProgressFile, Silent
from ml.training.runs import Run, difference, image_folders, prepare
from ml.training.signals import stop_requests

LISTED_BAD_LINES: Final = 10_000
"""How many of the survey's bad lines are written one by one; all are counted."""


class OutRefused(ValueError):
    """OUT cannot be used: another run is in it, or at work in it."""


class OrderRefused(ValueError):
    """The command line, the configuration, the manifest or OUT cannot be used; nothing was trained."""


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


@dataclass(frozen=True)
class _Prepared:
    """What is known before OUT is touched."""

    process: Process
    run: Run
    found: Survey
    identity: dict[str, Any]
    bad: list[BadLine]
    finished: bool
    saved: Saved | None
    refused: list[str]


def launch(order: Order) -> None:
    """Raises OrderRefused where the order cannot be followed (OUT is then as before), TrainingStopped where the run
    ended early."""
    with contextlib.ExitStack() as held:
        try:
            ready = _prepared(order, held)
            progress = held.enter_context(_progress(order.out, ready.process))
        except ValueError as error:
            raise OrderRefused(str(error)) from error
        _run(order, ready, progress)


def _prepared(order: Order, held: contextlib.ExitStack) -> _Prepared:
    config = read_run_config(order.config, order.changes)
    process = held.enter_context(joined(order.device))
    held.enter_context(_locked(order.out, process))
    run = prepare(config, out=order.out, init=order.init, processes=process.count)
    bad: list[BadLine] = []
    found = survey(order.manifests, run.kinds, lambda line: _keep(bad, line))
    identity = run.identity(found)
    finished = _is_finished(order.out, identity)
    refused: list[str] = []
    saved = None if finished else _saved(run, identity, refused)
    process.total([0.0])  # nobody writes to OUT before everybody has read it
    return _Prepared(process, run, found, identity, bad, finished, saved, refused)


def _run(order: Order, ready: _Prepared, progress: ProgressFile | Silent) -> None:
    run, found = ready.run, ready.found
    if ready.finished:
        progress.write("finished", step=run.steps(found), steps=run.steps(found), model=FINAL)
        return
    for reason in ready.refused:
        progress.write("checkpoint_refused", reason=reason)
    if ready.saved is None:
        _report_survey(found, ready.bad, progress)
    _check_share(run, found)
    images = image_folders(order.manifests, order.images)
    trainer = Trainer(run, found, ready.identity, images, ready.process, progress)
    with contextlib.closing(trainer), stop_requests() as stop:
        try:
            trainer.train(ready.saved, stop.asked)
        except ManifestError as error:
            raise ManifestChanged(str(error)) from error


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
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # not flock: data workers would inherit it
        except (BlockingIOError, PermissionError) as error:
            raise OutRefused(f"{out} is in use by a training run that is at work") from error
        yield


def _is_finished(out: Path, identity: dict[str, Any]) -> bool:
    """Whether OUT holds the result of this very run. Raises OutRefused where it is another's."""
    final = out / FINAL
    if not final.is_dir():
        return False
    try:
        stored = read_json(final / PROVENANCE)
    except CheckpointError as error:
        raise OutRefused(f"{final} is damaged ({error}): remove it to train again") from error
    _check_same(out, {name: stored.get(name) for name in identity}, identity)
    return True


def _saved(run: Run, identity: dict[str, Any], refused: list[str]) -> Saved | None:
    """The checkpoint to go on from. Raises OutRefused where it is another run's."""
    saved = Checkpoints(run.out / CHECKPOINTS, run.config.keep).latest(refused)
    if saved is not None:
        _check_same(run.out, saved.state["identity"], identity)
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
