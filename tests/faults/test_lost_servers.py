"""Servers die under load. What was acknowledged is there afterwards, what was not is sent again, nothing counts twice."""

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.factories import make_sample
from tests.faults.books import Books
from tests.faults.conftest import Serve
from tests.faults.databases import CrashingPostgres
from tests.faults.people import Person, Worked, at_once, work
from tests.verification.services.crowds import people
from webapp.embedded.servers import EmbeddedServers

CROWD = 6

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def meanwhile(people_at_work: list[Person]) -> Iterator[list[Worked]]:
    """They work while the block runs, and until nothing is left; afterwards the list says what they were told."""
    told: list[Worked] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            told.extend(at_once([lambda person=person: work(person) for person in people_at_work], seconds=900))
        except BaseException as error:  # noqa: BLE001  # raised below, in the test's own thread
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield told
    thread.join(timeout=900)
    if errors:
        raise errors[0]


def wait_for_verdicts(books: Books, count: int, *, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while books.count("verdict") < count:
        assert time.monotonic() < deadline, f"only {books.count('verdict')} of {count} verdicts came"
        time.sleep(0.02)


def all_is_well(books: Books, told: list[Worked], *, items: int, overlap: int) -> None:
    """Every acknowledged verdict is there, everything is done exactly n times and paid once, nobody was signed out."""
    acknowledged = set().union(*(one.acknowledged for one in told))
    assert acknowledged <= books.verdict_keys()
    assert books.faults() == []
    assert books.unfinished(overlap) == []
    assert books.count("verdict") == books.count("ledgerentry") == items * overlap
    assert not any(one.signed_out for one in told)


@pytest.mark.parametrize(("kills", "items"), [(2, 60), pytest.param(40, 1500, marks=pytest.mark.soak)])
def test_kill_9_of_web_workers_under_load(project: Any, serve: Serve, books: Books, kills: int, items: int) -> None:
    make_sample(project, items=items, overlap=2)
    crowd = people(project, CROWD)
    server = serve()
    with meanwhile([Person(user, server.port) for user in crowd]) as told:
        for kill in range(kills):
            wait_for_verdicts(books, (kill + 1) * items * 2 // (kills + 1))
            server.kill_a_worker()
    all_is_well(books, told, items=items, overlap=2)


@pytest.mark.parametrize(("rounds", "items"), [(1, 60), pytest.param(15, 1500, marks=pytest.mark.soak)])
def test_redis_flushed_and_restarted_under_load(
    tmp_path: Path, settings: Any, project: Any, serve: Serve, books: Books, rounds: int, items: int
) -> None:
    make_sample(project, items=items, overlap=2)
    crowd = people(project, CROWD)
    folder = tmp_path / "redis"
    with EmbeddedServers(folder, postgres=False) as servers:
        server = serve(redis_url=servers.redis_url)
        with meanwhile([Person(user, server.port) for user in crowd]) as told:
            for number in range(rounds):
                wait_for_verdicts(books, (2 * number + 1) * items * 2 // (2 * rounds + 1))
                with redis.Redis.from_url(servers.redis_url) as client:
                    client.flushall()
                wait_for_verdicts(books, (2 * number + 2) * items * 2 // (2 * rounds + 1))
                servers.stop()
                time.sleep(0.3)
                servers.__enter__()
        all_is_well(books, told, items=items, overlap=2)


@pytest.mark.parametrize(("crashes", "items"), [(1, 60), pytest.param(12, 1500, marks=pytest.mark.soak)])
def test_postgresql_stopped_immediately_under_load(project: Any, serve: Serve, crashes: int, items: int) -> None:
    make_sample(project, items=items, overlap=2)
    crowd = [Person(user, 0) for user in people(project, CROWD)]  # their sessions are copied with the database
    with CrashingPostgres() as postgres:
        books = Books(postgres.url)
        server = serve(database_url=postgres.url)
        for person in crowd:
            person.port = server.port
        with meanwhile(crowd) as told:
            for crash in range(crashes):
                wait_for_verdicts(books, (crash + 1) * items * 2 // (crashes + 1))
                postgres.stop_immediately()
                time.sleep(0.2)
                postgres.start()
        recorded, acknowledged = books.verdict_keys(), set(itertools.chain(*(one.acknowledged for one in told)))
        assert len(acknowledged) > items
        assert acknowledged <= recorded
        assert books.faults() == []
        # A lease may be lost in a crash, and its slot be given to somebody else: then it is late for who had it first.
        assert {code for one in told for code in one.refused} <= {"lease_lost", "already_done"}
        assert books.unfinished(2) == []
