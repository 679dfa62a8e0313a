"""Who is behind a session: Django's and allauth's backends, with the query of every request written out."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from allauth.account.auth_backends import AuthenticationBackend as AllauthAuthentication
from django.contrib.auth.backends import ModelBackend
from django.db import connection

from webapp.accounts.models import User

# Times cost more to read than all the rest, and hardly a page asks for these: they are loaded when one does.
_LOADED = [field for field in User._meta.concrete_fields if field.attname not in ("last_login", "date_joined")]  # noqa: SLF001
_FIELDS = frozenset(field.attname for field in _LOADED)
USER_COLUMNS = ", ".join(f"u.{field.column}" for field in _LOADED)
USER_WIDTH = len(_LOADED)
_BY_ID = f"SELECT {USER_COLUMNS} FROM accounts_user u WHERE u.id = %s"  # noqa: S608  # names of the model's own columns

_read_already: ContextVar[User | None] = ContextVar("read_already", default=None)


def user_from(row: Sequence[Any]) -> User:
    """The person from a row of USER_COLUMNS."""
    return User.from_db(connection.alias, _FIELDS, row)


@contextmanager
def read_already(user: User | None) -> Iterator[None]:
    """Meanwhile a session of `user` is not looked up again. Everything Django checks of a session, it still checks."""
    token = _read_already.set(user)
    try:
        yield
    finally:
        _read_already.reset(token)


class _LoadsUser:
    """Loads the person of a session by a fixed statement; composing it anew for each request costs twice as much."""

    def get_user(self, user_id: Any) -> User | None:
        user = _read_already.get()
        if user is None or user.pk != int(user_id):
            user = _read(int(user_id))
        return user if user is not None and user.is_active else None


def _read(user_id: int) -> User | None:
    with connection.cursor() as cursor:
        cursor.execute(_BY_ID, [user_id])
        row = cursor.fetchone()
    return None if row is None else user_from(row)


class PasswordBackend(_LoadsUser, ModelBackend):
    """Username and password."""


class AllauthBackend(_LoadsUser, AllauthAuthentication):  # type: ignore[misc]  # allauth has no types
    """Username or email address and password, and what allauth adds."""
