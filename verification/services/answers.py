"""QA stage 2: asking for the right answer to a question whose answer people found wrong."""

from __future__ import annotations

from django.db import connection

from verification.models import Assignment, AssignmentState, ItemState, Sample, SampleItem, TaskKind
from verification.services.queue import AHEAD_OF_EVERYBODY_SQL

# A closing of the sample waits for us, or we see that it is closed.
_IS_OPEN = "SELECT is_open FROM verification_sample WHERE id = %(sample)s FOR SHARE"

_ITEM = """
INSERT INTO verification_sampleitem
    (sample_id, image_id, region_ids, question_answer_id, parent_id, shown, is_gold, inclusion_probability, reason,
     priority, state)
SELECT %(sample)s, image_id, region_ids, question_answer_id, id, shown, false, inclusion_probability, 'wrong_answer',
       priority, 'open'
FROM verification_sampleitem WHERE id = %(parent)s
ON CONFLICT (sample_id, region_ids, question_answer_id, is_gold)
    DO UPDATE SET state = CASE verification_sampleitem.state WHEN 'removed' THEN 'open'
                                                              ELSE verification_sampleitem.state END
RETURNING id
"""
_SLOT = """
INSERT INTO verification_assignment (sample_id, item_id, round, slot, rank, priority, state)
SELECT %(sample)s, item.id, 0, 0, item.id * 16, item.priority, 'open'
FROM verification_sampleitem item WHERE item.id = %(item)s
ON CONFLICT (item_id, round, slot) DO NOTHING
"""
_AHEAD = f"""
UPDATE verification_assignment a SET rank = {AHEAD_OF_EVERYBODY_SQL} WHERE a.item_id = %(item)s AND a.state = 'open'
"""  # noqa: S608  # the part is a constant of this package


def ask_for_answer(item: SampleItem) -> None:
    """Put the pair into the loop's sample of answers to be written, with one slot. Idempotent.

    One person writes it, whatever the overlap is: of two sentences there is no majority. The sample is made with its
    first item. Nothing happens when the item's own sample is closed.
    """
    if not is_sample_open(item.sample_id):
        return
    sample, _made = Sample.objects.get_or_create(
        loop_id=item.sample.loop_id,
        task_kind=TaskKind.ANSWER,
        defaults={
            "project_id": item.sample.project_id,
            "annotated_loop_id": item.sample.annotated_loop_id,
            "seed": item.sample.seed,
            "overlap": 1,
        },
    )
    if not sample.is_open:
        return
    with connection.cursor() as cursor:
        cursor.execute(_ITEM, {"sample": sample.pk, "parent": item.pk})
        (answer_id,) = cursor.fetchone()
        cursor.execute(_SLOT, {"sample": sample.pk, "item": answer_id})
        cursor.execute(_AHEAD, {"item": answer_id})


def drop_answer_item(item: SampleItem) -> bool:
    """The answer need not be written after all. False when somebody holds or wrote it; then it stays."""
    wanted = SampleItem.objects.select_for_update(no_key=True).filter(parent=item, state=ItemState.OPEN).first()
    if wanted is None:
        return True
    if Assignment.objects.filter(item=wanted).exclude(state=AssignmentState.OPEN).exists():
        return False
    wanted.state = ItemState.REMOVED
    wanted.save(update_fields=["state"])
    return True


def is_sample_open(sample_id: int) -> bool:
    """Whether it is open, and stays so until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(_IS_OPEN, {"sample": sample_id})
        row = cursor.fetchone()
    return bool(row and row[0])
