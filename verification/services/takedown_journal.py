"""The journal of takedowns: a file beside the database, from which they are done again after a restore.

A backup of the database is older than the takedowns that came after it. The journal is only ever appended to; keep its
newest copy when you restore (docs/takedown.md).
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import orjson
from django.conf import settings

from verification.models import Takedown

NAME = "takedowns.jsonl"


@dataclass(frozen=True, slots=True)
class Entry:
    """One takedown as the journal has it. People and projects by the names that a restored database knows too."""

    key: str
    at: datetime
    kind: str
    project: str
    sha256: str
    writer: str
    reason: str
    by: str


def journal_path() -> Path:
    return Path(settings.ARGUS_DATA_DIR) / NAME


def write_entry(takedown: Takedown) -> None:
    """Append it, whole or not at all, and have it on the disk. Raises OSError."""
    line = orjson.dumps(
        {
            "key": str(takedown.key),
            "at": takedown.created_at,
            "kind": takedown.kind,
            "project": takedown.project.slug,
            "sha256": takedown.sha256,
            "writer": takedown.writer.username if takedown.writer else "",
            "reason": takedown.reason,
            "by": takedown.created_by.username if takedown.created_by else "",
        },
        option=orjson.OPT_APPEND_NEWLINE,
    )
    path = journal_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "rb+", buffering=0) as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        size = os.fstat(descriptor).st_size
        torn = size and os.pread(descriptor, 1, size - 1) != b"\n"  # a process that died while it wrote
        os.write(descriptor, (b"\n" if torn else b"") + line)
        os.fsync(descriptor)


def read_entries(path: Path) -> Iterator[Entry]:
    """What the journal says, oldest first, each once; torn lines are passed over. Raises OSError."""
    seen = set()
    with path.open("rb") as stream:
        for line in stream:
            try:
                values = orjson.loads(line)
                entry = Entry(**{**values, "at": datetime.fromisoformat(values["at"])})
            except (orjson.JSONDecodeError, TypeError, KeyError, ValueError):
                continue
            if entry.key not in seen:
                seen.add(entry.key)
                yield entry
