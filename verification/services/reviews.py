"""An expert's review of a package: taken, ruled on item by item, closed (papers V1 appendix B.3, design §7)."""

import logging
import math
from dataclasses import dataclass
from datetime import timedelta

from django.db import IntegrityError, connection, transaction
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from annotation import dispatch
from verification.models import (
    DisagreeReason,
    Escalation,
    PackageItem,
    PackageState,
    QAChoice,
    ReviewPackage,
    Ruling,
    TaskKind,
    WebhookEvent,
    Wording,
    WordingKind,
)
from verification.packing import is_accepted
from verification.services.package_news import announce_packages
from verification.services.redos import MOST_ATTEMPTS, lock_package, redo_package
from verification.services.reviewers import MAY_REVIEW_SQL
from verification.services.ruled_tags import reopen_ruled_tags
from verification.services.second_looks import add_second_look
from webapp.core.errors import BadInput, Conflict, NotFound

log = logging.getLogger(__name__)

HOLD_SECONDS = 48 * 3600  # since the last mark; then others may take the package
MOST_HELD = 3  # packages a person holds at once, so that nobody hoards them
MAX_SECONDS = 3600.0
MAX_TEXT = 2000

# What an expert can say is wrong, by kind of task.
REASONS: dict[str, tuple[DisagreeReason, ...]] = {
    TaskKind.TAG: (DisagreeReason.WRONG_LEFT, DisagreeReason.RIGHT_REJECTED, DisagreeReason.OTHER),
    TaskKind.QA: (DisagreeReason.WRONG_CHOICE, DisagreeReason.OTHER),
    TaskKind.ANSWER: (DisagreeReason.BAD_ANSWER, DisagreeReason.WRONG_CHOICE, DisagreeReason.OTHER),
}
CHOICES: dict[str, tuple[str, ...]] = {
    TaskKind.TAG: ("",),
    TaskKind.QA: tuple(QAChoice.values),
    TaskKind.ANSWER: ("", QAChoice.UNANSWERABLE, QAChoice.WRONG_TAG),
}
_NEWS = {
    PackageState.ACCEPTED: WebhookEvent.PACKAGE_ACCEPTED,
    PackageState.FAILED: WebhookEvent.PACKAGE_FAILED,
    PackageState.ESCALATED: WebhookEvent.PACKAGE_ESCALATED,
}


@dataclass(frozen=True, slots=True)
class Mark:
    """What an expert says of one item. Who agrees says nothing more; who disagrees says why and what is right.

    rejected_ids: the tags that are wrong; choice: of a question; correction: the right answer in words.
    """

    agrees: bool
    reason: str = ""
    rejected_ids: tuple[int, ...] = ()
    choice: str = ""
    is_bad_box: bool = False
    correction: str = ""
    note: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """A package after its review. `repeated`: it had been closed before."""

    package_id: int
    state: PackageState
    right: int
    judged: int
    repeated: bool = False


def take_package(*, project_id: int, user_id: int, package_id: int | None = None) -> int:
    """Claim a package for review, or the next one that waits; its id. One person gets it, by the database's clock.

    A claim lapses HOLD_SECONDS after the last mark; who takes a lapsed package begins it anew. Taking what one holds
    renews the claim. Raises Conflict with code `package_taken` (somebody else was first, or it waits no more),
    `nothing_waits`, `took_part` (the person judged or skipped an item of it, or ruled on it before) or `too_many`.
    """
    values = {"project": project_id, "user": user_id, "package": package_id, "hold": HOLD_SECONDS, "most": MOST_HELD}
    with transaction.atomic(), connection.cursor() as cursor:
        if package_id is not None:
            cursor.execute(_RENEW, values)
            if cursor.rowcount:
                return package_id
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('review', %(user)s))", values)
        cursor.execute(_TAKE.replace("__which__", "true" if package_id is None else "p.id = %(package)s"), values)
        row = cursor.fetchone()
        if row is not None:
            cursor.execute(_FORGET, {"package": row[0], "user": user_id})
            return int(row[0])
    raise _not_taken(project_id, user_id, package_id)


def give_back_package(*, project_id: int, user_id: int, package_id: int) -> bool:
    """Return a package one holds to those that wait. Its marks are forgotten: its next expert begins anew.

    False when the person does not hold it (any more).
    """
    with transaction.atomic():
        given = ReviewPackage.objects.filter(
            pk=package_id, project_id=project_id, expert_id=user_id, state=PackageState.REVIEWING
        ).update(state=PackageState.READY, expert=None, held_until=None)
        if given:
            Ruling.objects.filter(package_item__package_id=package_id).delete()
    return bool(given)


def rule_item(*, project_id: int, user_id: int, package_id: int, item_id: int, mark: Mark) -> Ruling:
    """Record what the expert who holds the package says of one of its items; said again, the last one counts.

    item_id: the PackageItem. Locks the package, renews the claim. Raises NotFound, BadInput (no reason, nothing
    different from the annotator's marks, or what was not shown), or Conflict with code `not_yours` when the package is
    not in this person's hands.
    """
    with transaction.atomic():
        held = ReviewPackage.objects.filter(
            pk=package_id, project_id=project_id, expert_id=user_id, state=PackageState.REVIEWING
        )
        if not held.update(held_until=_held_until()):
            raise _not_yours(project_id, package_id)
        packed = (
            PackageItem.objects.filter(pk=item_id, package_id=package_id)
            .select_related("item__sample", "package")
            .first()
        )
        if packed is None:
            raise NotFound(_("This package has no such item."))
        said = _checked(packed, mark)
        ruling, _created = Ruling.objects.update_or_create(
            package_item=packed,
            defaults={
                "expert_id": user_id,
                "agrees": said.agrees,
                "choice": said.choice,
                "rejected_ids": list(said.rejected_ids),
                "is_bad_box": said.is_bad_box,
                "reason": said.reason,
                "seconds": said.seconds,
            },
        )
        _keep_words(ruling, WordingKind.CORRECTION, said.correction, user_id)
        _keep_words(ruling, WordingKind.NOTE, said.note, user_id)
    return ruling


def unrule_item(*, project_id: int, user_id: int, package_id: int, item_id: int) -> bool:
    """Take a mark back; False when there was none. Raises Conflict with code `not_yours`."""
    with transaction.atomic():
        held = ReviewPackage.objects.filter(
            pk=package_id, project_id=project_id, expert_id=user_id, state=PackageState.REVIEWING
        )
        if not held.update(held_until=_held_until()):
            raise _not_yours(project_id, package_id)
        deleted, _by_model = Ruling.objects.filter(
            package_item_id=item_id, package_item__package_id=package_id
        ).delete()
    return bool(deleted)


def decide_package(*, project_id: int, user_id: int, package_id: int) -> Outcome:
    """Close a package that is ruled on whole: accepted, or sent to another annotator, or (the third time) to the lead.

    Locks its items by id, then the package; what follows is in the same transaction. The same expert closing it again
    gets the same outcome. An item that was removed or went to the lead meanwhile does not count.
    Raises NotFound, or Conflict with code `not_yours` (somebody else holds or has closed it), `not_ruled` (items are
    left) or `took_part` (the expert has judged an item meanwhile; the package waits for another one).
    """
    try:
        with transaction.atomic():
            outcome = _decide(project_id, user_id, package_id)
    except IntegrityError as error:
        if "package_expert_took_no_part" not in str(error.__cause__ or error) and "took part" not in str(error):
            raise
        give_back_package(project_id=project_id, user_id=user_id, package_id=package_id)
        raise _took_part() from error
    log.info("package %s closed by user %s: %s", package_id, user_id, outcome)
    return outcome


def _decide(project_id: int, user_id: int, package_id: int) -> Outcome:
    package = lock_package(package_id, project_id=project_id)
    if package is None:
        raise NotFound(_("This project has no such package."))
    if package.expert_id != user_id:
        raise _not_yours(project_id, package_id)
    if package.state != PackageState.REVIEWING:
        return Outcome(
            package.pk, PackageState(package.state), package.right_items or 0, _counted(package_id)[0], repeated=True
        )
    judged, ruled, right = _counted(package_id)
    if ruled < judged:
        raise Conflict(
            _("%(count)s items are not judged yet. Judge each of them, then close the package.")
            % {"count": judged - ruled},
            code="not_ruled",
        )
    passes = judged > 0 and is_accepted(right, judged, package.threshold)
    package.state = PackageState.ACCEPTED if passes else PackageState.FAILED
    package.right_items, package.held_until = right, None
    package.save(update_fields=["state", "right_items", "held_until"])
    ReviewPackage.objects.filter(pk=package_id).update(decided_at=Now())
    if judged == 0:
        ReviewPackage.objects.filter(pk=package_id).update(state=PackageState.CANCELLED)
        package.state = PackageState.CANCELLED
    elif package.second_look_of_id is None:
        if passes:
            reopen_ruled_tags(package)
        else:
            _send_on(package)
        announce_packages(project_id=project_id, package_ids=[package_id], event=_NEWS[PackageState(package.state)])
        add_second_look(package)
    dispatch.enqueue_advance(package.sample.loop_id)
    return Outcome(package.pk, PackageState(package.state), right, judged)


def _send_on(package: ReviewPackage) -> None:
    """To another annotator; after three failures, or when nobody may do it, to the lead."""
    if package.attempt >= MOST_ATTEMPTS:
        package.escalation = Escalation.FAILURES
    elif redo_package(package) is None:
        package.escalation = Escalation.NO_ANNOTATOR
    else:
        return
    package.state = PackageState.ESCALATED
    package.save(update_fields=["state", "escalation"])


def _counted(package_id: int) -> tuple[int, int, int]:
    """(items that count, those ruled on, those the expert agrees with)."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED, {"package": package_id})
        judged, ruled, right = cursor.fetchone()
    return judged, ruled, right


def _checked(packed: PackageItem, mark: Mark) -> Mark:
    """The mark as it is stored. Raises BadInput."""
    seconds = min(max(mark.seconds, 0.0), MAX_SECONDS) if math.isfinite(mark.seconds) else 0.0
    if mark.agrees:
        return Mark(
            agrees=True,
            rejected_ids=tuple(packed.rejected_ids),
            choice=packed.choice,
            is_bad_box=packed.is_bad_box,
            seconds=seconds,
        )
    kind = packed.item.sample.task_kind
    if mark.reason not in REASONS[kind]:
        raise BadInput(_("Say why you disagree: choose one of the reasons."))
    if mark.choice not in CHOICES[kind]:
        raise BadInput(_("Choose what is right."))
    shown = [tag["concept_id"] for tag in packed.item.shown.get("tags", [])]
    if not set(mark.rejected_ids) <= set(shown):
        raise BadInput(_("A tag that was marked as wrong does not belong to this item. Load the page again."))
    correction, note = mark.correction.strip(), mark.note.strip()
    if max(len(correction), len(note)) > MAX_TEXT:
        raise BadInput(_("A text may have at most %(most)s characters.") % {"most": MAX_TEXT})
    writes = (kind == TaskKind.ANSWER and mark.choice == "") or (
        kind == TaskKind.QA and mark.choice == QAChoice.WRONG_ANSWER
    )
    if correction and not writes:
        raise BadInput(_("A right answer is written only where the answer is wrong."))
    if not correction and writes:
        raise BadInput(_("Write the right answer."))
    is_other = (
        set(mark.rejected_ids) != set(packed.rejected_ids)
        or mark.choice != packed.choice
        or mark.is_bad_box != packed.is_bad_box
        or bool(correction)
    )
    if not is_other:
        raise BadInput(_("Mark what is right instead: so far your marks are the annotator's. Or agree."))
    rejected = tuple(concept_id for concept_id in shown if concept_id in mark.rejected_ids)
    return Mark(False, mark.reason, rejected, mark.choice, mark.is_bad_box, correction, note, seconds)


def _keep_words(ruling: Ruling, kind: WordingKind, text: str, user_id: int) -> None:
    if text:
        Wording.objects.update_or_create(
            ruling=ruling, kind=kind, defaults={"text": text, "writer_id": user_id, "erased_at": None}
        )
    else:
        Wording.objects.filter(ruling=ruling, kind=kind).delete()


def _held_until() -> CombinedExpression:
    return Now() + timedelta(seconds=HOLD_SECONDS)


def _not_taken(project_id: int, user_id: int, package_id: int | None) -> Conflict | NotFound:
    held = ReviewPackage.objects.filter(project_id=project_id, expert_id=user_id, state=PackageState.REVIEWING).count()
    if held >= MOST_HELD:
        return Conflict(
            _("You hold %(count)s packages. Close or give back one of them first.") % {"count": held}, code="too_many"
        )
    if package_id is None:
        return Conflict(_("No package waits for you right now. New ones appear as people work."), code="nothing_waits")
    with transaction.atomic():  # whoever takes it this very moment has it, or not, once the row can be locked
        package = (
            ReviewPackage.objects.select_for_update(no_key=True).filter(pk=package_id, project_id=project_id).first()
        )
    if package is None:
        return NotFound(_("This project has no such package."))
    if package.state == PackageState.READY:
        return _took_part()
    return Conflict(_("Another expert has taken this package. Take another one."), code="package_taken")


def _not_yours(project_id: int, package_id: int) -> Conflict | NotFound:
    if not ReviewPackage.objects.filter(pk=package_id, project_id=project_id).exists():
        return NotFound(_("This project has no such package."))
    return Conflict(
        _("This package is not in your hands any more: it was closed, or another expert has taken it over."),
        code="not_yours",
    )


def _took_part() -> Conflict:
    return Conflict(
        _("You took part in this package: somebody who judged, skipped or ruled on its items cannot review it."),
        code="took_part",
    )


_FREE = "(p.state = 'ready' OR p.state = 'reviewing' AND p.held_until < now() AND p.expert_id <> %(user)s)"
_TAKE = f"""
WITH next AS (
    SELECT p.id FROM verification_reviewpackage p
    WHERE p.project_id = %(project)s AND p.state IN ('ready', 'reviewing') AND __which__ AND {_FREE}
      AND {MAY_REVIEW_SQL}
      AND (SELECT count(*) FROM verification_reviewpackage held
           WHERE held.expert_id = %(user)s AND held.project_id = %(project)s AND held.state = 'reviewing') < %(most)s
    ORDER BY p.id LIMIT 1
    FOR UPDATE OF p SKIP LOCKED
)
UPDATE verification_reviewpackage p
SET state = 'reviewing', expert_id = %(user)s, held_until = now() + make_interval(secs => %(hold)s)
FROM next WHERE p.id = next.id
RETURNING p.id
"""  # noqa: S608  # made of constants
_RENEW = """
UPDATE verification_reviewpackage SET held_until = now() + make_interval(secs => %(hold)s)
WHERE id = %(package)s AND project_id = %(project)s AND expert_id = %(user)s AND state = 'reviewing'
"""
# What an expert whose claim lapsed had marked.
_FORGET = """
DELETE FROM verification_ruling ruling USING verification_packageitem packed
WHERE packed.id = ruling.package_item_id AND packed.package_id = %(package)s AND ruling.expert_id <> %(user)s
"""
_COUNTED = """
SELECT count(*), count(ruling.id), count(ruling.id) FILTER (WHERE ruling.agrees)
FROM verification_packageitem packed
JOIN verification_sampleitem item ON item.id = packed.item_id AND item.state = 'open'
LEFT JOIN verification_ruling ruling ON ruling.package_item_id = packed.id
WHERE packed.package_id = %(package)s
"""
