"""Passing an item on. Three people who do so send it to the lead."""

from django.db import connection, transaction
from django.utils.translation import gettext as _

from verification.models import Assignment, AssignmentState, ItemState, SampleItem, Skip, SkipReason
from verification.services.queue import AHEAD_OF_EVERYBODY_SQL
from webapp.core.errors import BadInput, Conflict, NotFound

SKIPS_UNTIL_ESCALATED = 3

_FREE = f"""
UPDATE verification_assignment a
SET state = 'open', annotator_id = NULL, leased_until = NULL, rank = {AHEAD_OF_EVERYBODY_SQL}
WHERE a.id = %(assignment)s
"""  # noqa: S608  # the part is a constant of this package


@transaction.atomic
def skip_item(*, project_id: int, user_id: int, assignment_id: int, reason: str) -> None:
    """Free the person's slot; they never get this item again. The third skip of an item escalates it to the lead.

    Locks the item, then the slot, so that skips of one item are counted one after the other. Skipping the same item
    again changes nothing. Raises BadInput, NotFound, or Conflict with code `lease_lost` (the slot is not theirs).
    """
    if reason not in SkipReason.values:
        raise BadInput(_("Choose one of the four reasons."))
    item = (
        SampleItem.objects.select_for_update(of=("self",))
        .filter(assignments=assignment_id, sample__project_id=project_id)
        .first()
    )
    if item is None:
        raise NotFound(_("This item was not given to you."))
    if Skip.objects.filter(item=item, annotator_id=user_id).exists():
        return
    slot = Assignment.objects.select_for_update().get(pk=assignment_id)
    if slot.state != AssignmentState.LEASED or slot.annotator_id != user_id:
        raise Conflict(_("This item went to someone else. You need not skip it."), code="lease_lost")
    Skip.objects.create(item=item, annotator_id=user_id, reason=reason)
    with connection.cursor() as cursor:
        cursor.execute(_FREE, {"assignment": assignment_id})
    if item.skips.count() >= SKIPS_UNTIL_ESCALATED and item.state == ItemState.OPEN:
        SampleItem.objects.filter(pk=item.pk).update(state=ItemState.ESCALATED)
