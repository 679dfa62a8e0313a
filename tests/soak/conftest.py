"""One web server for all races of a run."""

from collections.abc import Iterator

import pytest

from tests.faults.web_servers import WebServer, web_server


@pytest.fixture(scope="session")
def racecourse(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    """On the test run's own servers; nobody is told to slow down."""
    with web_server(tmp_path_factory.mktemp("races"), API_PER_MINUTE="1000000") as server:
        yield server
