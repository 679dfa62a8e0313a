"""What the lead does with a package that nobody else can bring forward."""

import logging

from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from annotation import dispatch
from verification.models import PackageItem, PackageState, ReviewPackage, WebhookEvent
from verification.services.package_news import announce_packages
from verification.services.redos import hand_over, lock_package, redo_package
from verification.services.ruled_tags import reopen_ruled_tags
from webapp.core.errors import BadInput, Conflict, NotFound

log = logging.getLogger(__name__)

MAX_NOTE = 2000


def give_package(*, project_id: int, lead_id: int, package_id: int, annotator_id: int) -> None:
    """Send an escalated package to this annotator, who judges its items anew; then an expert sees it.

    Raises NotFound, BadInput (the person may not judge these items), or Conflict with code `not_escalated`.
    """
    with transaction.atomic():
        package = _escalated(project_id, package_id)
        if package.expert_id is None:  # it never came to an expert: its redo found nobody
            given = hand_over(package, annotator_id=annotator_id)
        else:
            given = redo_package(package, annotator_id=annotator_id) is not None
            state = PackageState.FAILED
            ReviewPackage.objects.filter(pk=package_id).update(state=state, settled_by=lead_id)
        if not given:
            raise BadInput(
                _(
                    "This person cannot judge the package: they must be an active annotator of the project who has "
                    "judged, skipped or ruled on none of its items. Choose another one, or invite somebody."
                )
            )
        dispatch.enqueue_advance(package.sample.loop_id)
    log.info("package %s given to annotator %s by user %s", package_id, annotator_id, lead_id)


def accept_escalated(*, project_id: int, lead_id: int, package_id: int, note: str) -> None:
    """Let an escalated package pass as its last expert ruled on it: what was wrong is corrected by the rulings.

    Raises NotFound, BadInput (no reason given), or Conflict with code `not_escalated` or `not_ruled` (no expert has
    ruled on it, so nothing in it can be relied on).
    """
    note = _note(note)
    with transaction.atomic():
        package = _escalated(project_id, package_id)
        if package.expert_id is None:
            raise Conflict(
                _("No expert has ruled on these items. Give the package to somebody, or ask for its items again."),
                code="not_ruled",
            )
        ReviewPackage.objects.filter(pk=package_id).update(
            state=PackageState.ACCEPTED, settled_by=lead_id, note=note, decided_at=Now()
        )
        reopen_ruled_tags(package)
        announce_packages(project_id=project_id, package_ids=[package_id], event=WebhookEvent.PACKAGE_ACCEPTED)
        dispatch.enqueue_advance(package.sample.loop_id)
    log.info("package %s accepted as it is by user %s", package_id, lead_id)


def ask_again(*, project_id: int, lead_id: int, package_id: int, note: str) -> bool:
    """Dissolve an escalated package: each of its items goes to new people, in a new round, and is packed again.

    True when that begins now; False when the sample was closed early: then they are not handed out again in this loop,
    and the next sample may draw them. Raises NotFound, BadInput, or Conflict with code `not_escalated`.
    """
    note = _note(note)
    with transaction.atomic():
        package = _escalated(project_id, package_id)
        ReviewPackage.objects.filter(pk=package_id).update(
            state=PackageState.CANCELLED, settled_by=lead_id, note=note, decided_at=Now()
        )
        values = {"package": package_id, "sample": package.sample_id}
        with connection.cursor() as cursor:
            cursor.execute(_NOT_HELD, values)
            cursor.execute(_REOPEN, values)
            reopened = bool(cursor.rowcount)
            cursor.execute(_NEW_ROUND, values)
        PackageItem.objects.filter(package=package).update(is_live=False)
        dispatch.enqueue_advance(package.sample.loop_id)
    log.info("items of package %s are asked again, by user %s", package_id, lead_id)
    return reopened


def _escalated(project_id: int, package_id: int) -> ReviewPackage:
    package = lock_package(package_id, project_id=project_id)
    if package is None:
        raise NotFound(_("This project has no such package."))
    if package.state != PackageState.ESCALATED:
        raise Conflict(
            _("This package is not with you any more: it was settled already. Load the page again."),
            code="not_escalated",
        )
    return package


def _note(note: str) -> str:
    note = note.strip()
    if not note:
        raise BadInput(_("Say why: others will want to know."))
    if len(note) > MAX_NOTE:
        raise BadInput(_("The reason may have at most %(most)s characters.") % {"most": MAX_NOTE})
    return note


# Slots that wait for an annotator who cannot finish: their rounds are passed over.
_NOT_HELD = """
DELETE FROM verification_assignment slot USING verification_packageitem packed
WHERE packed.package_id = %(package)s AND slot.item_id = packed.item_id AND slot.round = packed.round
  AND slot.state = 'open' AND slot.held_for_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM verification_verdict verdict WHERE verdict.assignment_id = slot.id)
  AND NOT EXISTS (SELECT 1 FROM verification_lateverdict late WHERE late.assignment_id = slot.id)
"""
# A sample that was closed with items left stays closed: they would be handed out with these.
_REOPEN = """
UPDATE verification_sample sample SET is_open = true
WHERE id = %(sample)s
  AND (is_open OR NOT EXISTS (SELECT 1 FROM verification_assignment slot
                              WHERE slot.sample_id = sample.id AND slot.state = 'open' AND slot.held_for_id IS NULL))
"""
_NEW_ROUND = """
INSERT INTO verification_assignment (sample_id, item_id, round, slot, rank, priority, state)
SELECT item.sample_id, item.id, latest.round + 1, slot, latest.rank + 1, item.priority, 'open'
FROM verification_packageitem packed
JOIN verification_sampleitem item ON item.id = packed.item_id AND item.state = 'open'
JOIN verification_sample sample ON sample.id = item.sample_id
CROSS JOIN LATERAL (
    SELECT max(round) AS round, max(rank) AS rank FROM verification_assignment WHERE item_id = item.id
) latest
CROSS JOIN generate_series(0, sample.overlap - 1) slot
WHERE packed.package_id = %(package)s
ORDER BY item.id, slot
"""
