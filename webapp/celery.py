"""The Celery application: `celery -A webapp.celery worker -Q cpu`, `… -Q gpu -c 1`, `… beat`.

Redis carries messages and keeps none of them safe: every task first claims its work in PostgreSQL, and the timer
enqueues again what nobody claimed or finished. Hence acks late, one message at a time, and a visibility timeout longer
than any task: redelivery by Redis is not the recovery path.

Run workers with REMAP_SIGTERM=SIGQUIT (`manage.py up` and docker-compose.yml do): an ordinary stop then gives a
running task `worker_soft_shutdown_timeout` seconds and puts its message back.
"""

import os
from datetime import timedelta
from pathlib import Path

from celery import Celery

from webapp.embedded.urls import celery_broker_url

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings.base")

CPU_QUEUE = "cpu"
GPU_QUEUE = "gpu"
LONGEST_TASK = timedelta(hours=12)


def task_modules() -> list[str]:
    """The modules in workers/tasks, by name: the web process never imports them, workers do."""
    folder = Path(__file__).resolve().parent.parent / "workers" / "tasks"
    return [f"workers.tasks.{path.stem}" for path in sorted(folder.glob("*.py")) if not path.stem.startswith("_")]


app = Celery("argus", include=task_modules())
# CELERY_* of the settings, among them CELERY_BEAT_SCHEDULE, what the timer starts and when.
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    broker_url=celery_broker_url(app.conf.broker_url),
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "visibility_timeout": int(LONGEST_TASK.total_seconds()),
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
    },
    accept_content=["json"],
    task_serializer="json",
    result_serializer="json",
    result_backend=None,
    task_ignore_result=True,
    task_default_queue=CPU_QUEUE,
    task_queues={CPU_QUEUE: {"exchange": CPU_QUEUE}, GPU_QUEUE: {"exchange": GPU_QUEUE}},
    task_create_missing_queues=False,  # a misspelt queue is an error, not work that nobody ever does
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_soft_shutdown_timeout=3.0,
    worker_cancel_long_running_tasks_on_connection_loss=True,
    worker_hijack_root_logger=False,  # log lines look as the settings say, with the request's reference
    worker_redirect_stdouts=False,
    timezone="UTC",
)
