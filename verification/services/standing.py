"""What a lead does when somebody's work is not good enough: pause, qualify again, send recent work back."""

import logging
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from verification.models import Sample, Standing, StandingChange, StandingChangeKind, TaskKind
from verification.services.holds import free_holds
from verification.services.question_decisions import take_back_follow_up
from verification.services.queue import AHEAD_OF_EVERYBODY_SQL, release_items
from webapp.core.errors import BadInput, Conflict, NotFound
from webapp.projects.models import Membership, Role

log = logging.getLogger(__name__)

MOST_SENT_BACK = 1000
LONGEST_REASON = 500


@transaction.atomic
def pause_person(*, project_id: int, person_id: int, by_id: int, reason: str) -> None:
    """Give them no more items, and what they hold or is kept for them to others. Verdicts and pay stand. Idempotent.

    Raises NotFound (no annotator of this project), BadInput (a reason that is too long).
    """
    standing = _locked(project_id, person_id)
    if standing.paused_at is None:
        Standing.objects.filter(pk=standing.pk).update(paused_at=Now())
        release_items(project_id=project_id, user_id=person_id)
        free_holds(project_id=project_id, person_id=person_id)
        _note(StandingChangeKind.PAUSED, project_id, person_id, by_id, reason)


@transaction.atomic
def resume_person(*, project_id: int, person_id: int, by_id: int) -> None:
    """Let them work again: neither paused nor asked to qualify again. Idempotent. Raises NotFound."""
    standing = _locked(project_id, person_id)
    if standing.paused_at is not None or standing.requalify_since is not None:
        Standing.objects.filter(pk=standing.pk).update(paused_at=None, requalify_since=None)
        _note(StandingChangeKind.RESUMED, project_id, person_id, by_id, "")


@transaction.atomic
def require_requalification(*, project_id: int, person_id: int, by_id: int, reason: str) -> None:
    """Only the qualifying round is open to them until they pass it (`note_qualified`). Idempotent.

    Raises NotFound, BadInput.
    """
    standing = _locked(project_id, person_id)
    if standing.requalify_since is None:
        Standing.objects.filter(pk=standing.pk).update(requalify_since=Now())
        release_items(project_id=project_id, user_id=person_id)
        free_holds(project_id=project_id, person_id=person_id)
        _note(StandingChangeKind.REQUALIFY, project_id, person_id, by_id, reason)


def note_qualified(*, project_id: int, person_id: int) -> None:
    """They passed the qualifying round: for the service that grades it. Idempotent."""
    Standing.objects.filter(project_id=project_id, person_id=person_id).update(requalify_since=None)


def send_back_work(
    *, project_id: int, person_id: int, by_id: int, count: int, reason: str, take_pay_back: bool = False
) -> StandingChange:
    """Let others judge the person's last `count` verdicts again: those of open samples that no package holds yet.

    Each item gets a new round in which the verdicts of all other people stand and this person's slot is open; they are
    never given the item again. A pair whose answer somebody is writing already keeps its verdict. The verdicts stay in
    the history. Their pay stays too, unless `take_pay_back`: then each is withdrawn, with a negative entry of the
    ledger. Gold items are paid back like the others and not asked again.

    Locks items, then slots, by id. A second call finds only what came since. Raises NotFound, BadInput, or Conflict
    (`nothing_to_send_back`).
    """
    if not 1 <= count <= MOST_SENT_BACK:
        raise BadInput(_("Send back at least 1 and at most %(most)s items.") % {"most": MOST_SENT_BACK})
    with transaction.atomic(), connection.cursor() as cursor:
        _locked(project_id, person_id)
        values: dict[str, Any] = {"project": project_id, "person": person_id, "count": count}
        cursor.execute(_CANDIDATES, values)
        items = [row[0] for row in cursor.fetchall()]
        cursor.execute(_LOCK_ITEMS, {"items": items})
        cursor.execute(_LOCK_SLOTS, {"items": items})
        cursor.execute(_CANDIDATES, values)  # as they are under the locks
        found = [row for row in cursor.fetchall() if row[0] in set(items)]
        kept = [row for row in found if row[3] or row[4] != TaskKind.QA or take_back_follow_up(row[0])]
        if not kept:
            raise Conflict(
                _("There is nothing to send back: their recent work is with the experts already, or was sent back."),
                code="nothing_to_send_back",
            )
        change = _note(
            StandingChangeKind.SENT_BACK,
            *(project_id, person_id, by_id, reason),
            items=len(kept),
            pay_taken_back=take_pay_back,
        )
        again: dict[str, Any] = {"items": [row[0] for row in kept if not row[3]], "person": person_id}
        cursor.execute(_OTHERS_MOVE_ON, again)
        cursor.execute(_OPEN_AGAIN, again)
        cursor.execute(_RANK_AHEAD, again)
        sent: dict[str, Any] = {"verdicts": [row[1] for row in kept], "change": change.pk}
        cursor.execute(_SENT_BACK, sent)
        if take_pay_back:
            cursor.execute(_PAY_BACK, sent)
    log.info("%s verdicts of user %s sent back by user %s", len(kept), person_id, by_id)
    return change


def _locked(project_id: int, person_id: int) -> Standing:
    """The person's standing, locked; made where there is none."""
    if not Membership.objects.filter(project_id=project_id, user_id=person_id, role=Role.ANNOTATOR).exists():
        raise NotFound(_("This person is no annotator of the project."))
    Standing.objects.bulk_create([Standing(project_id=project_id, person_id=person_id)], ignore_conflicts=True)
    return Standing.objects.select_for_update().get(project_id=project_id, person_id=person_id)


def _note(
    kind: StandingChangeKind, project_id: int, person_id: int, by_id: int, reason: str, **more: Any
) -> StandingChange:
    reason = reason.strip()
    if len(reason) > LONGEST_REASON:
        raise BadInput(_("The reason has more than %(most)s characters. Shorten it.") % {"most": LONGEST_REASON})
    return StandingChange.objects.create(
        project_id=project_id, person_id=person_id, by_id=by_id, kind=kind, reason=reason, **more
    )


def open_samples(project_id: int) -> list[int]:
    """Samples whose work can still be sent back."""
    return list(Sample.objects.filter(project_id=project_id, is_open=True).values_list("pk", flat=True))


# Verdicts that count now, in the item's latest round, and that no package holds: the latest first.
_CANDIDATES = """
SELECT item.id, verdict.id, slot.id, item.is_gold, sample.task_kind
FROM verification_verdict verdict
JOIN verification_assignment slot
  ON slot.id = verdict.assignment_id AND slot.verdict_id = verdict.id AND slot.state = 'done'
JOIN verification_sampleitem item ON item.id = slot.item_id AND item.state = 'open'
JOIN verification_sample sample ON sample.id = slot.sample_id AND sample.is_open AND sample.project_id = %(project)s
WHERE verdict.annotator_id = %(person)s AND NOT verdict.is_withdrawal
  AND verdict.created_at >= (SELECT min(created_at) FROM verification_sample
                             WHERE project_id = %(project)s AND is_open)
  AND slot.round = (SELECT max(round) FROM verification_assignment latest WHERE latest.item_id = item.id)
  AND NOT EXISTS (SELECT 1 FROM verification_packageitem packed WHERE packed.item_id = item.id AND packed.is_live)
  AND NOT EXISTS (SELECT 1 FROM verification_verdict later WHERE later.supersedes_id = verdict.id)
  AND NOT EXISTS (SELECT 1 FROM verification_sentbackverdict sent WHERE sent.verdict_id = verdict.id)
ORDER BY verdict.created_at DESC, verdict.id DESC LIMIT %(count)s::int
"""
_LOCK_ITEMS = """
SELECT id FROM verification_sampleitem WHERE id = ANY(%(items)s::bigint[]) ORDER BY id FOR NO KEY UPDATE
"""
_LOCK_SLOTS = """
SELECT id FROM verification_assignment WHERE item_id = ANY(%(items)s::bigint[]) ORDER BY id FOR UPDATE
"""
_OTHERS_MOVE_ON = """
UPDATE verification_assignment slot SET round = slot.round + 1
WHERE slot.item_id = ANY(%(items)s::bigint[]) AND slot.annotator_id IS DISTINCT FROM %(person)s
  AND slot.round = (SELECT max(round) FROM verification_assignment latest WHERE latest.item_id = slot.item_id)
"""
_OPEN_AGAIN = """
INSERT INTO verification_assignment (sample_id, item_id, round, slot, rank, priority, state)
SELECT theirs.sample_id, theirs.item_id, theirs.round + 1, theirs.slot, theirs.rank, item.priority, 'open'
FROM verification_assignment theirs JOIN verification_sampleitem item ON item.id = theirs.item_id
WHERE theirs.item_id = ANY(%(items)s::bigint[]) AND theirs.annotator_id = %(person)s
  AND theirs.round = (SELECT max(round) FROM verification_assignment own
                      WHERE own.item_id = theirs.item_id AND own.annotator_id = %(person)s)
"""
_RANK_AHEAD = f"""
UPDATE verification_assignment a SET rank = {AHEAD_OF_EVERYBODY_SQL}
WHERE a.item_id = ANY(%(items)s::bigint[]) AND a.state = 'open' AND a.annotator_id IS NULL
"""  # noqa: S608  # the part is a constant of this package
_SENT_BACK = """
INSERT INTO verification_sentbackverdict (change_id, verdict_id)
SELECT %(change)s, unnest(%(verdicts)s::bigint[])
"""
_PAY_BACK = """
WITH withdrawal AS (
    INSERT INTO verification_verdict
        (assignment_id, item_id, annotator_id, key, choice, rejected_ids, is_withdrawal, supersedes_id, seconds)
    SELECT assignment_id, item_id, annotator_id, gen_random_uuid(), '', '{}', true, id, 0
    FROM verification_verdict WHERE id = ANY(%(verdicts)s::bigint[])
    RETURNING id, supersedes_id, annotator_id
)
INSERT INTO verification_ledgerentry (project_id, annotator_id, verdict_id, amount, currency)
SELECT pay.project_id, withdrawal.annotator_id, withdrawal.id, -pay.amount, pay.currency
FROM withdrawal JOIN verification_ledgerentry pay ON pay.verdict_id = withdrawal.supersedes_id
"""
