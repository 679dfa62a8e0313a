"""Filling in bulk leaves the tables as they were, and writes each number once."""

import pytest
from django.db import connection

from bench.bulk_fill import insert_ranges, without_indexes

TABLES = ("verification_assignment", "verification_sampleitem")


def indexes() -> list[tuple[str, str, str | None]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname, indexdef, (SELECT pg_get_constraintdef(made.oid) FROM pg_constraint made "
            "                             WHERE made.conindid = to_regclass(quote_ident(indexname)) AND contype = 'u') "
            "FROM pg_indexes WHERE tablename = ANY (%s) ORDER BY indexname",
            [list(TABLES)],
        )
        return list(cursor.fetchall())


@pytest.mark.django_db(transaction=True)
def test_indexes_and_constraints_are_away_meanwhile_and_come_back_as_they_were() -> None:
    before = indexes()
    with without_indexes(TABLES):
        assert [name for name, _definition, _constraint in indexes()] == [f"{table}_pkey" for table in TABLES]
    assert indexes() == before
    assert any(constraint for _name, _definition, constraint in before)
    assert any(" WHERE " in definition for _name, definition, _constraint in before)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("rows", [7, 200_001])
def test_every_number_is_written_once(rows: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE UNLOGGED TABLE bench_numbers (n bigint)")
        try:
            insert_ranges(
                "INSERT INTO bench_numbers SELECT n + %(more)s FROM generate_series(%(first)s::bigint, %(last)s) n",
                {"more": 5},
                rows,
            )
            cursor.execute("SELECT count(*), count(DISTINCT n), min(n), max(n) FROM bench_numbers")
            assert cursor.fetchone() == (rows, rows, 5, rows + 4)
        finally:
            cursor.execute("DROP TABLE bench_numbers")
