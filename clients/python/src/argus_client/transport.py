"""Requests with a token: bounded waiting, bounded retries, errors as exceptions."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import urllib3
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from argus_client.errors import ApiError, ArgusClientError, ConnectionFailed

PREFIX = "/api/v1/"
RETRY_STATUSES = frozenset({502, 503, 504})
LONGEST_WAIT = 120.0  # seconds that a 429 may ask for


class Transport:
    """One server, one token. Safe to share among threads."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        timeout: float = 30.0,
        tries: int = 5,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise ValueError("url must start with http:// or https:// and name a host")
        if not token:
            raise ValueError("give a token: make one on your account page in Argus")
        self._base = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        self._headers = {"Authorization": f"Bearer {token}", "User-Agent": "argus-client/0.1.0"}
        self._pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=10.0, read=timeout), retries=False, maxsize=8)
        self._tries = max(1, tries)
        self._sleep = sleep

    def close(self) -> None:
        """Close the connections that are kept for further requests."""
        # Clearing alone closes them only once nothing refers to their pool any more, such as an answer or an error.
        for key in list(self._pool.pools.keys()):
            if (pool := self._pool.pools.get(key)) is not None:
                pool.close()
        self._pool.clear()

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """The JSON object at an address below /api/v1/."""
        named = {name: value for name, value in query.items() if value is not None}
        return _json(self.request("GET", path + (f"?{urlencode(named)}" if named else "")))

    def post(self, path: str, content: Mapping[str, Any] | None = None, *, repeatable: bool = True) -> dict[str, Any]:
        """Send JSON, receive a JSON object.

        `repeatable`: sending it twice does no more than once, so a lost answer may be asked for again.
        """
        return _json(self.request("POST", path, content=content or {}, repeatable=repeatable))

    def request(
        self,
        method: str,
        path: str,
        *,
        content: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = True,
        stream: bool = False,
    ) -> BaseHTTPResponse:
        """One request, tried again after broken connections, 502 to 504, and 429 within reason.

        `path` is below /api/v1/, or starts with "/". With `stream` the body is left to be read.
        Raises ApiError, ConnectionFailed.
        """
        address = self._base + (path if path.startswith("/") else PREFIX + path)
        sent = {**self._headers, **(headers or {})}
        body = None
        if content is not None:
            body = json.dumps(content).encode()
            sent["Content-Type"] = "application/json"
        last: Exception | None = None
        for attempt in range(self._tries):
            if attempt:
                self._sleep(_pause(attempt, last))
            try:
                response = self._pool.request(
                    method, address, body=body, headers=sent, preload_content=not stream, redirect=False
                )
            except HTTPError as error:
                last = error
                if not repeatable:
                    break
                continue
            if response.status < 300:
                return response
            last = _error(response)
            if not _may_try_again(response.status, last, repeatable=repeatable):
                raise last
        if isinstance(last, ApiError):
            raise last
        raise ConnectionFailed(f"{self._base} does not answer: {last}") from last


def _may_try_again(status: int, error: ApiError, *, repeatable: bool) -> bool:
    if status == 429:
        return (error.retry_after or 0) <= LONGEST_WAIT
    return repeatable and status in RETRY_STATUSES


def _pause(attempt: int, last: Exception | None) -> float:
    if isinstance(last, ApiError) and last.retry_after is not None:
        return last.retry_after
    return float(min(0.5 * 2**attempt, 20.0))


def _error(response: BaseHTTPResponse) -> ApiError:
    """The server's own words where it sent some; the body is read to its end, so that the connection stays usable."""
    data = response.data
    try:
        said = json.loads(data)["error"]
    except (ValueError, KeyError, TypeError):
        said = {"code": "unexpected", "message": data[:200].decode("utf-8", "replace") or f"HTTP {response.status}"}
    waiting = response.headers.get("Retry-After", "")
    return ApiError(
        response.status,
        str(said.get("code", "unexpected")),
        str(said.get("message", "")),
        fields=said.get("fields"),
        reference=str(said.get("reference", "")),
        retry_after=float(waiting) if waiting.isdecimal() else None,
    )


def _json(response: BaseHTTPResponse) -> dict[str, Any]:
    """Every answer of the API is an object; whatever else comes is no answer of Argus (a proxy's page, say)."""
    try:
        content = json.loads(response.data)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise ArgusClientError(f"this is no answer of Argus: {response.data[:200]!r}")
    return content
