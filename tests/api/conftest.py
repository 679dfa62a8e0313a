"""Programs that hold a token."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from webapp.accounts.tokens import issue_token

ALL_SCOPES = ("read", "annotate", "export", "lead", "manage")
TokenClient = Callable[..., Client]


@pytest.fixture
def with_token(db: None) -> TokenClient:
    """`with_token(ana, "read")`: a client without a session that sends a token of ana's with these scopes."""

    def client(user: Any, *scopes: str) -> Client:
        _token, secret = issue_token(user=user, name="test", scopes=scopes or ALL_SCOPES, days=7)
        return Client(headers={"authorization": f"Bearer {secret}"}, enforce_csrf_checks=True)

    return client
