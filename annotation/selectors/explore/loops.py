"""Which passes of the engine have annotations to show."""

from django.db import connection
from django.db.models import OuterRef, Subquery

from annotation.models import Loop, LoopState, RegionAnnotation


def annotated_loops(project_id: int) -> list[Loop]:
    """Loops of the project that wrote regions' annotations, oldest first; cancelled ones left out. One query."""
    # One row by index, not a join with the rows of all partitions.
    one_row = RegionAnnotation.objects.filter(loop_id=OuterRef("pk")).values("loop_id")[:1]
    return list(
        Loop.objects.filter(project_id=project_id)
        .exclude(state=LoopState.CANCELLED)
        .annotate(with_rows=Subquery(one_row))
        .filter(with_rows__isnull=False)
        .order_by("number")
        .defer("config", "report")
    )


def shown_loop(loops: list[Loop]) -> Loop | None:
    """The latest finished one; while the first one is still running, what it has written so far."""
    candidates = [loop for loop in loops if loop.state == LoopState.FINISHED] or loops
    return candidates[-1] if candidates else None


def about_how_many_regions(loop_id: int) -> int | None:
    """The database's own estimate for the loop's partition; None before its first statistics. Never counts."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass(%s)",
            [f"annotation_regionannotation_{loop_id}"],
        )
        row = cursor.fetchone()
    return None if row is None or row[0] < 0 else int(row[0])
