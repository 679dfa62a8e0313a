"""Writing exports in the background."""

from celery import shared_task

from verification.services.exports import run_export


@shared_task(name="exports.run")  # type: ignore[untyped-decorator]  # Celery has no types
def run(export_id: int) -> None:
    """Write one export. Called again for one that is finished, cancelled or being written, it does nothing."""
    run_export(export_id)
