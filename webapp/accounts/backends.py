"""Who is behind a session: Django's and allauth's backends, with the query of every request written out."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend as AllauthAuthentication
from django.contrib.auth.backends import ModelBackend
from django.db import connection

from webapp.accounts.models import User

_FIELDS = [field.attname for field in User._meta.concrete_fields]  # noqa: SLF001
_COLUMNS = ", ".join(str(field.column) for field in User._meta.concrete_fields)  # noqa: SLF001
_BY_ID = f"SELECT {_COLUMNS} FROM accounts_user WHERE id = %s"  # noqa: S608  # names of the model's own columns


class _LoadsUser:
    """Loads the person of a session by a fixed statement; composing it anew for each request costs twice as much."""

    def get_user(self, user_id: Any) -> User | None:
        with connection.cursor() as cursor:
            cursor.execute(_BY_ID, [int(user_id)])
            row = cursor.fetchone()
        if row is None:
            return None
        user = User.from_db(connection.alias, _FIELDS, row)
        return user if user.is_active else None


class PasswordBackend(_LoadsUser, ModelBackend):
    """Username and password."""


class AllauthBackend(_LoadsUser, AllauthAuthentication):  # type: ignore[misc]  # allauth has no types
    """Username or email address and password, and what allauth adds."""
