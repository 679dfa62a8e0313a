"""Partitions of the per-loop tables: made with a loop, dropped with it."""

from django.db import connection, transaction
from psycopg import sql

DROP_WAITS_SECONDS = 2

PARTITIONED_TABLES = (
    "annotation_imageannotation",
    "annotation_regionmatch",
    "annotation_regionannotation",
    "annotation_questionanswer",
)


def partition_name(table: str, loop_id: int) -> str:
    """The name of a table's partition for a loop."""
    return f"{table}_{loop_id}"


def create_partitions(loop_id: int) -> None:
    """Make the loop's partitions. Idempotent.

    They are made as tables and then attached: that waits for nobody who reads or writes other loops, whereas
    CREATE TABLE … PARTITION OF locks the whole table and would stand behind a long export, and everybody behind it.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        for table in PARTITIONED_TABLES:
            name = partition_name(table, loop_id)
            if has_partition(table, loop_id):
                continue
            parts = {"name": sql.Identifier(name), "table": sql.Identifier(table), "loop": sql.Literal(loop_id)}
            cursor.execute(sql.SQL("CREATE TABLE {name} (LIKE {table} INCLUDING ALL)").format(**parts))
            cursor.execute(
                sql.SQL("ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES IN ({loop})").format(**parts)
            )


def has_partition(table: str, loop_id: int) -> bool:
    """Whether the loop has its partition of this table."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [partition_name(table, loop_id)])
        row = cursor.fetchone()
    return bool(row and row[0])


def analyze_partitions(loop_id: int) -> None:
    """Refresh the planner's statistics of the loop's partitions: a fresh one has none until autovacuum comes by, and
    the pages' estimated counts read them too."""
    with connection.cursor() as cursor:
        for table in PARTITIONED_TABLES:
            if has_partition(table, loop_id):
                cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(partition_name(table, loop_id))))


def drop_partitions(loop_id: int, tables: tuple[str, ...] = PARTITIONED_TABLES) -> None:
    """Drop the loop's partitions and every row in them. Idempotent.

    Raises django.db.OperationalError when somebody has read the tables in a transaction that goes on: dropping
    would hold up everybody else meanwhile. Call it again later.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{DROP_WAITS_SECONDS}s"])
        for table in tables:
            cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(partition_name(table, loop_id))))
        cursor.execute("SET LOCAL lock_timeout = DEFAULT")
