"""How far people are with a loop's sample."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from annotation.models import Loop
from verification.models import Sample, TaskKind

_SLOTS = """
SELECT count(*), count(*) FILTER (WHERE slot.state = 'done'), count(*) FILTER (WHERE slot.state = 'leased'),
       count(*) FILTER (WHERE slot.state <> 'done' AND item.state = 'escalated')
FROM verification_assignment slot JOIN verification_sampleitem item ON item.id = slot.item_id
WHERE slot.sample_id = %s
"""


@dataclass(frozen=True, slots=True)
class SampleProgress:
    """Slots of a sample: asked for, answered, being worked on, with the lead."""

    sample: Sample
    asked: int
    done: int
    leased: int
    with_lead: int

    @property
    def left(self) -> int:
        """Slots that annotators can still fill."""
        return self.asked - self.done - self.with_lead if self.sample.is_open else 0

    @property
    def share(self) -> float:
        """Done of all slots, 0 to 1."""
        return self.done / self.asked if self.asked else 0.0


def tag_sample_progress(loop: Loop) -> SampleProgress | None:
    """None while the loop has no tag sample. Counts the sample's slots, which the budget bounds."""
    sample = Sample.objects.filter(loop=loop, task_kind=TaskKind.TAG).first()
    if sample is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute(_SLOTS, [sample.pk])
        asked, done, leased, with_lead = cursor.fetchone()
    return SampleProgress(sample, asked, done, leased, with_lead)
