"""The hot path: a verdict, and the next item with it."""

import contextlib
from collections.abc import Sequence
from functools import lru_cache
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from verification.models import TaskKind
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
from verification.services.verdict_contents import Content
from verification.services.verdicts import Receipt, Sent, checked_verdict, record_parts, record_sent


def submit_verdict(
    *,
    project_id: int,
    user_id: int,
    assignment_id: int,
    seconds: float,
    key: UUID,
    ticket: str = "",
    want: int = 0,
    kind: TaskKind = TaskKind.TAG,
    rejected_ids: Sequence[int] = (),
    choice: str = "",
    text: str = "",
    is_bad_box: bool = False,
) -> tuple[Receipt, list[LeasedItem]]:
    """`record_verdict`, then `lease_next` for `want` items: the same contract and errors, in one statement as a rule.

    In that statement both are durable or neither is. Whatever is out of the ordinary (a late or repeated verdict,
    one from which something follows, nothing ahead, a race with oneself) goes the long way, one after the other.
    """
    sent = checked_verdict(
        project_id=project_id,
        user_id=user_id,
        assignment_id=assignment_id,
        seconds=seconds,
        key=key,
        kind=kind,
        content=Content(list(rejected_ids), choice, text, is_bad_box),
    )
    done = _in_one(sent, min(want, MAX_HELD)) if want > 0 and sent.may_stand_alone else None
    receipt = done[0] if done else record_sent(sent, ticket)
    items = done[1] if done else []
    if want > 0 and not items:
        items = lease_next(project_id=project_id, user_id=user_id, count=want, kind=kind)
    return receipt, items


def _in_one(sent: Sent, want: int) -> tuple[Receipt, list[LeasedItem]] | None:
    """Both at once; None when the verdict was not recorded that way."""
    statement = _statement(record_parts(sent), sent.kind, want)
    values = sent.values
    savepoint = transaction.atomic() if connection.in_atomic_block else contextlib.nullcontext()
    try:
        with savepoint, connection.cursor() as cursor:
            cursor.execute(statement, values | lease_values(values["project"], values["user"]))
            rows = cursor.fetchall()
    except IntegrityError:  # two requests of one person met the same item; neither verdict nor lease was written
        return None
    if not rows:
        return None
    return Receipt(rows[0][0]), [leased_item(row[1:-2]) for row in rows if row[1] is not None]


@lru_cache(maxsize=256)
def _statement(parts: str, kind: TaskKind, want: int) -> str:
    lease = lease_parts(want, kind=kind, ahead=AHEAD_SQL, condition="EXISTS (SELECT 1 FROM verdict)", with_kept=False)
    return f"""
        WITH {parts}, {lease}
        SELECT verdict.id, item.* FROM verdict
        LEFT JOIN (SELECT {COLUMNS_SQL}, slot.priority, slot.rank FROM slot {SEEN_SQL}) item ON true
        ORDER BY item.priority DESC, item.rank
    """  # noqa: S608  # the parts are constants of this package
