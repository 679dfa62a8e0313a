"""What follows when an accepted package of questions says that a tag is wrong: its region is asked about again."""

from django.db import connection

from verification.models import ItemState, PackageItem, QAChoice, Reopening, ReviewPackage, Sample, TaskKind
from verification.services.reopenings import reopen_tag_task

# Slots that nobody is given because the sample was closed early.
_LEFT_OVER = """
SELECT EXISTS (SELECT 1 FROM verification_assignment slot
               WHERE slot.sample_id = %(sample)s AND slot.state = 'open' AND slot.held_for_id IS NULL)
"""


def reopen_ruled_tags(package: ReviewPackage) -> int:
    """Ask about the tags of the regions whose question has, by the accepted package, a wrong tag; how many.

    Where the annotator's verdict opened the tag task already nothing more is done. The loop's samples may be closed by
    now: the tag sample is opened again, unless it was closed early with items left, which would be handed out with
    it; then the region stays unverified, for the next loop. In the transaction that decides the package.
    """
    if package.sample.task_kind == TaskKind.TAG:
        return 0
    items = PackageItem.objects.filter(package=package, item__state=ItemState.OPEN)
    ruled = items.filter(ruling__choice=QAChoice.WRONG_TAG).exclude(
        item_id__in=Reopening.objects.filter(because_of_id__in=items.values("item_id")).values("because_of_id")
    )
    found = [packed.item for packed in ruled.select_related("item__sample").order_by("item_id")]
    if not found:
        return 0
    samples = Sample.objects.filter(loop_id=package.sample.loop_id)
    closed = {sample.pk: sample for sample in samples.filter(is_open=False).select_for_update(no_key=True)}
    stays_closed = [pk for pk, sample in closed.items() if sample.task_kind != TaskKind.TAG or _has_left_over(pk)]
    samples.filter(pk__in=closed).update(is_open=True)
    for item in found:
        reopen_tag_task(item)
    samples.filter(pk__in=stays_closed).update(is_open=False)
    return len(found)


def _has_left_over(sample_id: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_LEFT_OVER, {"sample": sample_id})
        return bool(cursor.fetchone()[0])
