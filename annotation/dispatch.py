"""The only place that enqueues work: by task name, when the surrounding transaction commits.

A broker that does not answer is logged and nothing more: the timer enqueues again what PostgreSQL says is missing.
"""

from functools import partial

from django.db import transaction

from webapp.celery import CPU_QUEUE, app


def enqueue_export(export_id: int) -> None:
    """Write this export (workers/tasks/exports.py)."""
    _on_commit("exports.run", export_id, queue=CPU_QUEUE)


def _on_commit(task: str, *arguments: object, queue: str) -> None:
    transaction.on_commit(partial(app.send_task, task, args=arguments, queue=queue), robust=True)
