"""Send a few bytes to an address that a person typed, with the guards of fetching: public addresses only, the checked
address is the one that is used, everything has a time limit. Redirects are not followed: they would lead elsewhere.
Pure: no settings, no database.
"""

import time
from collections.abc import Mapping
from urllib.parse import SplitResult, quote

import urllib3
from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError

from annotation.fetching import (
    FetchLimits,
    FetchRefused,
    Resolver,
    checked_url,
    closed_at,
    connected,
    is_public,
    public_addresses,
    resolve,
)

POST_LIMITS = FetchLimits(connect_s=5.0, read_s=10.0, total_s=15.0, user_agent="Argus-webhook/1")


def check_address(url: str) -> None:
    """Refuse what can be seen to be no public web address, without asking the network. Raises FetchRefused."""
    _parts, host, _port = checked_url(url)
    looks_like_address = ":" in host or host.replace(".", "").isdecimal()
    if host == "localhost" or host.endswith(".localhost") or (looks_like_address and not is_public(host)):
        raise FetchRefused("private_address", f"{host} is on a private or reserved network.")


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    limits: FetchLimits = POST_LIMITS,
    *,
    resolver: Resolver = resolve,
) -> int:
    """POST `body` within `limits`; the status of the answer, of which nothing else is read.

    Raises FetchRefused with a reason; nothing else.
    """
    deadline = time.monotonic() + limits.total_s
    parts, host, port = checked_url(url)
    addresses = public_addresses(host, port, limits, resolver, deadline)
    connection = connected(parts.scheme, host, port, addresses, limits, deadline)
    sock = connection.sock
    with closed_at(lambda: sock, deadline):
        try:
            return _exchange(connection, parts, _host_header(parts, host, port), body, {**headers}, limits)
        except (TimeoutError, urllib3.exceptions.TimeoutError) as error:
            raise _too_slow(limits) from error
        except (HTTPError, OSError, ValueError, EOFError) as error:
            if time.monotonic() >= deadline:
                raise _too_slow(limits) from error
            raise FetchRefused("connection_lost", "The server broke the connection.", permanent=False) from error
        finally:
            connection.close()


def _exchange(
    connection: HTTPConnection, parts: SplitResult, host: str, body: bytes, headers: dict[str, str], limits: FetchLimits
) -> int:
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    if parts.query:
        target += "?" + quote(parts.query, safe="/?%:@!$&'()*+,;=~-._[]")
    headers |= {"Host": host, "User-Agent": limits.user_agent, "Connection": "close"}
    connection.request("POST", target, body=body, headers=headers, preload_content=False, decode_content=False)
    return int(connection.getresponse().status)


def _host_header(parts: SplitResult, host: str, port: int) -> str:
    name = f"[{host}]" if ":" in host else host
    return name if port == (443 if parts.scheme == "https" else 80) else f"{name}:{port}"


def _too_slow(limits: FetchLimits) -> FetchRefused:
    return FetchRefused("timeout", f"The server was too slow (limit {limits.total_s:g} s in all).", permanent=False)
