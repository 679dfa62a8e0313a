"""Drawing audits in the background."""

from celery import shared_task

from verification.services.audit_draws import draw_requested_audit


@shared_task(name="audits.draw")  # type: ignore[untyped-decorator]  # Celery has no types
def draw(audit_id: int) -> None:
    """Draw one audit. Called again for one that is drawn, it does nothing."""
    draw_requested_audit(audit_id)
