"""What the tests of the embedded servers share: owners to kill, and a look at what is left of them."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent.parent
_NOT_FOR_RUNS = ("ARGUS_VAR", "SECRET_KEY", "DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "PORT")


def environment(var_dir: Path, **extra: str) -> dict[str, str]:
    """The environment of a run on `var_dir`, without what the test run has set for itself."""
    inherited = {name: value for name, value in os.environ.items() if name not in _NOT_FOR_RUNS}
    return {**inherited, "ARGUS_VAR": str(var_dir), **extra}


@contextlib.contextmanager
def running_owner(var_dir: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that runs the servers on `var_dir`, and the line it printed: `ready` or `refused: …`."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.embedded.owner", str(var_dir)],
        cwd=ROOT,
        env=environment(var_dir),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().strip()
        finally:
            if process.poll() is None:
                process.kill()


def processes_of(var_dir: Path) -> list[psutil.Process]:
    """Live processes that work on `var_dir`: servers by their command line, the others by their environment."""
    return [process for process in psutil.process_iter() if _works_on(process, str(var_dir))]


def eventually(condition: Callable[[], bool], *, seconds: float = 20) -> bool:
    """Whether `condition` becomes true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


def _works_on(process: psutil.Process, var_dir: str) -> bool:
    try:
        if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
            return False
        return var_dir in " ".join(process.cmdline()) or process.environ().get("ARGUS_VAR") == var_dir
    except psutil.Error:
        return False
