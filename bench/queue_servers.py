"""The servers of `bench.queue`: PostgreSQL, Redis, and two gunicorns beside each other."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent


@contextlib.contextmanager
def database_servers() -> Iterator[Path]:
    """Embedded PostgreSQL (durable, as in production) and Redis in a folder that is removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="argus-bench-"))
    folder.chmod(0o755)  # PostgreSQL may run as another user
    for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY"):
        os.environ.pop(name, None)
    os.environ.update(ARGUS_VAR=str(folder / "var"), DJANGO_SETTINGS_MODULE="webapp.settings.base", LOG_LEVEL="WARNING")
    from webapp.embedded.servers import EmbeddedServers

    try:
        with EmbeddedServers(folder / "var"):
            yield folder / "var"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def bare_address() -> dict[str, Any]:
    from django.db import connection

    settings = connection.settings_dict
    return {"host": settings["HOST"], "port": settings["PORT"] or None, "user": settings["USER"], "dbname": "bare"}


@contextlib.contextmanager
def web_servers(var_dir: Path) -> Iterator[dict[str, int]]:
    from django.db import connection

    settings = connection.settings_dict
    common = {**os.environ, "WEB_WORKERS": "2", "WEB_THREADS": "4"}
    bare = {
        "BARE_DATABASE_HOST": str(settings["HOST"]),
        "BARE_DATABASE_PORT": str(settings["PORT"]),
        "BARE_DATABASE_USER": str(settings["USER"]),
        "DJANGO_SETTINGS_MODULE": "bench.bare_django.settings",
    }
    ports = {"argus": free_port(), "bare": free_port()}
    with contextlib.ExitStack() as running:
        for name, application, extra in (
            ("argus", "webapp.wsgi:application", {}),
            ("bare", "bench.bare_django.wsgi:application", bare),
        ):
            log = running.enter_context((var_dir / f"{name}.log").open("wb"))
            process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "-c", "python:webapp.gunicorn", application],
                env={**common, **extra, "PORT": str(ports[name])},
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
            running.callback(stop, process)
        for port in ports.values():
            wait_for(port)
        yield ports


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    for _attempt in range(300):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).close()
        except urllib.error.HTTPError:
            return  # the bare project has no such page, but it answers
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"no web server on port {port}")


def cpu_seconds() -> dict[str, float]:
    """What each kind of server has spent so far: a measure that a busy machine distorts less than the clock does."""
    spent: dict[str, float] = defaultdict(float)
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            command = " ".join(process.cmdline())
            part = next((name for name in ("postgres", "redis", "bare_django", "webapp.wsgi") if name in command), "")
            times = process.cpu_times()
            spent[part] += times.user + times.system
    return spent
