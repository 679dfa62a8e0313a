"""Slots that are kept for somebody (`held_for`) and come free: their person is gone, or a lead lets go of them.

What belongs to a package that is judged anew stays with the package: that goes whole to somebody else (redos.py). Gold
stays with its person: it is counted nowhere, and nobody waits for it.
"""

import logging

from django.db import connection, transaction

from verification.services.queue import AHEAD_OF_EVERYBODY_SQL

log = logging.getLogger(__name__)

AT_ONCE = 5000

STAYS_SQL = """
    EXISTS (SELECT 1 FROM verification_packageitem packed
            JOIN verification_reviewpackage made ON made.id = packed.package_id
            WHERE packed.item_id = slot.item_id AND packed.round = slot.round AND packed.is_live
              AND made.state IN ('redo', 'escalated'))
    OR EXISTS (SELECT 1 FROM verification_sampleitem gold WHERE gold.id = slot.item_id AND gold.is_gold)
"""
"""Slot `slot` is held for more than a lead's wish."""

# Each person with each sample in which something is held for them: one step of the index for each.
HOLDERS_SQL = """
holder AS (
    (SELECT held_for_id AS person_id, sample_id FROM verification_assignment
     WHERE state = 'open' AND held_for_id IS NOT NULL ORDER BY held_for_id, sample_id LIMIT 1)
    UNION ALL
    SELECT next.* FROM holder CROSS JOIN LATERAL (
        SELECT held_for_id, sample_id FROM verification_assignment
        WHERE state = 'open' AND held_for_id IS NOT NULL
          AND (held_for_id, sample_id) > (holder.person_id, holder.sample_id)
        ORDER BY held_for_id, sample_id LIMIT 1) next
)
"""


def free_holds_of_absent() -> int:
    """Let anybody have what is kept for people who are paused, must qualify again, or left. Returns how many slots.

    For the timer: it finds who left by whatever way. Idempotent.
    """
    return _free(_ABSENT, {})


def free_holds(*, project_id: int, person_id: int) -> int:
    """Let anybody have what is kept for this person in the project. Returns how many slots. Idempotent."""
    return _free(_PERSON, {"project": project_id, "person": person_id})


def clear_holds(sample_id: int) -> int:
    """Nothing of a closed sample is kept for anybody any more, but what stays. Returns how many slots."""
    with connection.cursor() as cursor:
        cursor.execute(_CLEAR, {"sample": sample_id})
        return int(cursor.rowcount)


def _free(which: str, values: dict[str, int]) -> int:
    freed = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_FREE.replace("__which__", which), {**values, "most": AT_ONCE})
            count = int(cursor.fetchone()[0])
        freed += count
        if count < AT_ONCE:
            break
    if freed:
        log.info("%s slots are kept for nobody any more", freed)
    return freed


_ABSENT = """
    (NOT EXISTS (SELECT 1 FROM projects_membership member JOIN accounts_user account ON account.id = member.user_id
                 WHERE member.project_id = sample.project_id AND member.user_id = holder.person_id
                   AND member.role = 'annotator' AND account.is_active)
     OR EXISTS (SELECT 1 FROM verification_standing standing
                WHERE standing.project_id = sample.project_id AND standing.person_id = holder.person_id
                  AND (standing.paused_at IS NOT NULL OR standing.requalify_since IS NOT NULL)))
"""
_PERSON = "sample.project_id = %(project)s AND holder.person_id = %(person)s"

_FREE = f"""
WITH RECURSIVE {HOLDERS_SQL}, wanted AS (
    SELECT slot.id
    FROM holder
    JOIN verification_sample sample ON sample.id = holder.sample_id
    JOIN verification_assignment slot ON slot.held_for_id = holder.person_id AND slot.sample_id = holder.sample_id
     AND slot.state = 'open'
    WHERE __which__ AND NOT ({STAYS_SQL})
    ORDER BY slot.id LIMIT %(most)s::int
    FOR UPDATE OF slot SKIP LOCKED
), freed AS (
    UPDATE verification_assignment a SET held_for_id = NULL, rank = {AHEAD_OF_EVERYBODY_SQL}
    FROM wanted WHERE a.id = wanted.id
    RETURNING a.item_id
), noted AS (
    INSERT INTO verification_itemchange (item_id, kind) SELECT DISTINCT item_id, 'let_go' FROM freed
)
SELECT count(*) FROM freed
"""  # noqa: S608  # made of constants of this package
_CLEAR = f"""
UPDATE verification_assignment slot SET held_for_id = NULL
WHERE slot.sample_id = %(sample)s AND slot.state = 'open' AND slot.held_for_id IS NOT NULL AND NOT ({STAYS_SQL})
"""  # noqa: S608
