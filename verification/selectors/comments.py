"""Threads about items: who may read and write them, what is in them, what is new."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from verification.models import Comment, CommentRole


@dataclass(frozen=True, slots=True)
class Remark:
    """One comment as it is shown: by role, never by name, except to leads (`name`, else "")."""

    role: str
    label: str
    name: str
    is_mine: bool
    text: str
    is_erased: bool
    at: datetime


def role_in_thread(*, item_id: int, annotator_id: int, person_id: int, is_lead: bool) -> CommentRole | None:
    """As what the person may read and write the thread about `annotator_id`'s work on the item; None: not at all."""
    with connection.cursor() as cursor:
        cursor.execute(_PART, {"item": item_id, "annotator": annotator_id, "person": person_id})
        has_judged, has_decided = cursor.fetchone()
    if not has_judged:
        return None  # there is no such work
    if person_id == annotator_id:
        return CommentRole.ANNOTATOR
    if is_lead:
        return CommentRole.LEAD
    return CommentRole.EXPERT if has_decided else None


def remarks_of(*, item_id: int, annotator_id: int, reader_id: int, with_names: bool) -> tuple[list[Remark], int]:
    """The thread, oldest first, and the id of its last comment (0 without any). One query."""
    rows = list(
        Comment.objects.filter(item_id=item_id, annotator_id=annotator_id).select_related("writer").order_by("id")
    )
    return [
        Remark(
            role=one.role,
            label=str(CommentRole(one.role).label),
            name=one.writer.display_name if with_names else "",
            is_mine=one.writer_id == reader_id,
            text=one.text,
            is_erased=one.erased_at is not None,
            at=one.created_at,
        )
        for one in rows
    ], rows[-1].pk if rows else 0


def comments_in_package(package_id: int) -> dict[int, int]:
    """Item id -> how many comments there are about the work of those whose verdicts the package holds. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_IN_PACKAGE, {"package": package_id})
        return {row[0]: row[1] for row in cursor.fetchall()}


def annotators_with_threads(item_id: int) -> list[int]:
    """Whose work on the item is talked about."""
    return list(Comment.objects.filter(item_id=item_id).order_by().values_list("annotator_id", flat=True).distinct())


def count_unread(*, project_id: int, user_id: int, at_most: int = 100) -> int:
    """Comments of others, in threads about the person's work or that they wrote in, that they have not seen."""
    return int(_one(_UNREAD, {"project": project_id, "user": user_id, "at_most": at_most}))


def count_unanswered(*, project_id: int, at_most: int = 100) -> int:
    """Threads whose last word is an annotator's: somebody waits. Among the latest 500 comments of the project."""
    return int(_one(_UNANSWERED, {"project": project_id, "at_most": at_most}))


def unread_threads(*, project_id: int, user_id: int, limit: int) -> Sequence[tuple[int, int]]:
    """(item, annotator) of the threads behind `count_unread`, those with the newest comment first."""
    with connection.cursor() as cursor:
        cursor.execute(_UNREAD_THREADS, {"project": project_id, "user": user_id, "limit": limit})
        return [(row[0], row[1]) for row in cursor.fetchall()]


def waiting_threads(*, project_id: int, limit: int) -> Sequence[tuple[int, int]]:
    """(item, annotator) of the threads behind `count_unanswered`, those who wait longest first."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, {"project": project_id, "limit": limit})
        return [(row[0], row[1]) for row in cursor.fetchall()]


def _one(statement: str, values: dict[str, Any]) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone()[0]


_PART = """
SELECT EXISTS (SELECT 1 FROM verification_verdict verdict
               WHERE verdict.item_id = %(item)s AND verdict.annotator_id = %(annotator)s),
       EXISTS (SELECT 1 FROM verification_packageitem packed
               JOIN verification_reviewpackage package ON package.id = packed.package_id
               JOIN verification_verdict verdict ON verdict.id = ANY(packed.verdict_ids)
               WHERE packed.item_id = %(item)s AND package.expert_id = %(person)s
                 AND package.decided_at IS NOT NULL AND verdict.annotator_id = %(annotator)s)
"""
_IN_PACKAGE = """
SELECT packed.item_id, count(*)
FROM verification_packageitem packed
JOIN verification_comment comment ON comment.item_id = packed.item_id
WHERE packed.package_id = %(package)s
  AND comment.annotator_id IN (SELECT verdict.annotator_id FROM verification_verdict verdict
                               WHERE verdict.id = ANY (packed.verdict_ids))
GROUP BY packed.item_id
"""
_NEW = """
FROM (
    SELECT id, item_id, annotator_id, writer_id FROM verification_comment
    WHERE project_id = %(project)s AND annotator_id = %(user)s
    UNION
    SELECT theirs.id, theirs.item_id, theirs.annotator_id, theirs.writer_id
    FROM (SELECT DISTINCT item_id, annotator_id FROM verification_comment
          WHERE writer_id = %(user)s AND project_id = %(project)s) mine
    JOIN verification_comment theirs ON theirs.item_id = mine.item_id AND theirs.annotator_id = mine.annotator_id
) comment
LEFT JOIN verification_commentseen seen
  ON seen.item_id = comment.item_id AND seen.annotator_id = comment.annotator_id AND seen.reader_id = %(user)s
WHERE comment.writer_id <> %(user)s AND comment.id > coalesce(seen.last_comment_id, 0)
"""
_UNREAD = f"SELECT count(*) FROM (SELECT 1 {_NEW} LIMIT %(at_most)s::int) few"  # noqa: S608  # a constant
_UNREAD_THREADS = f"""
SELECT comment.item_id, comment.annotator_id, max(comment.id) AS last {_NEW}
GROUP BY comment.item_id, comment.annotator_id ORDER BY last DESC LIMIT %(limit)s::int
"""
_LAST_WORDS = """
SELECT DISTINCT ON (item_id, annotator_id) item_id, annotator_id, id, role
FROM (SELECT item_id, annotator_id, id, role FROM verification_comment
      WHERE project_id = %(project)s ORDER BY id DESC LIMIT 500) recent
ORDER BY item_id, annotator_id, id DESC
"""
_UNANSWERED = f"""
SELECT count(*) FROM (SELECT 1 FROM ({_LAST_WORDS}) last WHERE role = 'annotator' LIMIT %(at_most)s::int) few
"""  # noqa: S608
_WAITING = f"""
SELECT item_id, annotator_id FROM ({_LAST_WORDS}) last WHERE role = 'annotator' ORDER BY id LIMIT %(limit)s::int
"""  # noqa: S608
