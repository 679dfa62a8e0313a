"""`manage.py up`, as `make run` starts it: real processes, real signals. Slow for a test: each start takes seconds."""

import contextlib
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.embedded.runs import ROOT, environment, eventually, processes_of


class Run:
    """A started `manage.py up --no-demo` and what it has printed so far."""

    def __init__(self, var_dir: Path, port: int, *, through_make_like_parent: bool = False) -> None:
        self.port = port
        self.lines: list[str] = []
        self._arrived: queue.Queue[str | None] = queue.Queue()
        command = [sys.executable, "manage.py", "up", "--no-demo"]
        if through_make_like_parent:
            # A parent that waits, as make does; the shell would replace itself without the second command.
            command = ["sh", "-c", f"'{sys.executable}' manage.py up --no-demo --stop-with-parent; exit $?"]
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(var_dir, PORT=str(port)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # a terminal of its own, for Ctrl-C
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for line in output:
                self._arrived.put(line)
        self._arrived.put(None)

    def until(self, text: str, *, seconds: float = 90) -> str:
        """Everything printed up to and with the line that contains `text`."""
        while not self.lines or text not in self.lines[-1]:
            line = self._arrived.get(timeout=seconds)
            assert line is not None, "ended before it said so:\n" + self.output
            self.lines.append(line)
        return self.output

    def wait(self, *, seconds: float = 40) -> int:
        """The exit status; all output has been read then."""
        status = self.process.wait(seconds)
        while (line := self._arrived.get(timeout=10)) is not None:
            self.lines.append(line)
        return status

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def press_ctrl_c(self) -> None:
        """SIGINT for the whole foreground group, as a terminal does."""
        os.killpg(self.process.pid, signal.SIGINT)

    def get(self, path: str) -> tuple[int, dict[str, object]]:
        with urllib.request.urlopen(f"http://localhost:{self.port}{path}", timeout=10) as answer:
            return answer.status, json.load(answer)


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture(scope="module")
def var_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for the module: only the first test makes the database."""
    return tmp_path_factory.mktemp("up") / "var"


@contextlib.contextmanager
def _run(var_dir: Path, port: int, **options: bool) -> Iterator[Run]:
    run = Run(var_dir, port, **options)
    try:
        yield run
    finally:
        run.process.kill()
        run.process.wait()
        for process in processes_of(var_dir):
            with contextlib.suppress(psutil.Error):
                process.kill()


def test_it_says_where_to_go_when_it_is_ready_and_ctrl_c_stops_everything(var_dir: Path, port: int) -> None:
    with _run(var_dir, port) as run:
        run.until("Stop everything: Ctrl-C")
        assert f"Argus is ready. Open http://localhost:{port}/" in run.output
        ready = {"status": "ready", "checks": {"postgresql": "ok", "migrations": "ok", "redis": "ok"}}
        assert run.get("/healthz") == (200, ready)
        assert run.get("/livez") == (200, {"status": "alive"})
        names = {" ".join(process.cmdline()) for process in processes_of(var_dir)}
        for part in ("gunicorn", "-Q cpu", "-Q gpu", "beat", "bin/postgres", "redis-server"):
            assert any(part in name for name in names), f"{part} does not run"
        run.press_ctrl_c()
        assert run.wait() == 0
        assert "Your data is kept" in run.output
        assert processes_of(var_dir) == []


def test_a_second_one_on_the_same_folder_is_refused_and_the_first_goes_on(var_dir: Path, port: int) -> None:
    with _run(var_dir, port) as first:
        first.until("Stop everything: Ctrl-C")
        second = Run(var_dir, port)
        assert second.wait() == 1
        assert f"already running at http://localhost:{port}/" in second.output
        assert "Traceback" not in second.output
        assert first.get("/livez")[0] == 200


def test_a_killed_run_does_not_block_the_next_one_on_the_same_port(var_dir: Path, port: int) -> None:
    with _run(var_dir, port) as killed:
        killed.until("Stop everything: Ctrl-C")
        killed.process.kill()
        killed.process.wait()
        with _run(var_dir, port) as run:
            run.until("Stop everything: Ctrl-C")
            assert run.get("/healthz")[0] == 200
            run.process.send_signal(signal.SIGTERM)
            assert run.wait() == 0
            assert processes_of(var_dir) == []


def test_it_goes_with_a_killed_make(var_dir: Path, port: int) -> None:
    with _run(var_dir, port, through_make_like_parent=True) as run:
        run.until("Stop everything: Ctrl-C")
        run.process.kill()
        run.process.wait()
        assert eventually(lambda: processes_of(var_dir) == [], seconds=40), processes_of(var_dir)


def test_a_program_that_ends_by_itself_stops_everything_and_is_named(var_dir: Path, port: int) -> None:
    with _run(var_dir, port) as run:
        run.until("Stop everything: Ctrl-C")
        timer = next(process for process in processes_of(var_dir) if "beat" in process.cmdline())
        timer.kill()
        assert run.wait() == 1
        assert "timer ended by itself" in run.output
        assert processes_of(var_dir) == []


def test_a_server_that_ends_by_itself_stops_everything_and_is_named(var_dir: Path, port: int) -> None:
    with _run(var_dir, port) as run:
        run.until("Stop everything: Ctrl-C")
        next(process for process in processes_of(var_dir) if "redis-server" in process.cmdline()[0]).kill()
        assert run.wait() == 1
        assert "Redis ended by itself" in run.output
        assert processes_of(var_dir) == []


def test_a_taken_port_is_named_with_a_free_one_to_use(var_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = int(server.getsockname()[1])
        with _run(var_dir, taken) as run:
            assert run.wait() == 1
            assert f"Port {taken} is taken by another program" in run.output
            assert "PORT=" in run.output
            assert "Traceback" not in run.output
            assert processes_of(var_dir) == []
