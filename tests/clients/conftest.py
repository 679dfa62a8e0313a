"""The Python client, from its source folder."""

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "clients" / "python" / "src"))

SCOPES = ("read", "annotate", "export", "lead", "manage")


@pytest.fixture
def as_client(live_server: Any) -> Iterator[Callable[..., Any]]:
    """`as_client(ana, "read", tries=2)`: a client of the live server with a token of ana's; all scopes by default."""
    from argus_client import Client

    from webapp.accounts.tokens import issue_token

    def client(user: Any, *scopes: str, url: str = "", **options: Any) -> Client:
        _token, secret = issue_token(user=user, name="client", scopes=scopes or SCOPES, days=7)
        made.append(Client(url or live_server.url, secret, **{"sleep": lambda seconds: None, **options}))
        return made[-1]

    made: list[Client] = []
    yield client
    for each in made:
        each.close()
    # A thread of the server ends with its connection, and its database session with the thread.
    for thread in threading.enumerate():
        if "process_request_thread" in thread.name:
            thread.join(timeout=5)
