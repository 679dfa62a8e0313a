"""How far people are with a sample, what it has cost, and how long one item takes."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from decimal import Decimal
from typing import Any

from django.core.cache import cache
from django.db import connection

from annotation.models import Loop
from verification.models import Sample, TaskKind

# Of larger samples the pay is not summed up for a page, and they are counted anew only so often.
MOST_SUMMED = 50_000
RECOUNT_SECONDS = 30
MOST_TIMED = 2000


@dataclass(frozen=True, slots=True)
class SampleProgress:
    """total and done: verdicts wanted and given; working: people who hold items now; with_lead: items skipped by
    three people. spent: pay so far, None when there are too many items to sum up."""

    items: int
    total: int
    done: int
    working: int
    with_lead: int
    spent: Decimal | None

    @property
    def share(self) -> float:
        return self.done / self.total if self.total else 1.0


@dataclass(frozen=True, slots=True)
class Pace:
    """Median seconds of `judged` verdicts of one sample."""

    median_seconds: float | None
    judged: int


_PROGRESS = """
SELECT (SELECT count(*) FROM verification_sampleitem WHERE sample_id = %(sample)s AND NOT is_gold),
       (SELECT count(*) FROM verification_assignment WHERE sample_id = %(sample)s AND state = 'open') - gold.open,
       (SELECT count(*) FROM verification_assignment WHERE sample_id = %(sample)s AND state = 'leased') - gold.leased,
       (SELECT count(DISTINCT annotator_id) FROM verification_assignment
        WHERE sample_id = %(sample)s AND state = 'leased' AND leased_until > now()),
       (SELECT count(*) FROM verification_sampleitem
        WHERE sample_id = %(sample)s AND state = 'escalated' AND NOT is_gold)
FROM (SELECT count(*) FILTER (WHERE slot.state = 'open') AS open,
             count(*) FILTER (WHERE slot.state = 'leased') AS leased
      FROM verification_goldslot planted JOIN verification_assignment slot ON slot.id = planted.assignment_id
      WHERE planted.project_id = (SELECT project_id FROM verification_sample WHERE id = %(sample)s)
        AND slot.sample_id = %(sample)s) gold
"""
# Through the items, because nothing else leads from a sample to its verdicts by index.
_SPENT = """
SELECT coalesce(sum(pay.amount), 0)
FROM verification_sampleitem item
JOIN verification_verdict verdict ON verdict.item_id = item.id
JOIN verification_ledgerentry pay ON pay.verdict_id = verdict.id
WHERE item.sample_id = %(sample)s
"""
# Items come to people in random order, so those with the lowest ids are a fair part of what is done.
_PACE = f"""
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY verdict.seconds), count(*)
FROM (SELECT id FROM verification_sampleitem WHERE sample_id = %(sample)s LIMIT {MOST_TIMED}) item
JOIN verification_verdict verdict ON verdict.item_id = item.id AND NOT verdict.is_withdrawal
LEFT JOIN verification_verdict later ON later.supersedes_id = verdict.id
WHERE later.id IS NULL
"""  # noqa: S608  # a constant of this module


def tag_sample_of(loop: Loop) -> Sample | None:
    return Sample.objects.filter(loop=loop, task_kind=TaskKind.TAG).first()


def last_tag_sample(project_id: int) -> Sample | None:
    """The project's latest sample, whose pace the next one will have."""
    return Sample.objects.filter(project_id=project_id, task_kind=TaskKind.TAG).order_by("-pk").first()


def progress_of_sample(sample: Sample) -> SampleProgress:
    """In two queries, over the sample's own rows; of one of more than MOST_SUMMED items half a minute old at most."""
    key = f"sample-progress:{sample.pk}"
    if (kept := cache.get(key)) is not None:
        return SampleProgress(*kept)
    items, still_open, leased, working, with_lead = _row(_PROGRESS, sample)
    total = items * sample.overlap
    done = max(total - still_open - leased, 0)
    spent = _row(_SPENT, sample)[0] if items <= MOST_SUMMED else None
    found = SampleProgress(items, total, done, working, with_lead, spent)
    if items > MOST_SUMMED:
        cache.set(key, astuple(found), RECOUNT_SECONDS)
    return found


def pace_of_sample(sample: Sample) -> Pace:
    """Over verdicts that stand, of at most MOST_TIMED items."""
    median, judged = _row(_PACE, sample)
    return Pace(median, judged)


def _row(statement: str, sample: Sample) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"sample": sample.pk})
        row: tuple[Any, ...] = cursor.fetchone()
    return row
