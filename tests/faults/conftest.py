"""Real web servers of a test's own: `serve(...)` starts one and stops it after the test."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.books import Books
from tests.faults.people import EVERYBODY
from tests.faults.web_servers import WebServer, test_database_url, web_server

Serve = Callable[..., WebServer]


@pytest.fixture(autouse=True)
def _hang_up() -> Iterator[None]:
    """Nobody stays on the line after a test."""
    yield
    while EVERYBODY:
        EVERYBODY.pop().hang_up()


@pytest.fixture
def serve(tmp_path: Path, transactional_db: None) -> Iterator[Serve]:
    """`serve(database_url=…, redis_url=…, application=…, **environment)`, by default on the test run's servers."""
    with contextlib.ExitStack() as running:

        def start(**options: Any) -> WebServer:
            return running.enter_context(web_server(tmp_path, **options))

        yield start


@pytest.fixture(scope="module")
def mortal_server(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    """One server for all tests of a module, with one worker, which a request can kill (tests/faults/dying.py)."""
    folder = tmp_path_factory.mktemp("web")
    with web_server(folder, application="tests.faults.dying:application", WEB_WORKERS="1") as server:
        yield server


@pytest.fixture
def books(transactional_db: None) -> Books:
    """The books of the test database."""
    return Books(test_database_url())
