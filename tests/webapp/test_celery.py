"""The Celery application: JSON only, and no message lost when a worker is stopped."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings
from kombu.exceptions import EncodeError

from tests.embedded.runs import ROOT, eventually
from tests.webapp.slow_app import slow
from webapp.celery import app


@pytest.fixture
def queue() -> Iterator[redis.Redis]:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.flushdb()
        yield client
        client.flushdb()


@pytest.fixture
def worker(queue: redis.Redis, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """A real worker of the queue `cpu` on this test's Redis database, stopped the way `manage.py up` stops it."""
    log = tmp_path / "worker.log"
    command = [
        sys.executable,
        "-m",
        "celery",
        "--quiet",
        "-A",
        "tests.webapp.slow_app",
        "worker",
        "-Q",
        "cpu",
        "-c",
        "1",
    ]
    environment = {**os.environ, "REMAP_SIGTERM": "SIGQUIT", "DJANGO_SETTINGS_MODULE": "webapp.settings.test"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield process, log
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _begun(log: Path) -> bool:
    return "slow task of" in log.read_text()


def test_a_worker_holds_one_message_and_puts_it_back_when_stopped(
    worker: tuple[subprocess.Popen[bytes], Path], queue: redis.Redis
) -> None:
    process, log = worker
    for _ in range(4):
        slow.delay(60)
    assert eventually(lambda: _begun(log), seconds=40), log.read_text()
    assert queue.llen("cpu") == 3
    process.send_signal(signal.SIGTERM)
    process.wait(20)
    assert "slow task done" not in log.read_text()
    assert queue.llen("cpu") == 4


def test_a_stopped_worker_finishes_what_ends_soon(
    worker: tuple[subprocess.Popen[bytes], Path], queue: redis.Redis
) -> None:
    process, log = worker
    slow.delay(1.5)
    assert eventually(lambda: _begun(log), seconds=40), log.read_text()
    process.send_signal(signal.SIGTERM)
    process.wait(20)
    assert "slow task done" in log.read_text()
    assert queue.llen("cpu") == 0


def test_only_json_is_sent(queue: redis.Redis) -> None:
    with pytest.raises(EncodeError):
        slow.delay(object())
    assert app.conf.accept_content == ["json"]


def test_an_unknown_queue_is_an_error(queue: redis.Redis) -> None:
    with pytest.raises(Exception, match="gpuu"):
        slow.apply_async((1,), queue="gpuu")
    assert queue.llen("gpuu") == 0


def test_work_goes_to_the_cpu_unless_told_otherwise(queue: redis.Redis) -> None:
    slow.delay(1)
    slow.apply_async((1,), queue="gpu")
    assert (queue.llen("cpu"), queue.llen("gpu")) == (1, 1)


def test_what_the_timer_starts_is_read_from_the_settings() -> None:
    schedule: dict[str, Any] = getattr(settings, "CELERY_BEAT_SCHEDULE", {})
    assert set(app.conf.beat_schedule) == set(schedule)
    app.loader.import_default_modules()
    assert {entry["task"] for entry in schedule.values()} <= set(app.tasks)
