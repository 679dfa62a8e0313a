"""Only processes of the same folder are taken for leftovers."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from webapp.embedded.leftovers import RUN_MARKER, end_run_processes

SLEEP = [sys.executable, "-c", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"]


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[bytes]]]:
    processes: list[subprocess.Popen[bytes]] = []
    yield processes
    for process in processes:
        process.kill()
        process.wait()


def _start(var_dir: Path, started: list[subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(SLEEP, env={**os.environ, RUN_MARKER: str(var_dir)})
    started.append(process)
    return process


def test_processes_of_the_folder_end_even_when_they_ignore_signals(
    tmp_path: Path, started: list[subprocess.Popen[bytes]]
) -> None:
    leftover = _start(tmp_path, started)
    assert end_run_processes(tmp_path) == [leftover.pid]
    assert leftover.wait(5) < 0


def test_processes_of_another_folder_stay(tmp_path: Path, started: list[subprocess.Popen[bytes]]) -> None:
    other = _start(tmp_path / "other", started)
    assert end_run_processes(tmp_path) == []
    assert other.poll() is None


def test_the_process_that_asks_is_spared(tmp_path: Path) -> None:
    code = f"""
from pathlib import Path
from webapp.embedded.leftovers import end_run_processes
print(end_run_processes(Path({str(tmp_path)!r})))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, RUN_MARKER: str(tmp_path)},
        cwd=Path(__file__).resolve().parent.parent.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
