"""Bringing photos and annotations in, in the background."""

from celery import shared_task

from annotation.services import import_runner


@shared_task(name="imports.run")  # type: ignore[untyped-decorator]  # Celery has no types
def run(run_id: int) -> None:
    """Do one import. Called again for one that is over or being done, it does nothing."""
    import_runner.run_import(run_id)
