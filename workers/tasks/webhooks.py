"""Telling webhooks in the background."""

from celery import shared_task

from verification.services import webhooks


@shared_task(name="webhooks.deliver")  # type: ignore[untyped-decorator]  # Celery has no types
def deliver(delivery_id: int) -> None:
    """Make one attempt. Called again for a message that arrived or is not due, it does nothing."""
    webhooks.deliver(delivery_id)
