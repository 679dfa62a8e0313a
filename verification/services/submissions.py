"""The hot path: a verdict, and the next item with it."""

import contextlib
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from verification.services.queue import (
    AHEAD_SQL,
    COLUMNS_SQL,
    MAX_HELD,
    SEEN_SQL,
    LeasedItem,
    lease_next,
    lease_parts,
    lease_values,
    leased_item,
)
from verification.services.verdicts import RECORD_PARTS_SQL, Receipt, record_verdict, verdict_values


def submit_verdict(
    *,
    project_id: int,
    user_id: int,
    assignment_id: int,
    rejected_ids: list[int],
    seconds: float,
    key: UUID,
    ticket: str = "",
    want: int = 0,
) -> tuple[Receipt, list[LeasedItem]]:
    """`record_verdict`, then `lease_next` for `want` items: the same contract and errors, in one statement as a rule.

    In that statement both are durable or neither is. Whatever is out of the ordinary (a late or repeated verdict,
    nothing ahead, a race with oneself) goes the long way, one service after the other.
    """
    values = verdict_values(
        project_id=project_id,
        user_id=user_id,
        assignment_id=assignment_id,
        rejected_ids=rejected_ids,
        seconds=seconds,
        key=key,
    )
    done = _in_one(values, min(want, MAX_HELD)) if want > 0 else None
    receipt = (
        done[0]
        if done
        else record_verdict(
            project_id=project_id,
            user_id=user_id,
            assignment_id=assignment_id,
            rejected_ids=rejected_ids,
            seconds=seconds,
            key=key,
            ticket=ticket,
        )
    )
    items = done[1] if done else []
    if want > 0 and not items:
        items = lease_next(project_id=project_id, user_id=user_id, count=want)
    return receipt, items


def _in_one(values: dict[str, Any], want: int) -> tuple[Receipt, list[LeasedItem]] | None:
    """Both at once; None when the verdict was not recorded that way."""
    statement = f"""
        WITH {RECORD_PARTS_SQL}, {lease_parts(want, ahead=AHEAD_SQL, condition="EXISTS (SELECT 1 FROM verdict)")}
        SELECT verdict.id, item.* FROM verdict
        LEFT JOIN (SELECT {COLUMNS_SQL}, slot.rank FROM slot {SEEN_SQL}) item ON true
        ORDER BY item.rank
    """  # noqa: S608  # the parts are constants of this package
    savepoint = transaction.atomic() if connection.in_atomic_block else contextlib.nullcontext()
    try:
        with savepoint, connection.cursor() as cursor:
            cursor.execute(statement, values | lease_values(values["project"], values["user"]))
            rows = cursor.fetchall()
    except IntegrityError:  # two requests of one person met the same item; neither verdict nor lease was written
        return None
    if not rows:
        return None
    return Receipt(rows[0][0]), [leased_item(row[1:-1]) for row in rows if row[1] is not None]
