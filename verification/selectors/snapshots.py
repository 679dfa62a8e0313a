"""One unchanging view of the database, in which an export reads everything it writes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from django.db import connection

# Batches are found by index. Without up-to-date statistics the planner may think that a scan of a whole table
# is cheaper; each batch has its own plan, and no plan profits from compiling or from a cache of one-time keys.
_SETTINGS = "SET enable_seqscan = off; SET enable_memoize = off; SET jit = off"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A read-only transaction that sees the database as it was at `taken_at` (UTC).

    Further cursors of its connection see the same, also in other threads.
    """

    cursor: psycopg.Cursor[tuple[Any, ...]]
    taken_at: datetime


@contextmanager
def open_snapshot() -> Iterator[Snapshot]:
    """A snapshot on a connection of its own: progress is written on another one meanwhile. It locks no rows."""
    parameters = connection.get_connection_params()
    for django_only in ("cursor_factory", "context"):
        parameters.pop(django_only, None)
    parameters["prepare_threshold"] = None
    with psycopg.connect(**parameters, autocommit=True) as own:
        own.execute(_SETTINGS)
        own.autocommit = False
        own.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        own.read_only = True
        with own.cursor(binary=True) as cursor:
            cursor.execute("SELECT now()")
            (taken_at,) = cursor.fetchone() or (None,)
            if not isinstance(taken_at, datetime):
                raise TypeError(f"now() is {taken_at!r}")
            yield Snapshot(cursor, taken_at)
            own.rollback()
