"""Review packages: finished items put together for an expert (papers V1 appendix B.3, design §7).

With one person per item a package holds items of one annotator; with overlap it holds what the majority says, and all
who judged are its authors. What is to be judged is frozen in the package.
"""

import logging
from typing import Any

from django.db import connection, transaction

from verification.models import PackageState, ReviewPackage, Sample, TaskKind, WebhookEvent
from verification.packing import plan_lots
from verification.services.package_news import announce_packages

log = logging.getLogger(__name__)

WAITING_STATES = (PackageState.REDO, PackageState.READY, PackageState.REVIEWING, PackageState.ESCALATED)
PACKED_KINDS = (TaskKind.TAG, TaskKind.QA, TaskKind.ANSWER)


def pack(*, sample_id: int, final: bool) -> int:
    """Make packages of the sample's finished items; returns how many. Idempotent: an item is in one live package.

    Not `final`: whole packages only, of what was judged since the last ones were made. `final`: everything that is
    finished, remainders too; goes through all items of the sample. Gold, removed, escalated and disputed items stay
    out. An item of an accepted package whose verdict a later round overruled is packed again.

    Size and threshold are the project's of this moment, frozen in the package. Locks the sample, then the items, then
    their slots, so that nobody withdraws what is being packed.
    """
    with transaction.atomic():
        sample = Sample.objects.select_for_update(no_key=True).select_related("project").get(pk=sample_id)
        if sample.task_kind not in PACKED_KINDS:
            return 0
        values: dict[str, Any] = {"sample": sample.pk, "project": sample.project_id, "created": sample.created_at}
        with connection.cursor() as cursor:
            cursor.execute(_CANDIDATES.format(scope="item.sample_id = %(sample)s" if final else _RECENT), values)
            if not cursor.rowcount:
                cursor.execute("DROP TABLE pack_finished")
                return 0
            for statement in ("ANALYZE pack_finished", _LOCK_ITEMS, _LOCK_SLOTS, _STILL_SO):
                cursor.execute(statement, values)
            made = _make_packages(cursor, sample, final=final)
            cursor.execute("DROP TABLE pack_finished")
    if made:
        log.info("sample %s: %s review packages", sample_id, made)
    return made


def is_anything_waiting(*, loop_id: int) -> bool:
    """Whether a package of the loop waits for an annotator, an expert or the lead. Second looks do not count."""
    return ReviewPackage.objects.filter(sample__loop_id=loop_id, state__in=WAITING_STATES, second_look_of=None).exists()


def cancel_packages(*, loop_id: int) -> int:
    """Nobody need look at the loop's packages any more; how many waited. Accepted ones and rulings stand."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CANCEL, {"loop": loop_id})
        count = int(cursor.rowcount)
        cursor.execute(_NOBODYS, {"loop": loop_id})
    return count


def _make_packages(cursor: Any, sample: Sample, *, final: bool) -> int:
    cursor.execute("SELECT author_id, count(*) FROM pack_finished GROUP BY author_id ORDER BY author_id NULLS FIRST")
    project = sample.project
    lots = [
        (author, lot)
        for author, count in cursor.fetchall()
        for lot in plan_lots(count, size=project.package_size, threshold=project.package_threshold, final=final)
    ]
    if not lots:
        return 0
    values = {
        "sample": sample.pk,
        "project": sample.project_id,
        "authors": [author for author, _lot in lots],
        "numbers": [lot.first // project.package_size for _author, lot in lots],
        "full": project.package_size,
        "sizes": [lot.size for _author, lot in lots],
        "thresholds": [lot.threshold for _author, lot in lots],
    }
    cursor.execute(_CHOSEN, values)
    cursor.execute(_REPLACED)
    cursor.execute(_PACKAGES, values)
    cursor.execute("SELECT DISTINCT package_id FROM pack_chosen ORDER BY package_id")
    made = [row[0] for row in cursor.fetchall()]
    cursor.execute("DROP TABLE pack_chosen")
    announce_packages(project_id=sample.project_id, package_ids=made, event=WebhookEvent.PACKAGE_READY)
    return len(lots)


# Verdicts that are newer than what their author's last package holds: found by the index over (annotator, created_at).
# What is committed late or comes back behind that mark is found by the final pass.
_RECENT = """
item.sample_id = %(sample)s AND item.id IN (
    SELECT recent.item_id
    FROM (SELECT DISTINCT user_id FROM projects_membership WHERE project_id = %(project)s) person
    CROSS JOIN LATERAL (
        SELECT coalesce(max(verdict.created_at), %(created)s::timestamptz) AS packed_to
        FROM (SELECT id FROM verification_reviewpackage made
              WHERE made.sample_id = %(sample)s AND made.parent_id IS NULL AND made.second_look_of_id IS NULL
                AND (made.author_id = person.user_id OR made.author_id IS NULL)
              ORDER BY id DESC LIMIT 1) last
        JOIN verification_packageitem packed ON packed.package_id = last.id
        JOIN verification_verdict verdict ON verdict.id = ANY(packed.verdict_ids)
    ) mark
    CROSS JOIN LATERAL (
        SELECT verdict.item_id FROM verification_verdict verdict
        WHERE verdict.annotator_id = person.user_id AND verdict.created_at >= mark.packed_to
    ) recent
)
"""

# One row per item that is to be packed, with the decision of the people: `rejected` is what the majority marked wrong,
# a tie leaves the item out (quality.majority).
_CANDIDATES = """
CREATE TEMP TABLE pack_finished ON COMMIT DROP AS
SELECT item.id AS item_id, last.round, votes.finished_at, votes.verdict_ids, votes.is_bad_box,
       CASE WHEN votes.people = 1 THEN votes.author_id END AS author_id,
       choice.choice, coalesce(tags.rejected, '{{}}') AS rejected_ids, live.id AS replaces_id
FROM verification_sampleitem item
LEFT JOIN verification_packageitem live ON live.item_id = item.id AND live.is_live
LEFT JOIN verification_reviewpackage deciding ON deciding.id = live.package_id
CROSS JOIN LATERAL (
    SELECT max(round) AS round FROM verification_assignment WHERE item_id = item.id
) last
CROSS JOIN LATERAL (
    SELECT count(*) AS slots, count(verdict.id) AS people, max(verdict.created_at) AS finished_at,
           array_agg(verdict.id ORDER BY slot.slot) AS verdict_ids, min(verdict.annotator_id) AS author_id,
           2 * count(*) FILTER (WHERE verdict.is_bad_box) > count(*) AS is_bad_box,
           2 * count(*) FILTER (WHERE verdict.is_bad_box) = count(*) AS is_disputed_box,
           array_agg(verdict.choice) AS choices,
           string_to_array(string_agg(nullif(array_to_string(verdict.rejected_ids, ','), ''), ','), ',')::bigint[]
               AS rejected
    FROM verification_assignment slot
    LEFT JOIN verification_verdict verdict ON verdict.id = slot.verdict_id AND NOT verdict.is_withdrawal
    WHERE slot.item_id = item.id AND slot.round = last.round
) votes
LEFT JOIN LATERAL (
    SELECT said.choice FROM unnest(votes.choices) said (choice)
    GROUP BY said.choice HAVING 2 * count(*) > votes.people
) choice ON true
CROSS JOIN LATERAL (
    SELECT array_agg(concept_id ORDER BY place) FILTER (WHERE 2 * against > votes.people) AS rejected,
           coalesce(bool_or(2 * against = votes.people), false) AS is_disputed
    FROM (
        SELECT place, (tag ->> 'concept_id')::bigint AS concept_id,
               coalesce(cardinality(array_positions(votes.rejected, (tag ->> 'concept_id')::bigint)), 0) AS against
        FROM jsonb_array_elements(item.shown -> 'tags') WITH ORDINALITY AS shown (tag, place)
    ) counted
) tags
WHERE {scope}
  AND item.state = 'open' AND NOT item.is_gold
  AND (live.id IS NULL OR (deciding.state = 'accepted' AND last.round > live.round))
  AND votes.slots = votes.people
  AND choice.choice IS NOT NULL AND NOT tags.is_disputed AND NOT votes.is_disputed_box
"""

_LOCK_ITEMS = """
SELECT count(*) FROM (
    SELECT item.id FROM verification_sampleitem item JOIN pack_finished ON pack_finished.item_id = item.id
    ORDER BY item.id FOR NO KEY UPDATE OF item
) locked
"""
_LOCK_SLOTS = """
SELECT count(*) FROM (
    SELECT slot.id FROM verification_assignment slot
    JOIN pack_finished ON pack_finished.item_id = slot.item_id AND pack_finished.round = slot.round
    ORDER BY slot.id FOR SHARE OF slot
) locked
"""
# What changed while the locks were waited for comes next time.
_STILL_SO = """
DELETE FROM pack_finished USING verification_sampleitem item
WHERE item.id = pack_finished.item_id AND (
    item.state <> 'open'
    OR EXISTS (SELECT 1 FROM verification_assignment slot
               WHERE slot.item_id = item.id
                 AND (slot.round > pack_finished.round
                      OR slot.round = pack_finished.round
                         AND (slot.verdict_id = ANY (pack_finished.verdict_ids)) IS NOT TRUE))
    OR EXISTS (SELECT 1 FROM verification_packageitem live
               WHERE live.item_id = item.id AND live.is_live AND live.id IS DISTINCT FROM pack_finished.replaces_id)
)
"""

# All packages of an author but the last are of one size, so an item's place says in which it is.
_CHOSEN = """
CREATE TEMP TABLE pack_chosen ON COMMIT DROP AS
WITH lot AS (
    SELECT nextval(pg_get_serial_sequence('verification_reviewpackage', 'id')) AS package_id, wanted.*
    FROM unnest(%(authors)s::bigint[], %(numbers)s::bigint[], %(sizes)s::int[], %(thresholds)s::float8[])
         AS wanted (author_id, number, size, threshold)
), listed AS (
    SELECT pack_finished.*,
           row_number() OVER (PARTITION BY author_id ORDER BY finished_at, item_id) - 1 AS place
    FROM pack_finished
)
SELECT lot.package_id, lot.size, lot.threshold, listed.place %% %(full)s::bigint AS position, listed.*
FROM listed
JOIN lot ON coalesce(lot.author_id, 0) = coalesce(listed.author_id, 0)
        AND lot.number = listed.place / %(full)s::bigint
"""
# What a later round overruled is decided by the new package from now on.
_REPLACED = """
UPDATE verification_packageitem SET is_live = false
WHERE id IN (SELECT replaces_id FROM pack_chosen WHERE replaces_id IS NOT NULL)
"""
_PACKAGES = """
WITH package AS (
    INSERT INTO verification_reviewpackage
        (id, project_id, sample_id, author_id, attempt, size, threshold, state)
    SELECT DISTINCT package_id, %(project)s::bigint, %(sample)s::bigint, author_id, 1, size, threshold, 'ready'
    FROM pack_chosen
    RETURNING id
)
INSERT INTO verification_packageitem
    (package_id, item_id, position, round, verdict_ids, choice, rejected_ids, is_bad_box, is_live)
SELECT package.id, chosen.item_id, chosen.position, chosen.round, chosen.verdict_ids, chosen.choice,
       chosen.rejected_ids, chosen.is_bad_box, true
FROM pack_chosen chosen JOIN package ON package.id = chosen.package_id
ORDER BY package.id, chosen.position
"""

_CANCEL = """
UPDATE verification_reviewpackage p SET state = 'cancelled', held_until = NULL
FROM verification_sample sample
WHERE sample.id = p.sample_id AND sample.loop_id = %(loop)s
  AND p.state IN ('redo', 'ready', 'reviewing', 'escalated')
"""
# Slots that were held for somebody: their sample is closed, so nobody is given them.
_NOBODYS = """
UPDATE verification_assignment slot SET held_for_id = NULL
FROM verification_sample sample
WHERE sample.loop_id = %(loop)s AND slot.sample_id = sample.id AND slot.state = 'open' AND slot.held_for_id IS NOT NULL
"""
