"""Removal on request: a photo, or what a person wrote, leaves every page, later export and manifest (papers V1, A.7).

In one transaction the record is written, the photo is blacklisted, rows and words are erased and exports that hold it
are withdrawn. What no transaction can undo follows once it is committed: files, exports, the journal. The timer tries
it again until it is done.
"""

from __future__ import annotations

import logging
import re
import uuid
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from annotation.models import Image
from annotation.services.removals import blacklist_photo, erase_files, erase_photo, is_being_annotated
from verification.models import ExportState, Takedown, TakedownKind
from verification.selectors.takedowns import (
    checkpoints_from,
    exports_with,
    manifests_with,
    photo_of,
    words_leave_in,
    written_about,
)
from verification.services.exports import erase_withdrawn, withdraw_exports
from verification.services.takedown_erasures import erase_about_photo, erase_words
from verification.services.takedown_journal import write_entry
from webapp.accounts.models import User
from webapp.core.errors import ArgusError, BadInput
from webapp.projects.models import Project

log = logging.getLogger(__name__)

_SHA256 = re.compile(r"[0-9a-f]{64}")


def take_down_photo(
    *,
    project: Project,
    user: User | None,
    reason: str,
    image_id: int | None = None,
    sha256: str = "",
    key: uuid.UUID | None = None,
    at: datetime | None = None,
) -> Takedown:
    """Remove a photo of the project, named by its id or by the digest of its file, and keep it from coming back.

    A digest that the project does not have is blacklisted all the same. The same photo again is the same takedown, done
    once more. key, at: those of the journal, when it is replayed. Locks the project's row, then the items of the photo.
    Raises BadInput.
    """
    image = photo_of(project_id=project.pk, image_id=image_id, sha256=sha256)
    digest = image.sha256 if image else sha256.strip().lower()
    if image is None and image_id is not None:
        raise BadInput(
            _("This project has no photo %(id)s. Its address in Explore ends with its id.") % {"id": image_id}
        )
    if not _SHA256.fullmatch(digest):
        raise BadInput(_("A SHA-256 has 64 digits from 0 to f. Copy it from an export, or name the photo by its id."))
    facts = {"kind": TakedownKind.PHOTO, "sha256": digest}
    return _take_down(project, user, reason, facts, key, at)


def take_down_words(
    *,
    project: Project,
    user: User | None,
    writer: User,
    reason: str,
    key: uuid.UUID | None = None,
    at: datetime | None = None,
) -> Takedown:
    """Erase what a person has written in the project until now: answers, tags, notes, comments, late texts.

    What they decide and are paid stays; what they write later stays too. Locks the project's row. Raises BadInput.
    """
    return _take_down(project, user, reason, {"kind": TakedownKind.WORDS, "writer": writer}, key, at)


def complete_takedown(takedown_id: int) -> bool:
    """Do what follows after the commit; False when something is left for later. Idempotent. Raises OSError."""
    takedown = Takedown.objects.select_related("project", "writer", "created_by").get(pk=takedown_id)
    # A shard that runs now has read the photo before, and may write about it until it ends; one that has ended since
    # the photo was erased may have done so. Hence the order: look, then erase again.
    is_over = not takedown.image_id or not is_being_annotated(takedown.image_id, project_id=takedown.project_id)
    if takedown.image_id:
        reapply(takedown)
    kept = dict(takedown.effect)
    if not kept.get("journaled"):
        write_entry(takedown)
        _note(takedown, journaled=True)
    for export in takedown.exports.filter(state=ExportState.WITHDRAWN):
        erase_withdrawn(export)
    if takedown.kind == TakedownKind.PHOTO:
        _note(takedown, files_erased=erase_files(sha256=takedown.sha256, keys=kept.get("files", [])))
    digests = list(takedown.manifests.values_list("sha256", flat=True))
    Takedown.objects.filter(pk=takedown.pk).update(checkpoints=checkpoints_from(digests))
    if not is_over:
        return False
    Takedown.objects.filter(pk=takedown.pk).update(completed_at=Now())
    log.info("takedown %s (%s) is complete: %s", takedown.pk, takedown.kind, takedown.effect)
    return True


def reapply(takedown: Takedown) -> None:
    """Do it once more: rows and words that came back are erased again. Its record is added to. Idempotent."""
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=takedown.project_id)
        _apply(takedown)
        Takedown.objects.filter(pk=takedown.pk).update(completed_at=None)


def finish_takedowns() -> int:
    """For the timer: go on with what is not complete, and remove photos that an import brought in at the same moment.

    Returns how many are complete now.
    """
    for takedown in Takedown.objects.filter(pk__in=_revived()):
        reapply(takedown)
    done = 0
    for takedown_id in Takedown.objects.filter(completed_at=None).order_by("pk").values_list("pk", flat=True):
        done += _complete_or_log(takedown_id)
    return done


def _take_down(
    project: Project, user: User | None, reason: str, facts: dict[str, Any], key: uuid.UUID | None, at: datetime | None
) -> Takedown:
    reason = reason.strip()
    if not reason:
        raise BadInput(_("Say who asked and why: the record keeps it."))
    if len(reason) > 2000:
        raise BadInput(_("The reason is longer than 2,000 characters. Shorten it."))
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        takedown = None
        if facts["kind"] == TakedownKind.PHOTO:
            takedown = Takedown.objects.filter(project=project, **facts).first()
        if takedown is None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT clock_timestamp()")  # the lock may have been waited for
                ((now,),) = cursor.fetchall()
            takedown = Takedown.objects.create(
                project=project,
                created_by=user,
                reason=reason,
                key=key or uuid.uuid4(),
                created_at=at or now,
                **facts,
            )
        _apply(takedown)
        Takedown.objects.filter(pk=takedown.pk).update(completed_at=None)
        number = takedown.pk
        transaction.on_commit(lambda: _complete_or_log(number), robust=True)
    takedown.refresh_from_db()
    return takedown


def _apply(takedown: Takedown) -> None:
    if takedown.kind == TakedownKind.PHOTO:
        blacklist_photo(sha256=takedown.sha256, project_id=takedown.project_id)
        image = Image.objects.select_for_update().filter(project_id=takedown.project_id, sha256=takedown.sha256).first()
        if image is None:
            takedown.effect.setdefault("counts", {})
            takedown.save(update_fields=["effect"])
            return
        takedown.image = image
        counts = erase_about_photo(image.pk)
        keys = erase_photo(image)
        takedown.effect["files"] = sorted({*takedown.effect.get("files", []), *keys})
        images, kinds = [image.pk], None
    else:
        until = takedown.created_at
        project_id, writer_id = takedown.project_id, takedown.writer_id or 0
        images, with_tags = written_about(project_id=project_id, writer_id=writer_id, until=until)
        counts = erase_words(project_id=project_id, writer_id=writer_id, until=until)
        kinds = words_leave_in(with_tags=with_tags)
    exports = exports_with(images, project_id=takedown.project_id, kinds=kinds)
    manifests = manifests_with(images, project_id=takedown.project_id)
    before = takedown.effect.get("counts", {})
    takedown.effect["counts"] = {name: before.get(name, 0) + count for name, count in counts.items()}
    takedown.save(update_fields=["image", "effect"])
    takedown.exports.add(*exports)
    takedown.manifests.add(*manifests)
    withdraw_exports(exports)


def _complete_or_log(takedown_id: int) -> bool:
    """One that fails must not keep the others from being done; the timer tries it again."""
    try:
        return complete_takedown(takedown_id)
    except (ArgusError, OSError):
        log.exception("takedown %s could not be completed yet", takedown_id)
        return False


def _note(takedown: Takedown, **facts: Any) -> None:
    takedown.effect |= facts
    Takedown.objects.filter(pk=takedown.pk).update(effect=takedown.effect)


# Looked for during an hour: an import that had the photo in hands when it was taken down has written it by then.
_REVIVED = """
SELECT takedown.id FROM verification_takedown takedown
JOIN annotation_image image ON image.project_id = takedown.project_id AND image.sha256 = takedown.sha256
WHERE takedown.kind = 'photo' AND takedown.created_at > now() - make_interval(hours => 1) AND image.removed_at IS NULL
"""


def _revived() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_REVIVED)
        return [row[0] for row in cursor.fetchall()]
