"""How a loop's regions spread over concepts: counted where that is quick, else taken from the database's statistics."""

from __future__ import annotations

import numpy as np
from django.db import connection

from verification.forecast import TagSpread, spread_from_statistics

MOST_COUNTED = 50_000

_COUNTED = f"""
SELECT count(*) FROM (
    SELECT concept_ids[1] AS concept_id FROM annotation_regionannotation WHERE loop_id = %s LIMIT {MOST_COUNTED + 1}
) first_tags GROUP BY concept_id
"""  # noqa: S608  # a constant of this module
# Statistics of the index over the first tag, which autovacuum keeps.
_STATISTICS = """
SELECT parent.reltuples::bigint, known.n_distinct, coalesce(known.most_common_freqs, '{}')
FROM pg_index found
JOIN pg_class parent ON parent.oid = found.indrelid
JOIN pg_class own ON own.oid = found.indexrelid
JOIN pg_attribute part ON part.attrelid = own.oid AND part.attnum = 1
JOIN pg_stats known ON known.tablename = own.relname AND known.attname = part.attname
WHERE found.indrelid = to_regclass(%s) AND found.indexprs IS NOT NULL AND parent.reltuples > 0
"""


def spread_of_loop(loop_id: int) -> TagSpread | None:
    """The spread, exact up to 50,000 regions; None when there are more and no statistics yet."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED, [loop_id])
        counts = np.array([row[0] for row in cursor.fetchall()], dtype=np.int64)
        if counts.sum() <= MOST_COUNTED:
            return TagSpread(counts, is_exact=True)
        cursor.execute(_STATISTICS, [f"annotation_regionannotation_{loop_id}"])
        row = cursor.fetchone()
    return None if row is None else spread_from_statistics(row[0], row[1], row[2])
