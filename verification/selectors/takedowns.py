"""Takedowns: their page, what one would touch, and what exports must know of them."""

from __future__ import annotations

from verification.models import Takedown
from verification.selectors.snapshots import Snapshot

_LAST = "SELECT coalesce(max(id), 0) FROM verification_takedown WHERE project_id = %(project_id)s"


def last_takedown_in(snapshot: Snapshot, *, project_id: int) -> int:
    """The id of the project's latest takedown that the snapshot shows, 0 when there is none."""
    snapshot.cursor.execute(_LAST, {"project_id": project_id})
    ((last,),) = snapshot.cursor.fetchall()
    return int(str(last))


def taken_down_since(takedown_id: int, *, project_id: int) -> bool:
    """Whether anything was taken down after that. Those of a project come one after the other."""
    return Takedown.objects.filter(project_id=project_id, pk__gt=takedown_id).exists()
