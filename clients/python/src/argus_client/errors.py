"""What can go wrong, as exceptions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class ArgusClientError(Exception):
    """Base of everything this package raises."""


class ApiError(ArgusClientError):
    """The server refused. `code` is stable, for programs; `message` is for people; `fields` says what is wrong with
    which field; `retry_after` is the number of seconds to wait, where the server named one."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        fields: Mapping[str, Sequence[str]] | None = None,
        reference: str = "",
        retry_after: float | None = None,
    ) -> None:
        details = "".join(f" {name}: {' '.join(texts)}" for name, texts in (fields or {}).items())
        super().__init__(f"{status} {code}: {message}{details}")
        self.status = status
        self.code = code
        self.message = message
        self.fields = dict(fields or {})
        self.reference = reference
        self.retry_after = retry_after


class ConnectionFailed(ArgusClientError):
    """The server could not be reached, also not at further attempts."""


class DigestMismatch(ArgusClientError):
    """A downloaded file is not the one the server described; it was removed."""


class NotDrawn(ArgusClientError):
    """An audit cannot be drawn; the text says why."""


class WaitedTooLong(ArgusClientError):
    """Something did not finish within the time given."""
