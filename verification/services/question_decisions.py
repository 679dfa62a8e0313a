"""What follows from what people say of a question and its answer (papers V1 appendix B.3, design §7).

*Wrong answer* asks somebody else for the right one (answers.py); *wrong tag* asks about the region's tags again
(reopenings.py). The caller has locked the item (docs/queue.md: items before slots, and the item that asks before the
items it asks for), so that of several people's verdicts one is the last.
"""

from __future__ import annotations

from collections import Counter

from verification.models import Assignment, AssignmentState, ItemState, QAChoice, SampleItem, TaskKind
from verification.services.answers import ask_for_answer, drop_answer_item
from verification.services.reopenings import reopen_tag_task, take_back_reopening


def decision_of(item_id: int) -> str | None:
    """The choice that more than half of the people of the latest round made; None before all have, or on a tie."""
    slots = list(
        Assignment.objects.filter(item_id=item_id).order_by("-round").values_list("round", "state", "verdict__choice")
    )
    latest = [(state, choice) for number, state, choice in slots if number == slots[0][0]]
    if not latest or any(state != AssignmentState.DONE for state, _choice in latest):
        return None
    ((choice, votes),) = Counter(choice for _state, choice in latest).most_common(1)
    return choice if 2 * votes > len(latest) else None


def follow_up(item_id: int) -> None:
    """Write what the item's decision, as it stands now, asks for. Idempotent. Nothing follows from a gold item."""
    item = SampleItem.objects.select_related("sample").get(pk=item_id)
    if item.is_gold or item.state != ItemState.OPEN or item.sample.task_kind == TaskKind.TAG:
        return
    decision = decision_of(item_id)
    if decision is None:
        return
    if item.sample.task_kind == TaskKind.QA:
        if decision == QAChoice.WRONG_ANSWER:
            ask_for_answer(item)
        else:
            drop_answer_item(item)
    if decision == QAChoice.WRONG_TAG:
        reopen_tag_task(item)
    else:
        take_back_reopening(item)


def take_back_follow_up(item_id: int) -> bool:
    """A verdict on the item was withdrawn: take back what followed. False when somebody has begun with it already;
    the caller then lets the verdict stand."""
    item = SampleItem.objects.select_related("sample").get(pk=item_id)
    if item.is_gold or item.sample.task_kind == TaskKind.TAG:
        return True
    return drop_answer_item(item) and take_back_reopening(item)
