"""Tables filled with millions of rows in minutes, for benches on servers of their own.

Rows are written by one statement per processor, each its own range of numbers, with foreign keys and triggers off;
indexes other than primary keys are dropped before and built again afterwards, several at a time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import psycopg

WORKERS = min(os.cpu_count() or 1, 4)
BUILD_MEMORY = "1GB"
LEAST = 100_000
"""Fewer rows than this are written by one statement."""


@contextmanager
def without_indexes(tables: Sequence[str]) -> Iterator[None]:
    """Nothing but their primary keys on these tables meanwhile. What there was is built again at the end."""
    with _connection() as own:
        found = own.execute(_INDEXES, {"tables": list(tables)}).fetchall()
        for drop, _build, _constrain in found:
            own.execute(drop)
    yield
    run_side_by_side(
        [build for _drop, build, _constrain in found],
        f"SET maintenance_work_mem = '{BUILD_MEMORY}'",
        "SET max_parallel_maintenance_workers = 0",
    )
    run_one_by_one([constrain for _drop, _build, constrain in found if constrain])


def insert_ranges(statement: str, values: Mapping[str, Any], rows: int) -> None:
    """Run an INSERT that makes the rows with the numbers from %(first)s to %(last)s, for 0 to rows - 1."""
    parts = WORKERS if rows >= LEAST else 1
    bounds = [rows * part // parts for part in range(parts + 1)]
    ranges = [{**values, "first": first, "last": end - 1} for first, end in pairwise(bounds)]

    def insert(of_range: dict[str, Any]) -> None:
        with _connection() as own:
            own.execute("SET session_replication_role = replica")
            own.execute(statement, of_range)

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(insert, ranges))


def run_side_by_side(statements: Sequence[str], *before: str) -> None:
    """Each on a connection of its own, as many at a time as there are processors."""

    def run(statement: str) -> None:
        with _connection() as own:
            for setting in before:
                own.execute(setting)
            own.execute(statement)

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(run, statements))


def run_one_by_one(statements: Sequence[str]) -> None:
    with _connection() as own:
        for statement in statements:
            own.execute(statement)


def vacuum(tables: Sequence[str]) -> None:
    """Statistics, and what index-only scans need, as autovacuum would leave them in the end."""
    run_side_by_side([f"VACUUM ANALYZE {table}" for table in tables])


def _connection() -> psycopg.Connection[tuple[Any, ...]]:
    from django.db import connection

    parameters = connection.get_connection_params()
    for django_only in ("cursor_factory", "context"):
        parameters.pop(django_only, None)
    return psycopg.connect(**parameters, autocommit=True, cursor_factory=psycopg.ClientCursor)


# A unique constraint is made of its index, which can be built beside others of the table.
_INDEXES = """
SELECT coalesce('ALTER TABLE ' || index.indrelid::regclass || ' DROP CONSTRAINT ' || quote_ident(made.conname),
                'DROP INDEX ' || index.indexrelid::regclass),
       pg_get_indexdef(index.indexrelid),
       'ALTER TABLE ' || index.indrelid::regclass || ' ADD CONSTRAINT ' || quote_ident(made.conname)
           || ' UNIQUE USING INDEX ' || quote_ident(made.conname)
FROM pg_index index
LEFT JOIN pg_constraint made ON made.conindid = index.indexrelid AND made.contype = 'u'
WHERE index.indrelid = ANY (%(tables)s::text[]::regclass[]) AND NOT index.indisprimary
ORDER BY index.indexrelid
"""
