"""What annotators, experts and leads say to each other about an item. A thread is about one annotator's work on it."""

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from verification.models import COMMENT_LENGTH, Comment, CommentRole, CommentSeen, SampleItem
from verification.selectors.comments import role_in_thread
from webapp.core.errors import BadInput, NotFound, TooMany

MOST_IN_THREAD = 100


def add_comment(
    *, project_id: int, item_id: int, annotator_id: int, writer_id: int, is_lead: bool, text: str, key: UUID
) -> Comment:
    """Write into the thread about `annotator_id`'s work on the item; the same `key` is the same comment.

    May write: that annotator once they have judged the item, experts who decided a package with that work, leads. What
    stood there before counts as read by the writer. Locks the item. Raises NotFound (not their thread),
    BadInput, TooMany.
    """
    text = text.strip()
    if not text:
        raise BadInput(_("Write something first."))
    if len(text) > COMMENT_LENGTH:
        raise BadInput(
            _("A comment has at most %(most)s characters; this one has %(length)s.")
            % {"most": COMMENT_LENGTH, "length": len(text)}
        )
    with transaction.atomic():
        item = (
            SampleItem.objects.select_for_update(no_key=True, of=("self",))
            .filter(pk=item_id, sample__project_id=project_id)
            .first()
        )
        role = (
            role_in_thread(item_id=item_id, annotator_id=annotator_id, person_id=writer_id, is_lead=is_lead)
            if item is not None
            else None
        )
        if item is None or role is None:
            raise NotFound(_("There is no such item for you to write about."))
        before = Comment.objects.filter(key=key).first()
        if before is not None:
            if (before.writer_id, before.item_id) != (writer_id, item_id):
                raise NotFound(_("There is no such item for you to write about."))
            return before
        if Comment.objects.filter(item=item, annotator_id=annotator_id).count() >= MOST_IN_THREAD:
            raise TooMany(_("This thread is full. Ask the project lead directly."))
        written = Comment.objects.create(
            project_id=project_id,
            item=item,
            annotator_id=annotator_id,
            writer_id=writer_id,
            role=CommentRole(role),
            text=text,
            key=key,
        )
        mark_read(item_id=item_id, annotator_id=annotator_id, reader_id=writer_id, last_comment_id=written.pk)
    return written


def mark_read(*, item_id: int, annotator_id: int, reader_id: int, last_comment_id: int) -> None:
    """The reader has seen the thread up to this comment. Never goes back. Idempotent."""
    CommentSeen.objects.bulk_create(
        [CommentSeen(item_id=item_id, annotator_id=annotator_id, reader_id=reader_id, last_comment_id=last_comment_id)],
        ignore_conflicts=True,
    )
    CommentSeen.objects.filter(
        item_id=item_id, annotator_id=annotator_id, reader_id=reader_id, last_comment_id__lt=last_comment_id
    ).update(last_comment_id=last_comment_id)
