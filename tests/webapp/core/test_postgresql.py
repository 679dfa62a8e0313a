from typing import Any

import pytest
from django.db import OperationalError, connection
from psycopg import _queries

pytestmark = pytest.mark.django_db(transaction=True)


def backend_pid() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def test_a_connection_in_order_is_usable_without_a_round_trip(django_assert_num_queries: Any) -> None:
    backend_pid()
    with django_assert_num_queries(0):
        assert connection.is_usable()


def test_a_connection_that_the_server_closed_is_found_before_the_next_query() -> None:
    import psycopg

    pid = backend_pid()
    settings = connection.settings_dict
    with psycopg.connect(
        host=settings["HOST"], user=settings["USER"], dbname=settings["NAME"], autocommit=True
    ) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    assert not connection.is_usable()
    connection.close()
    assert backend_pid() != pid


def test_a_connection_that_was_closed_here_is_not_usable() -> None:
    backend_pid()
    connection.connection.close()
    assert not connection.is_usable()
    with pytest.raises(OperationalError):
        backend_pid()
    connection.close()


def test_a_long_statement_is_read_once() -> None:
    statement = f"SELECT %(number)s::int {'-- much to read' * 500}"
    with connection.cursor() as cursor:
        cursor.execute(statement, {"number": 1})
        before = _queries._query2pg.cache_info().hits
        cursor.execute(statement, {"number": 2})
    assert _queries._query2pg.cache_info().hits == before + 1
