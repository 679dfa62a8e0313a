"""Argus as it is served: gunicorn with worker processes, on the servers a test names, to be killed by it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
from django.conf import settings
from django.db import connection

from webapp.embedded.urls import embedded_database_url

ROOT = Path(__file__).resolve().parent.parent.parent


class WebServer:
    """A running gunicorn: one arbiter, `WEB_WORKERS` workers."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self.log = log
        self.url = f"http://localhost:{port}"

    def workers(self) -> list[int]:
        """Process ids of the workers."""
        return [child.pid for child in psutil.Process(self.process.pid).children()]

    def kill_a_worker(self) -> int:
        """kill -9 the oldest worker. Returns its process id; the arbiter starts another one."""
        pid = self.workers()[0]
        os.kill(pid, signal.SIGKILL)
        return pid

    def wait_until_ready(self, seconds: float = 90) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self.url}/livez", timeout=5).close()
                return
            time.sleep(0.05)
        raise RuntimeError(f"the web server does not answer:\n{self.log.read_text(errors='replace')[-3000:]}")


def test_database_url() -> str:
    """The address of the database that this process tests with."""
    return embedded_database_url(settings.ARGUS_VAR_DIR, database=str(connection.settings_dict["NAME"]))


test_database_url.__test__ = False  # type: ignore[attr-defined]  # no test, in spite of its name


@contextlib.contextmanager
def web_server(
    folder: Path,
    *,
    database_url: str = "",
    redis_url: str = "",
    application: str = "webapp.wsgi:application",
    **environment: str,
) -> Iterator[WebServer]:
    """Run gunicorn on these servers (default: the test run's own), with its log in `folder`, until the block ends."""
    port = _free_port()
    log = folder / f"web-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "python:webapp.gunicorn", application],
            env={
                **os.environ,
                "ARGUS_VAR": str(settings.ARGUS_VAR_DIR),
                "ARGUS_DATA_DIR": str(settings.ARGUS_DATA_DIR),
                "DATABASE_URL": database_url or test_database_url(),
                "REDIS_URL": redis_url or settings.REDIS_URL,
                "SECRET_KEY": settings.SECRET_KEY,
                "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
                "ALLOWED_HOSTS": "localhost,127.0.0.1",
                "HTTPS_ONLY": "no",
                "PORT": str(port),
                "LOG_LEVEL": "ERROR",
                **environment,
            },
            cwd=ROOT,
            stdout=output,
            stderr=output,
        )
    server = WebServer(process, port, log)
    try:
        server.wait_until_ready()
        yield server
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
