"""Exports: asked for, written in the background, cancelled, taken up again after a crash."""

import logging
import time
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any, Unpack

from django.conf import settings
from django.db import models, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from annotation import dispatch
from verification.exports.filters import Filters
from verification.exports.formats.registry import FORMATS
from verification.exports.schemas import SCHEMA_OF
from verification.models import Export, ExportedPhotos, ExportFormat, ExportKind, ExportState, WebhookEvent
from verification.selectors.takedowns import taken_down_since
from verification.services.export_choices import Choices, wanted_export
from verification.services.export_files import META_SUFFIX, Progress, Wanted, meta_of, write_export
from verification.services.files import PARTIAL, PartialFile, partial_file
from verification.services.webhooks import announce
from webapp.accounts.models import User
from webapp.core.errors import Conflict
from webapp.projects.models import Project

log = logging.getLogger(__name__)

FOLDER = "exports"
MAX_ATTEMPTS = 5
SECONDS_BETWEEN_HEARTBEATS = 0.5
OPEN_STATES = (ExportState.PENDING, ExportState.RUNNING)


class _Outdated(Exception):
    """Something of the project was taken down after the snapshot: the file must not appear."""


class _Stopped(Exception):
    """The export was cancelled, or claimed by another process because this one seemed dead."""


def request_export(*, project: Project, user: User | None, **choices: Unpack[Choices]) -> Export:
    """Ask for an export; a worker writes it. The same request again, while it is not finished, is the same export.

    Locks the project's row for the moment. Raises BadInput.
    """
    wanted = wanted_export(project=project, **choices)
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        facts = {
            "kind": wanted.kind,
            "format": wanted.format,
            "with_photos": wanted.with_photos,
            "filters": wanted.filters.to_json(),
        }
        same = Export.objects.filter(project=project, state__in=OPEN_STATES, **facts).first()
        if same is not None:
            return same
        export = Export.objects.create(project=project, schema_version=SCHEMA_OF[wanted.kind], created_by=user, **facts)
        dispatch.enqueue_export(export.pk)
    return export


def cancel_export(*, export: Export) -> None:
    """Stop it: a worker notices between two batches and removes what it wrote. A second call changes nothing.

    Raises Conflict when it is finished.
    """
    changed = Export.objects.filter(pk=export.pk, state__in=OPEN_STATES).update(
        state=ExportState.CANCELLED, finished_at=Now()
    )
    export.refresh_from_db()
    if not changed and export.state != ExportState.CANCELLED:
        raise Conflict(_("This export is finished already; there is nothing to cancel."), code="finished")


def run_export(export_id: int) -> Export | None:
    """Write an export that is waiting, or whose writer's heartbeat has lapsed. None when there is nothing to do.

    The claim is a conditional update that counts the attempt; only the attempt that holds the row publishes its file.
    An error is recorded on the row and raised.
    """
    attempt = _claim(export_id)
    if attempt is None:
        return None
    export = Export.objects.select_related("project").get(pk=export_id)
    wanted = wanted_by(export)
    target = export_path(export)
    started = time.monotonic()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_partial_files(export_id)
        with partial_file(target, partial=target.with_name(f"{export_id}.{attempt}{PARTIAL}")) as file:
            _write(wanted, file, export_id, attempt, target)
    except _Stopped:
        log.info("export %s stopped: cancelled or claimed again", export_id)
        return None
    except _Outdated:
        log.info("export %s starts over: something was taken down while it was written", export_id)
        with transaction.atomic():
            if _held(export_id, attempt).update(state=ExportState.PENDING, heartbeat_at=None):
                dispatch.enqueue_export(export_id)
        return None
    except Exception as error:
        with transaction.atomic():
            if _held(export_id, attempt).update(state=ExportState.FAILED, error=_reason(error), finished_at=Now()):
                _announce(export.project, export_id, WebhookEvent.EXPORT_FAILED, {"error": _reason(error)})
        raise
    export.refresh_from_db()
    seconds = time.monotonic() - started
    log.info("export %s: %s lines, %s bytes in %.1f s", export_id, export.rows_done, export.file_bytes, seconds)
    return export


def requeue_stale_exports() -> int:
    """Enqueue what waits or was left by a dead worker; give up on what failed too often. For the timer; idempotent.

    An export that waits may be enqueued several times: claiming it makes sure that it is written once.
    """
    lapsed = Export.objects.filter(state=ExportState.RUNNING, heartbeat_at__lt=_stale_before())
    for export in lapsed.filter(attempt__gte=MAX_ATTEMPTS).select_related("project"):
        error = _("Its worker ended %(count)s times without finishing. Look into the worker's log.") % {
            "count": export.attempt
        }
        with transaction.atomic():
            if _held(export.pk, export.attempt).update(state=ExportState.FAILED, error=error, finished_at=Now()):
                _announce(export.project, export.pk, WebhookEvent.EXPORT_FAILED, {"error": error})
    # A short wait is ordinary: the message is on its way.
    waiting = Export.objects.filter(state=ExportState.PENDING, created_at__lt=_stale_before())
    numbers = list((lapsed | waiting).values_list("pk", flat=True))
    for number in numbers:
        dispatch.enqueue_export(number)
    _remove_orphans()
    return len(numbers)


def export_path(export: Export) -> Path:
    """Where an export's finished file is or will be."""
    return _folder() / f"{export.pk}{FORMATS[ExportFormat(export.format)].suffix}"


def wanted_by(export: Export) -> Wanted:
    """What the row asks for."""
    return Wanted(
        export.project,
        ExportKind(export.kind),
        ExportFormat(export.format),
        Filters.from_json(export.filters),
        export.with_photos,
    )


def withdraw_exports(exports: Iterable[Export]) -> None:
    """Mark finished exports as withdrawn, in the caller's transaction. `erase_withdrawn` removes their files."""
    Export.objects.filter(pk__in=[export.pk for export in exports], state=ExportState.DONE).update(
        state=ExportState.WITHDRAWN
    )


def erase_withdrawn(export: Export) -> None:
    """Remove the file of a withdrawn export and what lies beside it. Idempotent. Raises OSError."""
    path = export_path(export)
    path.unlink(missing_ok=True)
    path.with_name(path.name + META_SUFFIX).unlink(missing_ok=True)


def _announce(project: Project, export_id: int, event: WebhookEvent, facts: dict[str, Any]) -> None:
    """Tell those who asked to be told, in the transaction of what happened."""
    export = Export.objects.values("kind", "format").get(pk=export_id)
    announce(project_id=project.pk, event=event, subject_id=export_id, facts={"export": export_id, **export, **facts})


def _write(wanted: Wanted, file: PartialFile, export_id: int, attempt: int, target: Path) -> None:
    def holds(image_ids: list[int]) -> None:
        ExportedPhotos.objects.create(export_id=export_id, last_image_id=image_ids[-1], image_ids=image_ids)

    heart = _Heart(export_id, attempt, file)
    written = write_export(wanted, heart, heart.report, holds=holds, folder=target.parent)
    file.sync()
    meta = meta_of(wanted, written, sha256=file.sha256, size=file.size)
    with transaction.atomic():
        # A takedown holds the same lock: it sees this export as finished, or this export sees the takedown.
        Project.objects.select_for_update(no_key=True).get(pk=wanted.project.pk)
        if taken_down_since(written.last_takedown, project_id=wanted.project.pk):
            raise _Outdated
        # The row is locked by the update, so nobody cancels or claims between it and the file's appearance.
        held = _held(export_id, attempt).update(
            state=ExportState.DONE,
            rows_done=written.lines,
            rows_total=written.lines,
            path=f"{FOLDER}/{target.name}",
            file_bytes=file.size,
            sha256=file.sha256,
            error="",
            finished_at=Now(),
        )
        if not held:
            raise _Stopped
        _announce(wanted.project, export_id, WebhookEvent.EXPORT_DONE, {"records": written.lines, "bytes": file.size})
        target.with_name(target.name + META_SUFFIX).write_bytes(meta)
        file.publish()


class _Heart:
    """The file, with a heartbeat: while it grows the export lives, also at its end, when no batch is read any more."""

    def __init__(self, export_id: int, attempt: int, file: PartialFile) -> None:
        self._export_id, self._attempt, self._file = export_id, attempt, file
        self._progress = Progress(0, 0, 0)
        self._last_beat = -SECONDS_BETWEEN_HEARTBEATS

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self._beat()

    def report(self, progress: Progress) -> None:
        self._progress = progress
        self._beat()

    def _beat(self) -> None:
        """Raises _Stopped."""
        if time.monotonic() - self._last_beat < SECONDS_BETWEEN_HEARTBEATS:
            return
        self._last_beat = time.monotonic()
        alive = _held(self._export_id, self._attempt).update(
            heartbeat_at=Now(), rows_done=self._progress.items_done, rows_total=self._progress.items_total
        )
        if not alive:
            raise _Stopped


def _claim(export_id: int) -> int | None:
    """The number of this attempt, None when the export is finished, cancelled or in live hands."""
    with transaction.atomic():
        export = (
            Export.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(pk=export_id)
            .filter(
                models.Q(state=ExportState.PENDING)
                | models.Q(state=ExportState.RUNNING, heartbeat_at__lt=_stale_before(), attempt__lt=MAX_ATTEMPTS)
            )
            .only("attempt")
            .first()
        )
        if export is None:
            return None
        attempt = export.attempt + 1
        ExportedPhotos.objects.filter(export_id=export_id).delete()
        Export.objects.filter(pk=export_id).update(
            state=ExportState.RUNNING, attempt=attempt, heartbeat_at=Now(), rows_done=0, rows_total=None, error=""
        )
    return attempt


def _held(export_id: int, attempt: int) -> "models.QuerySet[Export]":
    return Export.objects.filter(pk=export_id, state=ExportState.RUNNING, attempt=attempt)


def _stale_before() -> Any:
    return Now() - timedelta(seconds=settings.ARGUS_HEARTBEAT_TIMEOUT_SECONDS)


def _folder() -> Path:
    return Path(settings.ARGUS_DATA_DIR) / FOLDER


def _remove_partial_files(export_id: int) -> None:
    for partial in _folder().glob(f"{export_id}.*{PARTIAL}"):
        partial.unlink(missing_ok=True)


def _remove_orphans() -> None:
    """Remove what cancelled, failed and deleted exports left half-written."""
    found: dict[int, list[Path]] = {}
    for partial in _folder().glob(f"*{PARTIAL}"):
        number, _dot, _attempt = partial.name.partition(".")
        if number.isdecimal():
            found.setdefault(int(number), []).append(partial)
    unfinished = Export.objects.filter(pk__in=found, state__in=OPEN_STATES).values_list("pk", flat=True)
    for export_id in set(found).difference(unfinished):
        for partial in found[export_id]:
            partial.unlink(missing_ok=True)


def _reason(error: Exception) -> str:
    """What a person reads on the page."""
    if isinstance(error, ModuleNotFoundError):
        return _("The worker lacks the package %(name)s. Install Argus with its extra “worker”, then export again.") % {
            "name": error.name
        }
    if isinstance(error, OSError):
        return _(
            "The file could not be written: %(reason)s. Make room or correct the data folder, then export again."
        ) % {"reason": error.strerror or error}
    return _("It stopped by a fault: %(reason)s. Export again; if it fails again, the worker's log says more.") % {
        "reason": f"{type(error).__name__}: {error}"
    }
