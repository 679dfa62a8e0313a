"""The automatic pipeline in the background, one shard per task."""

from celery import shared_task

from verification.services.loops import advance
from workers.shards import run_shard as run


@shared_task(name="pipeline.run_shard")  # type: ignore[untyped-decorator]  # Celery has no types
def run_shard(stage_run_id: int) -> None:
    """Do one shard, then see what its loop needs next. Called again for one that is done, it does nothing."""
    loop_id = run(stage_run_id)
    if loop_id is not None:
        advance(loop_id)
