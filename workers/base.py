"""What every task that works on a claim needs: a sign of life while it works."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator

from django.conf import settings
from django.db import Error, connection

log = logging.getLogger(__name__)

BEATS_PER_TIMEOUT = 5


@contextlib.contextmanager
def heartbeat(beat: Callable[[], bool]) -> Iterator[threading.Event]:
    """Call `beat` in a thread of its own until the block ends, several times per ARGUS_HEARTBEAT_TIMEOUT_SECONDS.

    The event is set once `beat` answers False: the claim belongs to somebody else, and going on is of no use. A
    database that does not answer is asked again; the claim then lapses by itself. The thread has its own connection.
    """
    lost, over = threading.Event(), threading.Event()
    seconds = settings.ARGUS_HEARTBEAT_TIMEOUT_SECONDS / BEATS_PER_TIMEOUT

    def run() -> None:
        try:
            while not over.wait(seconds):
                try:
                    if not beat():
                        lost.set()
                        return
                except Error as error:
                    log.warning("heartbeat: %s", error)
                    connection.close()
        finally:
            connection.close()

    thread = threading.Thread(target=run, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield lost
    finally:
        over.set()
        thread.join()
