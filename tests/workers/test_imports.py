from pathlib import Path
from typing import Any

import pytest
from django.test import TestCase

from annotation.importers.options import ImportOptions
from annotation.models import Image, ImportRun, ImportState
from annotation.services.imports import start_import
from tests.annotation.services.conftest import jpeg
from webapp.celery import app
from workers.tasks import imports as tasks


@pytest.mark.django_db
def test_the_task_does_the_run_and_nothing_the_second_time(project: Any, tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(jpeg(1))
    options = ImportOptions(images=tmp_path)
    run = start_import(project=project, user=None, format="folder", options=options, trusted=True)
    tasks.run(run.pk)
    run.refresh_from_db()
    assert (run.state, run.attempt, Image.objects.count()) == (ImportState.DONE, 1, 1)
    tasks.run(run.pk)
    run.refresh_from_db()
    assert run.attempt == 1


@pytest.mark.django_db
def test_a_run_that_is_gone_is_no_error() -> None:
    tasks.run(4711)


@pytest.mark.django_db
def test_a_run_is_sent_by_the_name_of_the_task_when_its_transaction_commits(
    project: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[str, tuple[object, ...], str]] = []
    monkeypatch.setattr(app, "send_task", lambda name, args, queue: sent.append((name, tuple(args), queue)))
    with TestCase.captureOnCommitCallbacks(execute=True):
        run = start_import(
            project=project, user=None, format="folder", options=ImportOptions(images=tmp_path), trusted=True
        )
        assert sent == []
    assert sent == [(tasks.run.name, (run.pk,), "cpu")]
    assert ImportRun.objects.get().state == ImportState.PENDING
