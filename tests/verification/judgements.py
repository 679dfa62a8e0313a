"""Verdicts for tests: single ones through the queue's own services, many by one statement."""

import uuid
from typing import Any

from django.db import connection

from verification.models import Assignment, Sample, SampleItem
from verification.services.queue import lease_items
from verification.services.verdicts import record_verdict


def items_of(sample: Sample) -> list[SampleItem]:
    """The sample's items in the order in which they are handed out."""
    return list(SampleItem.objects.filter(sample=sample).order_by("pk"))


def judge(item: SampleItem, person: Any, *wrong: str) -> uuid.UUID:
    """`person` leases the item and marks the tags with these texts as wrong; the verdict's key. Samples of <= 20."""
    project = item.sample.project
    held = lease_items(project_id=project.pk, user_id=person.pk, count=20)
    slot = next(leased for leased in held if leased.item_id == item.pk)
    ids = {tag.text: tag.concept_id for tag in slot.tags}
    key = uuid.uuid4()
    record_verdict(
        project_id=project.pk,
        user_id=person.pk,
        assignment_id=slot.assignment_id,
        rejected_ids=[ids[text] for text in wrong],
        seconds=3.0,
        key=key,
    )
    return key


def reopen(item: SampleItem) -> None:
    """A new round of the item, as a *wrong tag* of the QA task makes it."""
    latest = Assignment.objects.filter(item=item).order_by("-round").values_list("round", flat=True)[0]
    Assignment.objects.bulk_create(
        Assignment(sample=item.sample, item=item, round=latest + 1, slot=slot, rank=item.pk * 1000 + 500 + slot)
        for slot in range(item.sample.overlap)
    )


def judge_all(sample: Sample, people: list[Any], *, wrong_every: int = 3) -> None:
    """Every open slot is done by one of `people` (slot k by person k); each `wrong_every`-th item's best tag is wrong."""
    values = {"sample": sample.pk, "people": [person.pk for person in people], "every": wrong_every}
    with connection.cursor() as cursor:
        cursor.execute(_JUDGE_ALL, values)
        cursor.execute(_CLOSE_ALL, values)


_JUDGE_ALL = """
INSERT INTO verification_verdict (assignment_id, item_id, annotator_id, key, choice, rejected_ids, is_withdrawal, seconds)
SELECT slot.id, item.id, (%(people)s::bigint[])[slot.slot + 1], gen_random_uuid(), '',
       CASE WHEN item.id %% %(every)s = 0 THEN ARRAY[(item.shown #>> '{tags,0,concept_id}')::bigint] ELSE '{}' END,
       false, 2.5
FROM verification_assignment slot JOIN verification_sampleitem item ON item.id = slot.item_id
WHERE slot.sample_id = %(sample)s AND slot.state = 'open'
"""
_CLOSE_ALL = """
UPDATE verification_assignment slot
SET state = 'done', annotator_id = verdict.annotator_id, verdict_id = verdict.id
FROM verification_verdict verdict
WHERE slot.sample_id = %(sample)s AND slot.state = 'open' AND verdict.assignment_id = slot.id
"""
