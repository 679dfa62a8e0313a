"""What load balancers and `manage.py up` ask: is this process alive, is it ready to serve?

Both answer without signing in and say nothing about the data.
"""

import logging
import time
from collections.abc import Callable
from functools import lru_cache

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse

from webapp.projects.access import public

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 2
# Reading the migration files takes a second, so a "not yet" is believed for a while and a "yes" for good: a
# running process cannot lose migrations.
MIGRATIONS_RECHECK_SECONDS = 3.0


@public
def livez(request: HttpRequest) -> JsonResponse:
    """200 while the process answers requests at all."""
    return JsonResponse({"status": "alive"})


@public
def healthz(request: HttpRequest) -> JsonResponse:
    """200 when everything needed to serve is there, else 503 naming what is missing.

    `{"status": "ready", "checks": {"postgresql": "ok", "migrations": "ok", "redis": "ok"}}`
    """
    checks = {name: check() for name, check in _CHECKS.items()}
    ready = all(answer == "ok" for answer in checks.values())
    return JsonResponse({"status": "ready" if ready else "not ready", "checks": checks}, status=200 if ready else 503)


def _postgresql() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        log.warning("PostgreSQL does not answer: %s", error)
        return "does not answer"
    return "ok"


def _redis() -> str:
    try:
        _redis_client().ping()
    except redis.RedisError as error:
        log.warning("Redis does not answer: %s", error)
        return "does not answer"
    return "ok"


@lru_cache(maxsize=1)
def _redis_client() -> "redis.Redis":
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS
    )


class _Migrations:
    """Whether every migration of this code is applied; see MIGRATIONS_RECHECK_SECONDS."""

    def __init__(self) -> None:
        self._answer = ""
        self._checked = 0.0

    def __call__(self) -> str:
        stale = time.monotonic() - self._checked > MIGRATIONS_RECHECK_SECONDS
        if not self._answer or (self._answer != "ok" and stale):
            self._answer = self._look()
            self._checked = time.monotonic()
        return self._answer

    def _look(self) -> str:
        try:
            executor = MigrationExecutor(connection)
            missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
        except DatabaseError:
            return "unknown"
        return f"{len(missing)} not applied: run manage.py migrate" if missing else "ok"


_CHECKS: dict[str, Callable[[], str]] = {
    "postgresql": _postgresql,
    "migrations": _Migrations(),
    "redis": _redis,
}
