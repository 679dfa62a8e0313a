"""The cache as requests read it, against a real Redis."""

import signal
import threading
import uuid
from collections.abc import Iterator
from types import FrameType

import pytest
from django.conf import settings
from django.core.cache import cache
from redis import Redis


class Interrupted(BaseException):
    """What a signal may raise anywhere, as a time limit does."""


@pytest.fixture
def redis() -> Iterator[Redis]:
    """Another client of the cache's server."""
    client = Redis.from_url(settings.REDIS_URL)
    yield client
    client.close()


def keep(value: object) -> str:
    key = f"test-{uuid.uuid4().hex}"
    cache.set(key, value, 60)
    return key


def test_what_was_kept_is_read_and_what_was_not_is_not() -> None:
    assert cache.get(keep({"person": 7})) == {"person": 7}
    assert cache.get(keep(12)) == 12
    assert cache.get(keep(None), "default") is None
    assert cache.get(f"test-{uuid.uuid4().hex}", "default") == "default"


def test_a_connection_that_the_server_closed_is_replaced(redis: Redis) -> None:
    key = keep("still here")
    assert cache.get(key) == "still here"
    readers = [client["id"] for client in redis.client_list() if client["cmd"] == "get"]
    for number in readers:
        redis.client_kill_filter(_id=number)
    assert readers
    assert cache.get(key) == "still here"
    assert cache.get(key) == "still here"


def test_an_interrupted_read_leaves_no_answer_for_the_next_one(redis: Redis) -> None:
    theirs, mine = keep("theirs"), keep("mine")
    assert cache.get(mine) == "mine"

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGALRM, interrupt)
    redis.execute_command("CLIENT", "PAUSE", "400", "ALL")
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(Interrupted):
            cache.get(theirs)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert cache.get(mine) == "mine"


def test_threads_do_not_share_a_connection() -> None:
    keys = {keep(number): number for number in range(20)}
    wrong: list[str] = []

    def read() -> None:
        wrong.extend(key for key, number in keys.items() for _again in range(20) if cache.get(key) != number)

    threads = [threading.Thread(target=read) for _number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
