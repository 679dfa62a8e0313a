"""Takedowns done again, from the database and from the journal beside it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from pathlib import Path

from django.utils.translation import gettext as _

from verification.models import Takedown, TakedownKind
from verification.services.takedown_journal import Entry, read_entries
from verification.services.takedowns import finish_takedowns, reapply, take_down_photo, take_down_words
from webapp.accounts.models import User
from webapp.core.errors import ArgusError
from webapp.projects.models import Project


@dataclass(slots=True)
class Replay:
    """added: takedowns that only the journal knew; repeated: all that were done again, those included."""

    repeated: int = 0
    added: int = 0
    unfinished: int = 0
    problems: list[str] = field(default_factory=list)


def replay_takedowns(journal: Path) -> Replay:
    """Do every takedown of the database and of the journal once more. Idempotent. Raises OSError."""
    replay = Replay()
    for entry in read_entries(journal) if journal.is_file() else ():
        if Takedown.objects.filter(key=entry.key).exists():
            continue
        problem = _add(entry)
        if problem:
            replay.problems.append(problem)
        else:
            replay.added += 1
    for takedown in Takedown.objects.order_by("pk").iterator(chunk_size=200):
        reapply(takedown)
        replay.repeated += 1
    finish_takedowns()
    replay.unfinished = Takedown.objects.filter(completed_at=None).count()
    return replay


def _add(entry: Entry) -> str:
    """The empty string, or why it could not be done."""
    project = Project.objects.filter(slug=entry.project).first()
    if project is None:
        return _("%(key)s: there is no project %(project)s.") % {"key": entry.key, "project": entry.project}
    by = User.objects.filter(username=entry.by).first() if entry.by else None
    key = uuid.UUID(entry.key)
    try:
        if entry.kind == TakedownKind.PHOTO:
            take_down_photo(project=project, user=by, reason=entry.reason, sha256=entry.sha256, key=key, at=entry.at)
            return ""
        writer = User.objects.filter(username=entry.writer).first()
        if writer is None:
            return _("%(key)s: there is no account %(name)s.") % {"key": entry.key, "name": entry.writer}
        take_down_words(project=project, user=by, writer=writer, reason=entry.reason, key=key, at=entry.at)
    except ArgusError as error:
        return f"{entry.key}: {error.message}"
    return ""
