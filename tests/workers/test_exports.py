"""Exports by a real Celery worker: finished, and finished after the worker was killed in the middle."""

import contextlib
import hashlib
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
from django.db import connection

from annotation.models import Image
from tests.embedded.runs import ROOT, eventually
from tests.factories import make_sample
from tests.verification.exports_read import exported
from tests.verification.judgements import judge_all
from verification.models import Export, ExportedPhotos, ExportState
from verification.services.exports import export_path, request_export, requeue_stale_exports

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def queue() -> Iterator[redis.Redis]:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.flushdb()
        yield client
        client.flushdb()


@contextlib.contextmanager
def _worker(log: Path, *, pause: float = 0.0) -> Iterator["subprocess.Popen[bytes]"]:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.workers.settings",
        "TEST_DATABASE": str(connection.settings_dict["NAME"]),
        "TEST_DATA_DIR": str(settings.ARGUS_DATA_DIR),
        "TEST_EXPORT_PAUSE": str(pause),
    }
    command = [sys.executable, "-m", "celery", "-A", "tests.workers.held_exports", "worker", "-Q", "cpu", "-c", "1"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield process
    finally:
        _kill(process)


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """The worker and its pool at once, as a machine that loses power."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _state(export: Export) -> ExportState:
    export.refresh_from_db()
    return ExportState(export.state)


def test_a_worker_writes_what_was_asked_for(project: Any, ana: Any, cleo: Any, tmp_path: Path) -> None:
    judge_all(make_sample(project, items=30, images=3), [ana])
    with _worker(tmp_path / "log"):
        export = request_export(project=project, user=cleo, kind="tags")
        assert eventually(lambda: _state(export) == ExportState.DONE, seconds=40), (tmp_path / "log").read_text()
    assert export_path(export).read_bytes() == _fresh(project)


@pytest.mark.parametrize("file_format", ["jsonl", "yolo"])
def test_a_killed_export_restarts_and_ends_as_a_fresh_one(
    project: Any, ana: Any, cleo: Any, tmp_path: Path, settings: Any, file_format: str
) -> None:
    settings.ARGUS_HEARTBEAT_TIMEOUT_SECONDS = 2
    judge_all(make_sample(project, items=80, images=8), [ana])
    export = request_export(project=project, user=cleo, kind="tags", format=file_format)
    partial = export_path(export).with_name(f"{export.pk}.1.partial")
    with _worker(tmp_path / "first", pause=0.5) as first:
        assert eventually(lambda: _is_under_way(export), seconds=40), (tmp_path / "first").read_text()
        _kill(first)
    assert _state(export) == ExportState.RUNNING
    assert partial.exists()
    assert not export_path(export).exists()
    assert requeue_stale_exports() == 0
    assert eventually(lambda: requeue_stale_exports() == 1, seconds=20)
    with _worker(tmp_path / "second"):
        assert eventually(lambda: _state(export) == ExportState.DONE, seconds=40), (tmp_path / "second").read_text()
    data = export_path(export).read_bytes()
    assert export.attempt == 2
    assert data == _fresh(project, file_format)
    assert hashlib.sha256(data).hexdigest() == export.sha256
    assert not partial.exists()
    pictures = set(Image.objects.values_list("pk", flat=True))
    assert pictures == {image for held in ExportedPhotos.objects.filter(export=export) for image in held.image_ids}
    assert ExportedPhotos.objects.count() == len(pictures)  # a batch each; none of the killed attempt's


def _is_under_way(export: Export) -> bool:
    return _state(export) == ExportState.RUNNING and 20 <= export.rows_done < 60


def _fresh(project: Any, file_format: str = "jsonl") -> bytes:
    return exported(project, format=file_format)
