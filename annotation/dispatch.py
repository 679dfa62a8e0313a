"""The only place that enqueues work: by task name, when the surrounding transaction commits.

A broker that does not answer is logged and nothing more: the timer enqueues again what PostgreSQL says is missing.
"""

import logging

import redis
from django.conf import settings
from django.db import transaction

from webapp.celery import CPU_QUEUE, GPU_QUEUE, app

log = logging.getLogger(__name__)

CROWDED = 100  # messages; while so many wait, those that seem lost are probably among them


def enqueue_export(export_id: int) -> None:
    """Write this export (workers/tasks/exports.py)."""
    _on_commit("exports.run", export_id, queue=CPU_QUEUE)


def enqueue_import(run_id: int) -> None:
    """Bring photos and annotations in (workers/tasks/imports.py)."""
    _on_commit("imports.run", run_id, queue=CPU_QUEUE)


def enqueue_delivery(delivery_id: int) -> None:
    """Send this message to a webhook (workers/tasks/webhooks.py)."""
    _on_commit("webhooks.deliver", delivery_id, queue=CPU_QUEUE)


def enqueue_shard(stage_run_id: int, *, gpu: bool = False) -> None:
    """Run one shard of a stage (workers/tasks/pipeline.py)."""
    _on_commit("pipeline.run_shard", stage_run_id, queue=GPU_QUEUE if gpu else CPU_QUEUE)


def enqueue_audit(audit_id: int) -> None:
    """Draw this audit (workers/tasks/audits.py)."""
    _on_commit("audits.draw", audit_id, queue=CPU_QUEUE)


def enqueue_advance(loop_id: int) -> None:
    """See what a loop needs next (workers/tasks/housekeeping.py)."""
    _on_commit("housekeeping.advance", loop_id, queue=CPU_QUEUE)


def is_crowded(*, gpu: bool = False) -> bool:
    """Whether so many messages wait that sending some again would only add to them. False when Redis is silent."""
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2) as client:
            return int(client.llen(GPU_QUEUE if gpu else CPU_QUEUE)) > CROWDED
    except redis.RedisError as error:
        log.warning("Redis does not answer: %s", error)
        return False


def _on_commit(task: str, *arguments: object, queue: str) -> None:
    def send() -> None:  # a partial would break Django's logging of what a robust hook raised
        app.send_task(task, args=arguments, queue=queue)

    transaction.on_commit(send, robust=True)
