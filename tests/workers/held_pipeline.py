"""A worker's Celery application that stops in the middle of one stage, so that a test can kill it there.

TEST_HELD_STAGE names the stage; its work is done then, and nothing of it written.
"""

import os
import time

import django

django.setup()

from webapp.celery import app  # noqa: E402
from workers import shards  # noqa: E402
from workers.stages import FUNCTIONS, Shard, StageResult  # noqa: E402

__all__ = ["app"]

HELD = os.environ.get("TEST_HELD_STAGE", "")


def _held(shard: Shard) -> StageResult:
    result = FUNCTIONS[HELD](shard)
    time.sleep(600)
    return result


if HELD:
    shards.FUNCTIONS = {**FUNCTIONS, HELD: _held}
