"""A server as a foreground child: in a session of its own, stopped in steps, its output in a log file."""

import contextlib
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from webapp.embedded.errors import EmbeddedServersError

LOG_KEEP_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True)
class StopStep:
    """One attempt to stop a child: the signal, and how many seconds to wait for its effect."""

    signal: signal.Signals
    seconds: float


class ServerChild:
    """A running server process."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path, steps: Sequence[StopStep]) -> None:
        self.name = name
        self.process = process
        self.log = log
        self.steps = steps

    @classmethod
    def start(
        cls,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        steps: Sequence[StopStep],
        setup: Callable[[], None],
        cwd: Path,
    ) -> "ServerChild":
        """Start `command`; `setup` runs in the child just before (user, parent-death signal)."""
        log.parent.mkdir(parents=True, exist_ok=True)
        rotate_log(log)
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                start_new_session=True,
                preexec_fn=setup,
            )
        return cls(name, process, log, steps)

    @property
    def is_alive(self) -> bool:
        """False once the process has ended."""
        return self.process.poll() is None

    def wait_until(self, ready: Callable[[], bool], *, seconds: float) -> None:
        """Wait until `ready()`; otherwise raises EmbeddedServersError with the end of the log."""
        deadline = time.monotonic() + seconds
        while not ready():
            if not self.is_alive:
                raise EmbeddedServersError(
                    f"{self.name} ended while starting (exit status {self.process.returncode}). "
                    f"The end of {self.log}:\n{last_lines(self.log)}"
                )
            if time.monotonic() > deadline:
                raise EmbeddedServersError(
                    f"{self.name} did not answer within {seconds:.0f} s. The end of {self.log}:\n{last_lines(self.log)}"
                )
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop the process, more firmly at each step; returns when it is gone."""
        for step in (*self.steps, StopStep(signal.SIGKILL, 5)):
            if not self.is_alive:
                return
            self.process.send_signal(step.signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(step.seconds)


def rotate_log(log: Path) -> None:
    """Put a log that has grown large aside as `NAME.1`, over the one before."""
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > LOG_KEEP_BYTES:
            log.replace(log.with_name(f"{log.name}.1"))


def last_lines(log: Path, count: int = 12) -> str:
    """The last lines of a log file."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-count:])
    except OSError as error:
        return f"(cannot be read: {error})"
