"""/healthz and /livez: what load balancers and `manage.py up` ask."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from webapp import health


@pytest.fixture(autouse=True)
def _nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test asks as a fresh process does."""
    monkeypatch.setitem(health._CHECKS, "migrations", health._Migrations())
    health._redis_client.cache_clear()
    yield
    health._redis_client.cache_clear()


@pytest.mark.django_db
def test_ready_when_everything_answers_without_signing_in(client: Client) -> None:
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready",
        "checks": {"postgresql": "ok", "migrations": "ok", "redis": "ok"},
    }


@pytest.mark.django_db
def test_redis_that_does_not_answer_is_named(client: Client, settings: Any) -> None:
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"postgresql": "ok", "migrations": "ok", "redis": "does not answer"}


@pytest.mark.django_db
def test_missing_migrations_are_counted_with_the_command_to_run(client: Client) -> None:
    MigrationRecorder(connection).record_unapplied("contenttypes", "0002_remove_content_type_name")
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["migrations"] == "1 not applied: run manage.py migrate"


@pytest.mark.django_db
def test_applied_migrations_are_read_once(client: Client, django_assert_max_num_queries: Any) -> None:
    client.get("/healthz")
    with django_assert_max_num_queries(1):
        client.get("/healthz")


def test_postgresql_that_does_not_answer_is_named_and_nothing_secret_is_told(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise OperationalError("connection to postgresql://user:password@db failed")

    monkeypatch.setattr(connection, "cursor", refuse)
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["postgresql"] == "does not answer"
    assert "password" not in answer.content.decode()


def test_alive_while_the_process_answers_whatever_else_is_down(client: Client, settings: Any) -> None:
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    answer = client.get("/livez")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})
