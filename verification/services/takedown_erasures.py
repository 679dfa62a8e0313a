"""What the human half holds of a photo, or of a person's words, erased in the caller's transaction.

Verdicts stay, with the digest of what was written. Every table with free text is listed here and nowhere else: a new
one must be added. The caller holds the project's row; items are locked by id before anything of theirs is touched.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.db import connection

_LOCK_ITEMS = """
SELECT item.id FROM verification_sampleitem item WHERE item.image_id = %(image)s ORDER BY item.id FOR UPDATE
"""
# What was shown of a pair is words; the tags of a tag task are concepts, which are nobody's.
_BLANK = """
    CASE WHEN shown ? 'question' THEN
        jsonb_build_object('tag', shown -> 'tag', 'question', '', 'answer', '', 'others', '[]'::jsonb)
    ELSE shown END
"""
_OF_PHOTO: Final = {
    "items": f"""
        UPDATE verification_sampleitem SET state = 'removed', shown = {_BLANK}
        WHERE id = ANY(%(items)s::bigint[]) AND (state <> 'removed' OR shown ->> 'question' <> '')
    """,  # noqa: S608  # a constant of this module
    "leases": """
        UPDATE verification_assignment SET state = 'open', annotator_id = NULL, leased_until = NULL
        WHERE item_id = ANY(%(items)s::bigint[]) AND state = 'leased'
    """,
    "audited": f"""
        UPDATE verification_audititem SET is_removed = true, shown = {_BLANK}
        WHERE image_id = %(image)s AND (NOT is_removed OR shown ->> 'question' <> '')
    """,  # noqa: S608
}
_WORDS: Final = {
    "texts": """
        UPDATE verification_wording SET text = '', erased_at = now()
        WHERE erased_at IS NULL AND id IN (
            SELECT wording.id FROM verification_verdict verdict
            JOIN verification_wording wording ON wording.verdict_id = verdict.id
            WHERE verdict.item_id = ANY(%(items)s::bigint[])
            UNION ALL
            SELECT wording.id FROM verification_packageitem packed
            JOIN verification_ruling ruling ON ruling.package_item_id = packed.id
            JOIN verification_wording wording ON wording.ruling_id = ruling.id
            WHERE packed.item_id = ANY(%(items)s::bigint[]))
    """,
    "late_texts": """
        UPDATE verification_lateverdict SET text = '' WHERE item_id = ANY(%(items)s::bigint[]) AND text <> ''
    """,
    "comments": """
        UPDATE verification_comment SET text = '', erased_at = now()
        WHERE item_id = ANY(%(items)s::bigint[]) AND erased_at IS NULL
    """,
}
_OF_PERSON: Final = {
    "texts": """
        UPDATE verification_wording SET text = '', erased_at = now()
        WHERE erased_at IS NULL AND id IN (
            SELECT wording.id FROM verification_wording wording
            LEFT JOIN verification_ruling ruling ON ruling.id = wording.ruling_id
            LEFT JOIN verification_packageitem packed ON packed.id = ruling.package_item_id
            LEFT JOIN verification_verdict verdict ON verdict.id = wording.verdict_id
            JOIN verification_sampleitem item ON item.id = coalesce(verdict.item_id, packed.item_id)
            JOIN verification_sample sample ON sample.id = item.sample_id AND sample.project_id = %(project)s
            WHERE wording.writer_id = %(writer)s AND wording.created_at <= %(until)s)
    """,
    "late_texts": """
        UPDATE verification_lateverdict SET text = ''
        WHERE text <> '' AND annotator_id = %(writer)s AND created_at <= %(until)s AND item_id IN (
            SELECT item.id FROM verification_sampleitem item
            JOIN verification_sample sample ON sample.id = item.sample_id
            WHERE item.id = verification_lateverdict.item_id AND sample.project_id = %(project)s)
    """,
    "comments": """
        UPDATE verification_comment SET text = '', erased_at = now()
        WHERE project_id = %(project)s AND writer_id = %(writer)s AND created_at <= %(until)s AND erased_at IS NULL
    """,
    "meanings": """
        UPDATE annotation_conceptmeaning SET text = '', erased_at = now()
        WHERE project_id = %(project)s AND writer_id = %(writer)s AND written_at <= %(until)s AND erased_at IS NULL
    """,
}


def erase_about_photo(image_id: int) -> dict[str, int]:
    """Items are removed, leases end, and what people wrote about the photo is erased. Idempotent; counts by what."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_ITEMS, {"image": image_id})
        values = {"image": image_id, "items": [row[0] for row in cursor.fetchall()]}
    return {name: _run(statement, values) for name, statement in {**_OF_PHOTO, **_WORDS}.items()}


def erase_words(*, project_id: int, writer_id: int, until: datetime) -> dict[str, int]:
    """Whatever a person wrote in the project until then. Idempotent; counts by what."""
    values = {"project": project_id, "writer": writer_id, "until": until}
    return {name: _run(statement, values) for name, statement in _OF_PERSON.items()}


def _run(statement: str, values: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)
