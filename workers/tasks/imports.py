"""Bringing photos and annotations in, in the background."""

from celery import shared_task

from annotation.services import imports


@shared_task(name="imports.run")  # type: ignore[untyped-decorator]  # Celery has no types
def run(run_id: int) -> None:
    """Do one import. Called again for one that is over or being done, it does nothing."""
    imports.run_import(run_id)
