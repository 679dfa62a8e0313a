import threading
import time
from typing import Any

import pytest
from django.db import DatabaseError

from tests.embedded.runs import eventually
from workers.base import heartbeat


@pytest.fixture(autouse=True)
def _short(settings: Any) -> None:
    settings.ARGUS_HEARTBEAT_TIMEOUT_SECONDS = 0.1


def test_it_beats_until_the_work_ends() -> None:
    beats: list[int] = []
    with heartbeat(lambda: beats.append(1) is None) as lost:
        assert eventually(lambda: len(beats) >= 3, seconds=5)
        assert not lost.is_set()
    after = len(beats)
    time.sleep(0.1)
    assert len(beats) == after


def test_a_lost_claim_is_told_and_not_beaten_for_any_more() -> None:
    beats: list[int] = []

    def beat() -> bool:
        beats.append(1)
        return False

    with heartbeat(beat) as lost:
        assert lost.wait(5)
        time.sleep(0.1)
    assert len(beats) == 1


def test_a_database_that_is_silent_for_a_moment_does_not_end_it() -> None:
    beats: list[int] = []

    def beat() -> bool:
        beats.append(1)
        if len(beats) < 3:
            raise DatabaseError("the server closed the connection")
        return True

    with heartbeat(beat) as lost:
        assert eventually(lambda: len(beats) >= 4, seconds=5)
        assert not lost.is_set()


def test_the_thread_ends_when_the_work_raises() -> None:
    with pytest.raises(RuntimeError), heartbeat(lambda: True):
        raise RuntimeError
    assert "heartbeat" not in {thread.name for thread in threading.enumerate()}
