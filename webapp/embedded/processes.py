"""The process manager of `manage.py up`: web server, workers and timer, side by side, their output on one screen.

honcho runs them and ends all when one ends. Added here: a killed manager takes the processes along, a stop is sent to
each program rather than to its whole group (a worker then finishes or gives back its task), and a
`started` hook runs once they run.
"""

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from honcho import manager as honcho_manager
from honcho.compat import ProcessManager
from honcho.manager import Manager
from honcho.printer import Printer
from honcho.process import Popen, Process

from webapp.embedded.lifelines import die_with_parent

# Longer than the workers' soft shutdown (3 s) and the web server's graceful stop in `up` (3 s).
STOP_SECONDS = 10


@dataclass(frozen=True)
class Program:
    """A process to run: its name on screen and its command."""

    name: str
    command: Sequence[str]


class Programs(Manager):  # type: ignore[misc]  # honcho has no types
    """Runs programs until one ends or a signal comes, then stops them all."""

    def __init__(
        self,
        programs: Sequence[Program],
        *,
        env: Mapping[str, str],
        cwd: str,
        output: IO[str],
        inherited_lock: int | None,
        started: Callable[[], None],
    ) -> None:
        super().__init__(Printer(output))
        honcho_manager.KILL_WAIT = STOP_SECONDS
        self._procmgr = _SingleProcessSignals()
        self._started_hook = started
        self._process_ctor = _tied_process(inherited_lock)
        self._ended_first: str | None = None
        for program in programs:
            self.add_process(program.name, list(program.command), env=dict(env), cwd=cwd)

    def first_ended(self) -> str | None:
        """The program that ended while nobody had asked for a stop, if that is how it ended."""
        return self._ended_first

    def terminate(self) -> None:
        if not self._terminating and self.returncode not in (130, 143):
            ended = [name for name, process in self._processes.items() if process.get("returncode") is not None]
            self._ended_first = ended[0] if ended else None
        super().terminate()

    def _start(self) -> None:
        super()._start()
        self._started_hook()

    def _killall(self, force: bool = False) -> None:
        for process in self._processes.values():
            # A signal may come before a program has reported its number; it is stopped after STOP_SECONDS then.
            if "returncode" not in process and "pid" in process:
                (self._procmgr.kill if force else self._procmgr.terminate)(process["pid"])


class _SingleProcessSignals(ProcessManager):  # type: ignore[misc]
    """Ask the program itself to end; kill it with all it started."""

    def terminate(self, pid: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)


def _tied_process(inherited_lock: int | None) -> Callable[..., Process]:
    manager_pid = os.getpid()

    class TiedProcess(Process):  # type: ignore[misc]
        """honcho's wrapper process, which ends with the manager, around a program, which ends with the wrapper."""

        def run(self, events: Any = None, ignore_signals: bool = False) -> None:
            # The terminal sends Ctrl-C to this process too; only the manager answers it.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            if inherited_lock is not None:
                os.close(inherited_lock)
            die_with_parent(signal.SIGKILL, parent=manager_pid)
            self._child_ctor = _tied_popen
            super().run(events, ignore_signals)

    return TiedProcess


def _tied_popen(command: Sequence[str], **options: Any) -> Popen:
    parent = os.getpid()

    def prepare() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        die_with_parent(signal.SIGTERM, parent=parent)

    return Popen(
        command,
        shell=False,
        stdin=subprocess.DEVNULL,
        preexec_fn=prepare,
        **options,
    )
