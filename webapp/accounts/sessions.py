"""Sessions in PostgreSQL: flushing Redis signs nobody out, and signing out is known to every process at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

if TYPE_CHECKING:
    from webapp.accounts.models import Session


class SessionStore(DatabaseStore):
    """The session's row names its person, so that a page can read session, person and project in one query."""

    def __init__(self, session_key: str | None = None) -> None:
        # Keys are letters and digits; a cookie may hold anything, also what PostgreSQL refuses.
        super().__init__(session_key if session_key and session_key.isascii() and session_key.isalnum() else None)
        self._row: str | None = None

    @classmethod
    def get_model_class(cls) -> type[Session]:
        from webapp.accounts.models import Session  # the model names this class as its store

        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        session = cast("Session", super().create_model_instance(data))
        session.user_id = data.get(SESSION_KEY)
        return session

    def keep(self, row: str) -> None:
        """`row` is this session's `session_data`, read elsewhere just now: it is not read again."""
        self._row = row

    def load(self) -> dict[str, Any]:
        return super().load() if self._row is None else self.decode(self._row)
