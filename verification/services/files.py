"""Files that appear whole or not at all."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from django.utils.translation import gettext as _

from webapp.core.errors import Conflict

PARTIAL = ".partial"


class PartialFile:
    """A file being written beside its final place; `sha256` and `size` tell what is in it so far."""

    def __init__(self, stream: BinaryIO, partial: Path, target: Path) -> None:
        self._stream, self._partial, self._target = stream, partial, target
        self._digest = hashlib.sha256()
        self.size = 0
        self.is_published = False

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def write(self, data: bytes) -> None:
        self._stream.write(data)
        self._digest.update(data)
        self.size += len(data)

    def sync(self) -> None:
        """Have everything written so far on the disk."""
        self._stream.flush()
        os.fsync(self._stream.fileno())

    def publish(self) -> None:
        """Put the file in its place, replacing what is there, and have that on the disk too. Call `sync` before."""
        self._partial.replace(self._target)
        self.is_published = True
        folder = os.open(self._target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextmanager
def partial_file(target: Path, *, partial: Path | None = None) -> Iterator[PartialFile]:
    """A file that replaces `target` when `publish` is called, and is removed when the block ends without it.

    partial: where it grows, `target` with `.partial` appended by default; what a killed run left there is written
    over. Raises Conflict when another process is writing it, OSError.
    """
    partial = partial or target.with_name(target.name + PARTIAL)
    # Not "wb": the content must not be touched before the lock says that nobody writes it.
    stream = os.fdopen(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644), "wb")
    with stream:
        if not _is_ours(stream, partial):
            raise Conflict(_("Another export is writing %(file)s. Wait for it to end.") % {"file": partial})
        stream.truncate()
        file = PartialFile(stream, partial, target)
        try:
            yield file
        finally:
            if not file.is_published:
                partial.unlink(missing_ok=True)


def _is_ours(stream: BinaryIO, partial: Path) -> bool:
    """Lock the file; False when another process has it, or has moved it away since it was opened."""
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.fstat(stream.fileno()).st_ino == partial.stat().st_ino
    except (BlockingIOError, FileNotFoundError):
        return False
