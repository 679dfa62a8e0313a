"""SIGTERM and Ctrl-C ask a run to stop after its step."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class StopRequest:
    def __init__(self) -> None:
        self._made = False

    def asked(self) -> bool:
        return self._made

    def make(self, _number: int, _frame: FrameType | None) -> None:
        self._made = True


@contextmanager
def stop_requests() -> Iterator[StopRequest]:
    """Takes the signals over inside the block."""
    request = StopRequest()
    before = [(number, signal.signal(number, request.make)) for number in _SIGNALS]
    try:
        yield request
    finally:
        for number, handler in before:
            signal.signal(number, handler)
