"""A package below the threshold goes whole to one other annotator, who sees neither marks nor rulings (design §7).

Its items get a slot each that only that person is given (`Assignment.held_for`), in a round of its own. When all are
done the package waits for a new expert. Where nobody may do it, the lead has it.
"""

import logging
from typing import Any

from django.db import connection, transaction

from verification.models import Escalation, PackageState, ReviewPackage, WebhookEvent
from verification.services.package_news import announce_packages
from verification.services.queue import AHEAD_OF_EVERYBODY_SQL
from verification.services.reviewers import MAY_REDO_SQL

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 3


def redo_package(package: ReviewPackage, *, annotator_id: int | None = None) -> ReviewPackage | None:
    """Hand the items of a package that failed to another annotator: the new package, in REDO.

    annotator_id: whom the lead names, else the eligible one who has the least to do. None when that person, or
    nobody, is eligible. The caller holds the locks of items and package, and decides what becomes of `package`.
    """
    chosen = _eligible(package, annotator_id)
    if chosen is None:
        return None
    child = ReviewPackage.objects.create(
        project_id=package.project_id,
        sample_id=package.sample_id,
        author_id=chosen,
        attempt=package.attempt + 1,
        parent=package,
        size=package.size,
        threshold=package.threshold,
        state=PackageState.REDO,
    )
    values = {"package": package.pk, "child": child.pk, "annotator": chosen}
    with connection.cursor() as cursor:
        cursor.execute(_LET_GO, values)
        cursor.execute(_ITEMS_AGAIN, values)
        items = cursor.rowcount
        cursor.execute(_SLOTS, values)
    if items != child.size:
        ReviewPackage.objects.filter(pk=child.pk).update(size=items)
        child.size = items
    log.info("package %s goes to annotator %s as package %s", package.pk, chosen, child.pk)
    return child


def settle_redos(*, loop_id: int) -> int:
    """Bring the loop's redos forward: those done are READY for an expert; those whose annotator cannot finish (skipped
    an item, left, was suspended) go whole to somebody else, or to the lead. Returns how many changed. Idempotent.
    """
    with connection.cursor() as cursor:
        cursor.execute(_REDOS, {"loop": loop_id})
        redos = cursor.fetchall()
    changed = 0
    for package_id, is_done, is_stuck in redos:
        if is_done:
            changed += _finish(package_id)
        elif is_stuck:
            changed += _hand_on(package_id)
    return changed


def hand_over(package: ReviewPackage, *, annotator_id: int | None = None) -> bool:
    """Give a REDO (or escalated, never reviewed) package in the hands of one annotator to another; False when nobody
    is eligible. The caller holds the locks. What the former one did stays in their history and is paid."""
    chosen = _eligible(package, annotator_id)
    if chosen is None:
        return False
    values = {"package": package.pk, "annotator": chosen}
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_ROUND, values)
        cursor.execute(_HELD_FOR_OTHER, values)
        cursor.execute(_SLOTS, {**values, "child": package.pk})
    ReviewPackage.objects.filter(pk=package.pk).update(author_id=chosen, state=PackageState.REDO, escalation="")
    return True


def lock_package(package_id: int, *, project_id: int | None = None) -> ReviewPackage | None:
    """The package, locked after its items (by id): the order in which everything here locks. In a transaction."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_ITEMS, {"package": package_id})
    packages = ReviewPackage.objects.select_for_update().filter(pk=package_id)
    return (packages if project_id is None else packages.filter(project_id=project_id)).first()


@transaction.atomic
def _finish(package_id: int) -> int:
    package = lock_package(package_id)
    if package is None or package.state != PackageState.REDO:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_DROP_LOST, {"package": package_id})
        cursor.execute(_FREEZE, {"package": package_id})
        cursor.execute(_LEFT, {"package": package_id})
        left, unfinished = cursor.fetchone()
    if unfinished:
        return 0
    state = PackageState.READY if left else PackageState.CANCELLED
    ReviewPackage.objects.filter(pk=package_id).update(state=state, size=max(left, 1))
    if left:
        announce_packages(project_id=package.project_id, package_ids=[package_id], event=WebhookEvent.PACKAGE_READY)
    log.info("package %s was judged anew and is %s", package_id, state.value)
    return 1


@transaction.atomic
def _hand_on(package_id: int) -> int:
    package = lock_package(package_id)
    if package is None or package.state != PackageState.REDO:
        return 0
    if not hand_over(package):
        ReviewPackage.objects.filter(pk=package_id).update(
            state=PackageState.ESCALATED, escalation=Escalation.NO_ANNOTATOR
        )
        announce_packages(project_id=package.project_id, package_ids=[package_id], event=WebhookEvent.PACKAGE_ESCALATED)
    return 1


def _eligible(package: ReviewPackage, annotator_id: int | None) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(_ELIGIBLE, {"package": package.pk, "only": annotator_id})
        row: tuple[Any, ...] | None = cursor.fetchone()
    return None if row is None else int(row[0])


_LOCK_ITEMS = """
SELECT count(*) FROM (
    SELECT item.id FROM verification_packageitem packed
    JOIN verification_sampleitem item ON item.id = packed.item_id
    WHERE packed.package_id = %(package)s ORDER BY item.id FOR NO KEY UPDATE OF item
) locked
"""
_ELIGIBLE = f"""
SELECT person.id
FROM verification_reviewpackage p
JOIN projects_membership annotating ON annotating.project_id = p.project_id AND annotating.role = 'annotator'
JOIN accounts_user person ON person.id = annotating.user_id
WHERE p.id = %(package)s AND (%(only)s::bigint IS NULL OR person.id = %(only)s::bigint)
  AND {MAY_REDO_SQL}
ORDER BY (SELECT count(*) FROM verification_assignment held
          WHERE held.held_for_id = person.id AND held.state = 'open'), person.id
LIMIT 1
"""  # noqa: S608  # made of constants
_LET_GO = "UPDATE verification_packageitem SET is_live = false WHERE package_id = %(package)s"
_ITEMS_AGAIN = """
INSERT INTO verification_packageitem
    (package_id, item_id, position, round, verdict_ids, choice, rejected_ids, is_bad_box, is_live)
SELECT %(child)s, packed.item_id, row_number() OVER (ORDER BY packed.position) - 1,
       (SELECT max(round) + 1 FROM verification_assignment slot WHERE slot.item_id = packed.item_id),
       '{}', '', '{}', false, true
FROM verification_packageitem packed
JOIN verification_sampleitem item ON item.id = packed.item_id AND item.state = 'open'
WHERE packed.package_id = %(package)s
"""
# All of them next: `a` is what AHEAD_OF_EVERYBODY_SQL asks for.
_SLOTS = f"""
INSERT INTO verification_assignment (sample_id, item_id, round, slot, rank, priority, state, held_for_id)
SELECT p.sample_id, packed.item_id, packed.round, 0, ahead.rank, item.priority, 'open', %(annotator)s
FROM verification_reviewpackage p
JOIN verification_packageitem packed ON packed.package_id = p.id
JOIN verification_sampleitem item ON item.id = packed.item_id
CROSS JOIN LATERAL (SELECT {AHEAD_OF_EVERYBODY_SQL} AS rank
                    FROM (SELECT p.sample_id, packed.item_id * 16 AS rank, item.priority) a) ahead
WHERE p.id = %(child)s
  AND NOT EXISTS (SELECT 1 FROM verification_assignment slot
                  WHERE slot.item_id = packed.item_id AND slot.round = packed.round AND slot.slot = 0)
ORDER BY packed.position
"""  # noqa: S608  # made of constants
# done: nothing of it is left to judge. stuck: its annotator will not be given all of it.
_REDOS = """
SELECT p.id,
       NOT EXISTS (
           SELECT 1 FROM verification_packageitem packed
           JOIN verification_sampleitem item ON item.id = packed.item_id AND item.state = 'open'
           JOIN verification_assignment slot ON slot.item_id = packed.item_id AND slot.round = packed.round
           WHERE packed.package_id = p.id AND slot.state <> 'done'),
       NOT EXISTS (
           SELECT 1 FROM projects_membership member JOIN accounts_user person ON person.id = member.user_id
           WHERE member.project_id = p.project_id AND member.user_id = p.author_id AND member.role = 'annotator'
             AND person.is_active)
       OR EXISTS (
           SELECT 1 FROM verification_standing standing
           WHERE standing.project_id = p.project_id AND standing.person_id = p.author_id
             AND (standing.paused_at IS NOT NULL OR standing.requalify_since IS NOT NULL))
       OR EXISTS (
           SELECT 1 FROM verification_packageitem packed
           JOIN verification_sampleitem item ON item.id = packed.item_id AND item.state = 'open'
           JOIN verification_skip skip ON skip.item_id = packed.item_id
           WHERE packed.package_id = p.id AND skip.annotator_id = p.author_id)
FROM verification_sample sample
JOIN verification_reviewpackage p ON p.sample_id = sample.id AND p.state = 'redo'
WHERE sample.loop_id = %(loop)s
ORDER BY p.id
"""
_DROP_LOST = """
UPDATE verification_packageitem packed SET is_live = false
FROM verification_sampleitem item
WHERE packed.package_id = %(package)s AND item.id = packed.item_id AND item.state <> 'open'
"""
_FREEZE = """
UPDATE verification_packageitem packed
SET verdict_ids = ARRAY[verdict.id], choice = verdict.choice, rejected_ids = verdict.rejected_ids,
    is_bad_box = verdict.is_bad_box
FROM verification_assignment slot
JOIN verification_verdict verdict ON verdict.id = slot.verdict_id
WHERE packed.package_id = %(package)s AND packed.is_live
  AND slot.item_id = packed.item_id AND slot.round = packed.round AND slot.slot = 0 AND slot.state = 'done'
"""
_LEFT = """
SELECT count(*) FILTER (WHERE is_live), count(*) FILTER (WHERE is_live AND verdict_ids = '{}')
FROM verification_packageitem WHERE package_id = %(package)s
"""
# What the former annotator did already gets a round more; what they did not is handed over as it is.
_NEXT_ROUND = """
UPDATE verification_packageitem packed
SET round = (SELECT max(latest.round) + 1 FROM verification_assignment latest WHERE latest.item_id = packed.item_id)
FROM verification_assignment slot
WHERE packed.package_id = %(package)s
  AND slot.item_id = packed.item_id AND slot.round = packed.round AND slot.slot = 0 AND slot.state = 'done'
"""
_HELD_FOR_OTHER = """
UPDATE verification_assignment slot
SET held_for_id = %(annotator)s, state = 'open', annotator_id = NULL, leased_until = NULL
FROM verification_packageitem packed
WHERE packed.package_id = %(package)s AND slot.item_id = packed.item_id AND slot.round = packed.round
  AND slot.state <> 'done'
"""
