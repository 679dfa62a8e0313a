"""A worker's Celery application whose exports pause after each batch, so that a test can kill it between two."""

import os
import time
from typing import Any

import django

django.setup()

from verification.selectors import export_lines, verified_batches  # noqa: E402
from verification.services import exports  # noqa: E402
from webapp.celery import app  # noqa: E402

__all__ = ["app"]

verified_batches.BATCH_ITEMS = 10
exports.SECONDS_BETWEEN_HEARTBEATS = 0.0
_PAUSE = float(os.environ.get("TEST_EXPORT_PAUSE", "0"))
_records = export_lines.verified_batches


def _paused(*args: Any, **options: Any) -> Any:
    for batch in _records(*args, **options):
        yield batch
        time.sleep(_PAUSE)


export_lines.verified_batches = _paused
