"""What a killed run left behind: processes still on their way out, and pid files that name the wrong process.

Only the holder of the `var/` lock calls these, so whatever is found belongs to a run that is over.
Reads `/proc`; where there is none (macOS) nothing is found and PostgreSQL's own checks remain.
"""

import contextlib
import os
import signal
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

# Every process started by `manage.py up` carries this variable with the path of its var/ folder.
RUN_MARKER = "ARGUS_RUN_VAR"

_PROC = Path("/proc")


def end_run_processes(var_dir: Path) -> list[int]:
    """Kill web, worker and timer processes of an earlier run on this folder. Returns their pids.

    Killing is safe: tasks are claimed in PostgreSQL and claimed again after their heartbeat lapses.
    """
    marker = f"{RUN_MARKER}={var_dir}".encode()
    spared = set(_ancestors())
    found = [pid for pid in _pids() if pid not in spared and marker in _environment(pid)]
    _end(found, (signal.SIGKILL,))
    return found


def end_postgres_processes(data_dir: Path) -> list[int]:
    """Stop PostgreSQL processes that still work in `data_dir`, the postmaster or its orphans. Returns their pids."""
    found = [pid for pid in _pids() if _is_postgres_in(pid, data_dir)]
    _end(found, (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL))
    return found


def remove_stale_pid_file(data_dir: Path, socket: Path) -> None:
    """Remove pid files that name an existing process which is no PostgreSQL of this folder.

    After a crash the number may have gone to another program, or to a zombie that no init collects (as in many
    containers); PostgreSQL refuses to start beside either. Files that name no process stay: PostgreSQL removes
    them itself, after a check for live shared memory.
    """
    for path in (data_dir / "postmaster.pid", socket.with_name(f"{socket.name}.lock")):
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = abs(int(path.read_text().split()[0]))
            if (_PROC / str(pid)).exists() and not _is_postgres_in(pid, data_dir):
                path.unlink()


def _end(pids: list[int], signals: Iterable[signal.Signals]) -> None:
    """Send each signal in turn to whatever is still alive, five seconds apart."""
    for number in signals:
        pids = [pid for pid in pids if _is_alive(pid)]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and any(_is_alive(pid) for pid in pids):
            time.sleep(0.02)


def _pids() -> Iterator[int]:
    with contextlib.suppress(FileNotFoundError):
        for entry in _PROC.iterdir():
            if entry.name.isdigit():
                yield int(entry.name)


def _ancestors() -> Iterator[int]:
    pid = os.getpid()
    while pid > 1:
        yield pid
        try:
            pid = int(_status_fields(pid)[1])
        except OSError:
            return


def _is_alive(pid: int) -> bool:
    """Whether the process exists and is no zombie."""
    try:
        return _status_fields(pid)[0] not in ("Z", "X")
    except OSError:
        return False


def _status_fields(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the program name: state, parent, group, session, …"""
    return (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()


def _environment(pid: int) -> list[bytes]:
    try:
        return (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _is_postgres_in(pid: int, data_dir: Path) -> bool:
    process = _PROC / str(pid)
    try:
        return (process / "cwd").resolve() == data_dir and (process / "exe").readlink().name == "postgres"
    except OSError:
        return False
