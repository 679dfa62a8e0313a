"""What the timer starts: everything that a lost message, a dead worker or a flushed Redis left undone."""

import logging
from collections.abc import Callable
from functools import partial

from celery import shared_task
from django.db import Error

from annotation.models import Loop, LoopState
from annotation.services.imports import resume_imports
from annotation.services.loops import drop_leftovers
from verification.services import loops
from verification.services.audit_draws import enqueue_waiting_audits
from verification.services.exports import requeue_stale_exports
from verification.services.gold import plant_gold
from verification.services.holds import free_holds_of_absent
from verification.services.ledger import sum_up_days
from verification.services.queue import free_lapsed_leases
from verification.services.takedowns import finish_takedowns
from verification.services.webhooks import send_due_deliveries
from webapp.accounts.sessions import SessionStore
from webapp.core.errors import ArgusError

log = logging.getLogger(__name__)


@shared_task(name="housekeeping.advance")  # type: ignore[untyped-decorator]  # Celery has no types
def advance(loop_id: int) -> None:
    """Bring one loop forward."""
    loops.advance(loop_id)


@shared_task(name="housekeeping.reconcile")  # type: ignore[untyped-decorator]  # Celery has no types
def reconcile() -> None:
    """Compare what should be with what is, and enqueue the difference. Every part is idempotent."""
    for loop_id in Loop.objects.filter(state=LoopState.RUNNING).values_list("pk", flat=True):
        _try(f"advance loop {loop_id}", partial(loops.advance, loop_id))
    _try("free lapsed leases", free_lapsed_leases)
    _try("free what is kept for people who left", free_holds_of_absent)
    _try("plant gold items", plant_gold)
    _try("sum up pay by day", sum_up_days)
    _try("forget sessions that are over", SessionStore.clear_expired)
    _try("requeue exports", requeue_stale_exports)
    _try("send audits to be drawn again", enqueue_waiting_audits)
    _try("send webhooks", send_due_deliveries)
    _try("finish takedowns", finish_takedowns)
    _try("resume imports", resume_imports)
    _try("drop leftovers", drop_leftovers)


def _try(what: str, call: Callable[[], object]) -> None:
    """One part that fails must not keep the others from being done."""
    try:
        call()
    except (ArgusError, Error, OSError):
        log.exception("could not %s", what)
