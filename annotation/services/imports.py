"""Runs that bring photos and annotations in: started, claimed, kept alive, cancelled, finished.

A run belongs to whoever claimed it last, known by the number of its attempt; nothing is locked while the work is done.
The work itself is in annotation/services/import_runner.py.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from annotation import dispatch
from annotation.importers.options import ImportOptions
from annotation.importers.registry import IMPORTERS
from annotation.models import ImportRun, ImportState
from annotation.services.uploads import drop_upload_folder, uploads_root
from webapp.core.errors import BadInput, Conflict

if TYPE_CHECKING:
    from webapp.accounts.models import User
    from webapp.projects.models import Project

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 5
MAX_ERROR = 2000
# Before the first photo, a file of gigabytes is parsed to its end without a heartbeat in between.
LAPSE_SECONDS = 300
OPEN = (ImportState.PENDING, ImportState.RUNNING)
TRUSTED = "trusted"


class ImportLost(Conflict):
    """The run was cancelled, or claimed by somebody else: what this owner has not written yet is not written."""

    code = "import_lost"


@dataclass(frozen=True, slots=True)
class ImportClaim:
    """One attempt at one run. done: records that earlier attempts have finished with."""

    run_id: int
    project_id: int
    format: str
    options: ImportOptions
    attempt: int
    done: int
    total: int | None
    counts: dict[str, int]


def start_import(
    *,
    project: Project,
    user: User | None,
    format: str,
    options: ImportOptions,
    trusted: bool = False,
    send: bool = True,
) -> ImportRun:
    """Make a run and send it to a worker on commit. Raises BadInput for what cannot be read at all.

    `trusted`: the paths come from a person who works on the server itself (commands); otherwise they must lie in the
    uploads or below one of ARGUS_IMPORT_ROOTS. `send=False`: the caller runs it in the foreground.
    """
    importer = IMPORTERS.get(format)
    if importer is None:
        raise BadInput(_("There is no import format “%(name)s”.") % {"name": format[:40]})
    if any(not getattr(options, name) for name in importer.needs):
        raise BadInput(_("%(title)s: something to read is missing.") % {"title": importer.title})
    if not trusted:
        check_paths(options)
    run = ImportRun.objects.create(
        project=project,
        format=format,
        options={**options.model_dump(mode="json"), TRUSTED: trusted},
        created_by=user,
    )
    if send:
        dispatch.enqueue_import(run.pk)
    return run


def check_paths(options: ImportOptions) -> None:
    """Refuse paths that a person on the web may not read. Raises BadInput. Links are followed first."""
    roots = [uploads_root().resolve(), *(Path(root).resolve() for root in settings.ARGUS_IMPORT_ROOTS)]
    for path in options.paths():
        try:
            allowed = any(path.resolve().is_relative_to(root) for root in roots)
        except (OSError, RuntimeError, ValueError):
            allowed = False
        if not allowed:
            raise BadInput(
                _("Imports may not read “%(path)s”. The site's IMPORT_ROOTS setting names the folders they may read.")
                % {"path": path},
                code="path_not_allowed",
            )


def claim_import(run_id: int) -> ImportClaim | None:
    """Take a run that waits, or whose owner has stopped beating; None when there is nothing to take."""
    free = Q(state=ImportState.PENDING) | _lapsed()
    taken = ImportRun.objects.filter(free, pk=run_id, attempt__lt=MAX_ATTEMPTS).update(
        state=ImportState.RUNNING, attempt=F("attempt") + 1, heartbeat_at=Now()
    )
    if not taken:
        return None
    ImportRun.objects.filter(pk=run_id, started_at=None).update(started_at=Now())
    run = ImportRun.objects.get(pk=run_id)
    values = dict(run.options)
    values.pop(TRUSTED, None)
    return ImportClaim(
        run_id=run.pk,
        project_id=run.project_id,
        format=run.format,
        options=ImportOptions.model_validate(values),
        attempt=run.attempt,
        done=run.done,
        total=run.total,
        counts={str(name): int(count) for name, count in run.counts.items()},
    )


def finish_import(claim: ImportClaim, *, error: str = "") -> None:
    """Note that the run is done, or why it failed; nothing when it is not ours any more."""
    owned(claim).update(
        state=ImportState.FAILED if error else ImportState.DONE,
        error=error[:MAX_ERROR],
        finished_at=Now(),
        heartbeat_at=Now(),
        **({} if error else {"total": F("done")}),
    )


def cancel_import(*, run_id: int) -> bool:
    """Stop a run; what it has written stays. False when it is over already. Its owner stops at the next heartbeat."""
    cancelled = ImportRun.objects.filter(pk=run_id, state__in=OPEN).update(
        state=ImportState.CANCELLED, finished_at=Now()
    )
    if cancelled:
        run = ImportRun.objects.get(pk=run_id)
        if run.attempt == 0:  # nobody has begun, so nobody else removes what was uploaded for it
            values = {name: value for name, value in run.options.items() if name != TRUSTED}
            drop_uploads(ImportOptions.model_validate(values))
    return bool(cancelled)


def beat(claim: ImportClaim) -> None:
    """Show that the owner lives. Raises ImportLost when the run is not ours any more."""
    if not owned(claim).update(heartbeat_at=Now()):
        raise ImportLost(_("The import was stopped."))


def owned(claim: ImportClaim) -> QuerySet[ImportRun]:
    """The run, while it is ours."""
    return ImportRun.objects.filter(pk=claim.run_id, state=ImportState.RUNNING, attempt=claim.attempt)


def resume_imports() -> list[int]:
    """Send runs again whose message or whose owner is lost; fail those that ended too often. For the timer."""
    long_ago = Now() - timedelta(seconds=settings.ARGUS_RESEND_SECONDS)
    # While a run waits, its heartbeat says when it was last sent.
    waiting = Q(state=ImportState.PENDING, created_at__lt=long_ago) & (
        Q(heartbeat_at=None) | Q(heartbeat_at__lt=long_ago)
    )
    lost = waiting | _lapsed()
    ImportRun.objects.filter(_lapsed(), attempt__gte=MAX_ATTEMPTS).update(
        state=ImportState.FAILED,
        finished_at=Now(),
        error=_("Its worker ended %(count)s times while it ran. The server's log may say why.")
        % {"count": MAX_ATTEMPTS},
    )
    runs = list(ImportRun.objects.filter(lost, attempt__lt=MAX_ATTEMPTS).order_by("pk").values_list("pk", flat=True))
    for run_id in runs:
        dispatch.enqueue_import(run_id)
    ImportRun.objects.filter(pk__in=runs, state=ImportState.PENDING).update(heartbeat_at=Now())
    return runs


def drop_uploads(options: ImportOptions) -> None:
    """Remove the upload folders that the run read from."""
    root = uploads_root().resolve()
    folders = {
        root / path.resolve().relative_to(root).parts[0]
        for path in options.paths()
        if path.resolve().is_relative_to(root) and path.resolve() != root
    }
    for folder in folders:
        drop_upload_folder(folder)


def _lapsed() -> Q:
    seconds = max(LAPSE_SECONDS, settings.ARGUS_HEARTBEAT_TIMEOUT_SECONDS)
    return Q(state=ImportState.RUNNING, heartbeat_at__lt=Now() - timedelta(seconds=seconds))
