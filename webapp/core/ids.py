"""Ids that the client assigns, so that whole graphs of rows can be written with COPY."""

import numpy as np
import numpy.typing as npt
from django.db import connection

BLOCK = 64  # sequences of bulk tables are created with INCREMENT BY 64


def reserve_ids(sequence: str, count: int) -> npt.NDArray[np.int64]:
    """`count` ids nobody else gets, shape (count,), increasing within blocks of 64.

    One call of `nextval` hands out a block; what is left of the last block is never used. Safe under any
    concurrency, and ids survive a rollback unused, as with every sequence.
    """
    if count <= 0:
        return np.empty(0, dtype=np.int64)
    blocks = -(-count // BLOCK)
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(%s::regclass) FROM generate_series(1, %s)", [sequence, blocks])
        starts = np.array([row[0] for row in cursor.fetchall()], dtype=np.int64)
    return (starts[:, None] + np.arange(BLOCK, dtype=np.int64)).ravel()[:count]
