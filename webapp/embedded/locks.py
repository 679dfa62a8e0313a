"""One run per `var/` folder: an advisory lock that the kernel lets go when its holder dies, however it dies."""

import contextlib
import fcntl
import json
import os
import time
from pathlib import Path
from typing import Any

from webapp.embedded.errors import AlreadyRunningError

LOCK_FILE = "lock"
# A run that is on its way out is waited for; a run that stays is reported after this short while, which
# covers the moment between the death of `make` and the end of what it had started.
GRACE_SECONDS = 1.5
STOPPING_SECONDS = 45.0


class VarLock:
    """Exclusive use of a `var/` folder. The file holds the owner's pid and state, for the messages of others."""

    def __init__(self, var_dir: Path) -> None:
        self.var_dir = var_dir
        self.path = var_dir / LOCK_FILE
        self._descriptor: int | None = None

    @property
    def descriptor(self) -> int | None:
        """The open file, to be closed in forked children: they would keep the lock alive."""
        return self._descriptor

    def acquire(self) -> None:
        """Take the lock. Raises AlreadyRunningError when another process keeps it."""
        self.var_dir.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        started = time.monotonic()
        while not _try_lock(descriptor):
            holder = read_holder(self.var_dir)
            patience = STOPPING_SECONDS if holder.get("state") == "stopping" else GRACE_SECONDS
            if time.monotonic() - started > patience:
                os.close(descriptor)
                raise _already_running(self.var_dir, holder)
            time.sleep(0.1)
        self._descriptor = descriptor
        self.note(state="starting")

    def note(self, *, state: str, address: str | None = None) -> None:
        """Record what the owner does now: `starting`, `running` (with its web address, if any) or `stopping`."""
        if self._descriptor is None:
            return
        text = json.dumps({"pid": os.getpid(), "state": state, "address": address})
        os.pwrite(self._descriptor, text.encode().ljust(512), 0)
        os.ftruncate(self._descriptor, 512)

    def release(self) -> None:
        """Let the folder go; harmless when it was not taken."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None


def read_holder(var_dir: Path) -> dict[str, Any]:
    """What the holder noted last; empty when unknown. Says nothing about whether it still lives."""
    with contextlib.suppress(OSError, ValueError):
        content = json.loads((var_dir / LOCK_FILE).read_text())
        if isinstance(content, dict):
            return content
    return {}


def is_held(var_dir: Path) -> bool:
    """Whether some process holds the folder at this moment."""
    try:
        descriptor = os.open(var_dir / LOCK_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _already_running(var_dir: Path, holder: dict[str, Any]) -> AlreadyRunningError:
    pid = holder.get("pid")
    address = holder.get("address")
    where = f" at {address}" if address else ""
    who = f" (process {pid})" if pid else ""
    stop = f"stop it first (Ctrl-C in its terminal, or: kill {pid})" if pid else "stop it first"
    return AlreadyRunningError(
        f"Argus is already running{where} on {var_dir}{who}. Use that one, or {stop}. "
        "A second Argus beside it needs a folder of its own: ARGUS_VAR=/another/folder PORT=8001 make run",
        pid=pid,
        address=address,
    )
