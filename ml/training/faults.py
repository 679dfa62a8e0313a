"""Why a training run ends before its last step, and the exit code that says so."""

from __future__ import annotations

from typing import Final

FINISHED: Final = 0
WRONG_USE: Final = 2
"""The command line, the configuration, the manifest or OUT cannot be used; nothing was trained."""


class TrainingStopped(RuntimeError):
    """The run ended early; the last checkpoint is intact. `code` is the exit code, `reason` a short stable name."""

    code = 1
    reason = "failed"


class TooManyBadLines(TrainingStopped):
    code = 3
    reason = "too_many_bad_lines"


class ManifestChanged(TrainingStopped):
    """A manifest is no longer what the survey saw."""

    code = WRONG_USE
    reason = "manifest_changed"


class LossNotFinite(TrainingStopped):
    """NaN or infinity in the loss or in its gradient; the step was not applied."""

    code = 4
    reason = "loss_not_finite"


class DiskRefused(TrainingStopped):
    """A checkpoint or the progress file could not be written."""

    code = 5
    reason = "disk"


class Interrupted(TrainingStopped):
    """SIGTERM or Ctrl-C: the step was finished and a checkpoint written; the same command goes on from there."""

    code = 75
    reason = "interrupted"
