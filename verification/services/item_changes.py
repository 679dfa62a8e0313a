"""Lines in the history of items about what a lead did to them."""

from collections.abc import Sequence

from verification.models import ItemChange, ItemChangeKind, Priority


def note_changes(
    *, item_ids: Sequence[int], kind: ItemChangeKind, by_id: int | None, priority: Priority | None = None
) -> None:
    """One line for each item, in the caller's transaction."""
    ItemChange.objects.bulk_create(
        ItemChange(item_id=item_id, kind=kind, by_id=by_id, priority=priority) for item_id in item_ids
    )
