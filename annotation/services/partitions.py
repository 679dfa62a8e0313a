"""Partitions of the per-loop tables: made with a loop, dropped with it."""

from django.db import connection
from psycopg import sql

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
    """Make the loop's partitions. Idempotent."""
    with connection.cursor() as cursor:
        for table in PARTITIONED_TABLES:
            cursor.execute(
                sql.SQL("CREATE TABLE IF NOT EXISTS {} PARTITION OF {} FOR VALUES IN ({})").format(
                    sql.Identifier(partition_name(table, loop_id)), sql.Identifier(table), sql.Literal(loop_id)
                )
            )


def drop_partitions(loop_id: int, tables: tuple[str, ...] = PARTITIONED_TABLES) -> None:
    """Drop the loop's partitions and every row in them. Idempotent."""
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(partition_name(table, loop_id))))
