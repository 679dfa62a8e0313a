"""Samples of the tag task: drawn set-wise from a loop's annotations, opened to people, closed.

The arithmetic is in verification/sampling.py, what is drawn from in sample_frames.py, the draw in sample_draws.py.
"""

from __future__ import annotations

import logging
import secrets

from django.db import connection, transaction

from annotation.models import Loop
from annotation.pipeline.loop_configs import SamplingConfig
from verification.models import Sample, TaskKind
from verification.services.holds import clear_holds
from verification.services.sample_draws import fill_sample
from verification.services.sample_frames import TAG_FRAME

log = logging.getLogger(__name__)


def draw_tag_sample(
    *,
    loop: Loop,
    annotated_loop: Loop,
    budget: int | None = None,
    seed: int | None = None,
    config: SamplingConfig | None = None,
) -> Sample:
    """The loop's tag sample, drawn from the annotations of `annotated_loop`; open, with all items and slots.

    Drawn once: a second call gives the sample that is there. The same annotations, configuration and seed give the same
    regions. `budget` and `seed` come before those of `config`. Raises NothingToSample.
    """
    config = config or SamplingConfig()
    budget = config.budget if budget is None else budget
    seed = config.seed if seed is None else seed
    seed = secrets.randbelow(2**62) if seed is None else seed
    with transaction.atomic():
        Loop.objects.select_for_update(no_key=True).get(pk=loop.pk)
        there = Sample.objects.filter(loop=loop, task_kind=TaskKind.TAG).first()
        if there is not None:
            return there
        sample = Sample.objects.create(
            project_id=loop.project_id,
            loop=loop,
            annotated_loop=annotated_loop,
            task_kind=TaskKind.TAG,
            seed=seed,
            overlap=loop.project.overlap,
        )
        report = fill_sample(sample, TAG_FRAME, config, budget)
        sample.config = {**config.model_dump(mode="json"), "budget": budget, "seed": seed, "drawn": report}
        sample.save(update_fields=["config"])
    log.info("sample %s of loop %s: %s", sample.pk, loop.pk, report)
    return sample


def close_sample(sample_id: int) -> bool:
    """Hand out no more of its items and free what people hold, or what is kept for them; False when it was closed.

    Only what belongs to a package that is judged anew is handed out on.

    Verdicts stand. One that is sent after this is kept as a late verdict and not counted.
    """
    with transaction.atomic():
        closed = Sample.objects.filter(pk=sample_id, is_open=True).update(is_open=False)
        revoke_leases(sample_id)
        clear_holds(sample_id)
    return bool(closed)


def revoke_leases(sample_id: int) -> int:
    """Free every leased slot of the sample. Returns how many. Slots that are being submitted are waited for."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE verification_assignment SET state = 'open', annotator_id = NULL, leased_until = NULL "
            "WHERE sample_id = %s AND state = 'leased'",
            [sample_id],
        )
        return int(cursor.rowcount)
