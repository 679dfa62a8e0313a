"""The addresses of the embedded servers follow from the folder alone."""

from pathlib import Path

import pytest

from webapp.embedded.urls import (
    SOCKET_PATH_LIMIT,
    celery_broker_url,
    embedded_database_url,
    embedded_redis_url,
    postgres_socket,
    redis_socket,
)

LONG = Path("/srv") / ("a" * 60) / ("b" * 60)


def test_sockets_of_an_ordinary_folder_lie_in_it() -> None:
    assert postgres_socket(Path("/srv/argus/var")) == Path("/srv/argus/var/run/postgres/.s.PGSQL.5432")
    assert redis_socket(Path("/srv/argus/var")) == Path("/srv/argus/var/run/redis.sock")


@pytest.mark.parametrize("length", range(50, 110))
def test_no_socket_path_is_longer_than_the_system_allows(length: int) -> None:
    folder = Path("/" + "x" * length)
    lock = f"{postgres_socket(folder)}.lock"
    assert len(lock.encode()) <= SOCKET_PATH_LIMIT
    assert len(bytes(redis_socket(folder))) <= SOCKET_PATH_LIMIT


def test_bytes_count_not_letters() -> None:
    assert len(bytes(postgres_socket(Path("/" + "ü" * 45)))) <= SOCKET_PATH_LIMIT


def test_long_folders_get_different_short_ones() -> None:
    assert postgres_socket(LONG).parent != postgres_socket(LONG / "c").parent


def test_urls_are_the_same_each_time_and_quote_the_path() -> None:
    folder = Path("/srv/my photos/var")
    assert embedded_database_url(folder) == embedded_database_url(folder)
    assert embedded_database_url(folder) == "postgresql://argus@/argus?host=%2Fsrv%2Fmy%20photos%2Fvar%2Frun%2Fpostgres"
    assert embedded_redis_url(folder, database=3) == "unix:///srv/my%20photos/var/run/redis.sock?db=3"


def test_nothing_is_created_by_asking(tmp_path: Path) -> None:
    embedded_database_url(tmp_path / "var")
    embedded_redis_url(tmp_path / "var")
    assert not (tmp_path / "var").exists()


def test_celery_writes_a_socket_differently() -> None:
    assert celery_broker_url("unix:///a%20b/redis.sock?db=2") == "redis+socket:///a%20b/redis.sock?virtual_host=2"
    assert celery_broker_url("unix:///a/redis.sock") == "redis+socket:///a/redis.sock?virtual_host=0"


def test_celery_writes_a_network_address_the_same() -> None:
    assert celery_broker_url("redis://cache:6379/1") == "redis://cache:6379/1"
