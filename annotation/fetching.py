"""Fetch a file from an address that a person typed, without becoming their hand inside our network (SSRF).

Rules: http and https only; the name is resolved once and every address it has must be public; the connection
goes to that very address, with the name in Host and SNI; redirects start over at the first rule; the body is
counted while it streams; connecting, each read and the whole transfer have limits. Proxy variables are
ignored on purpose: behind a proxy the checked address would not be the one that is used. Pure: no settings, no
database.
"""

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from urllib.parse import SplitResult, quote, urljoin, urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], Sequence[str]]

REDIRECTS = (301, 302, 303, 307, 308)
CHUNK = 64 * 1024
MAX_ADDRESS_LENGTH = 4096
RETRY_STATUSES = (408, 425, 429, 500, 502, 503, 504)
# `is_global` of Python 3.11 has gaps that later versions closed, so the ranges stand here as well.
CLOSED_NETWORKS: tuple[Network, ...] = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16",
        "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
    )
)  # fmt: skip
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class FetchRefused(Exception):
    """A file that was not fetched. `permanent` is False when the same call may succeed later."""

    def __init__(self, code: str, message: str, *, permanent: bool = True) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.permanent = permanent


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """Bounds of one fetch; times in seconds. `allow_networks` (CIDR) may be private and are fetched from."""

    max_bytes: int = 64 * 1024 * 1024
    connect_s: float = 5.0
    read_s: float = 15.0
    total_s: float = 60.0
    max_redirects: int = 5
    allow_networks: tuple[str, ...] = ()
    user_agent: str = "Argus-image-import/1"


@dataclass(frozen=True, slots=True)
class Fetched:
    """The body, and the address that answered after redirects."""

    url: str
    data: bytes


def resolve(host: str, port: int) -> list[str]:
    """Addresses of `host`, as text, from the system's resolver. Raises OSError when there are none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def fetch(url: str, limits: FetchLimits = FetchLimits(), *, resolver: Resolver = resolve) -> Fetched:
    """GET `url` within `limits`. Raises FetchRefused with a reason; nothing else."""
    deadline = time.monotonic() + limits.total_s
    for _ in range(limits.max_redirects + 1):
        parts, host, port = checked_url(url)
        addresses = public_addresses(host, port, limits, resolver, deadline)
        body, location = _get(parts, host, port, addresses, limits, deadline)
        if location is None:
            return Fetched(url, body)
        url = urljoin(url, location)
    raise FetchRefused("too_many_redirects", f"The address redirects more than {limits.max_redirects} times.")


def is_public(text: str) -> bool:
    """Whether `text` is a public unicast address. One that carries an IPv4 address is judged by that."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id:
            return False
        inner = _embedded_ipv4(address)
        if inner is not None:
            return is_public(str(inner))
    return (
        address.is_global
        and not address.is_multicast
        and not any(address in network for network in CLOSED_NETWORKS if network.version == address.version)
    )


def _embedded_ipv4(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address inside an IPv4-mapped, 6to4 or NAT64 address."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return None


def checked_url(url: str) -> tuple[SplitResult, str, int]:
    """Split and check an address; the host comes back in its ASCII form."""
    if len(url) > MAX_ADDRESS_LENGTH:
        raise FetchRefused("bad_address", f"The address is longer than {MAX_ADDRESS_LENGTH} characters.")
    if any(ord(character) <= 0x20 or ord(character) == 0x7F for character in url):
        raise FetchRefused("bad_address", "The address contains spaces or control characters.")
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").rstrip(".")
        host = host if host.isascii() else host.encode("idna").decode("ascii")
    except (ValueError, UnicodeError) as error:
        raise FetchRefused("bad_address", "This is not a web address.") from error
    if parts.scheme not in ("http", "https"):
        raise FetchRefused("bad_scheme", "Only addresses that start with http:// or https:// are fetched.")
    if not host:
        raise FetchRefused("bad_address", "The address names no host.")
    if parts.username is not None or parts.password is not None:
        raise FetchRefused("bad_address", "Addresses with a user name or password in them are not fetched.")
    return parts, host, port if port is not None else (443 if parts.scheme == "https" else 80)


def public_addresses(host: str, port: int, limits: FetchLimits, resolver: Resolver, deadline: float) -> list[str]:
    """Resolve once; refuse when any of the addresses is closed, as a name that mixes both is an attack."""
    addresses = _resolve_in_time(host, port, resolver, min(limits.connect_s, deadline - time.monotonic()))
    allowed = [ipaddress.ip_network(text, strict=False) for text in limits.allow_networks]
    for text in addresses:
        if not is_public(text) and not _is_within(text, allowed):
            raise FetchRefused("private_address", f"{host} is on a private or reserved network; not fetched.")
    return addresses


def _is_within(text: str, networks: Sequence[Network]) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return any(address.version == network.version and address in network for network in networks)


def _resolve_in_time(host: str, port: int, resolver: Resolver, seconds: float) -> list[str]:
    """The system's resolver knows no time limit, so it runs in a thread that may be left behind."""
    found: list[str] = []
    failed: list[Exception] = []

    def work() -> None:
        try:
            found.extend(resolver(host, port))
        except (OSError, UnicodeError, ValueError) as error:
            failed.append(error)

    thread = threading.Thread(target=work, daemon=True, name="resolve")
    thread.start()
    thread.join(max(0.0, seconds))
    if thread.is_alive():
        raise FetchRefused("timeout", f"The name {host} could not be resolved in time.", permanent=False)
    if failed or not found:
        raise FetchRefused("unknown_host", f"The name {host} could not be resolved.", permanent=False)
    return found


def _get(
    parts: SplitResult, host: str, port: int, addresses: Sequence[str], limits: FetchLimits, deadline: float
) -> tuple[bytes, str | None]:
    """One request to the pinned addresses: (body, None), or (b"", where the redirect points)."""
    connection = connected(parts.scheme, host, port, addresses, limits, deadline)
    sock = connection.sock  # held here: a connection that will be closed lets go of it with the headers
    with closed_at(lambda: sock, deadline):
        try:
            return _exchange(connection, parts, host, port, limits, deadline)
        except FetchRefused:
            raise
        except (TimeoutError, urllib3.exceptions.TimeoutError) as error:
            raise _too_slow(limits) from error
        except (HTTPError, OSError, ValueError, EOFError) as error:
            if time.monotonic() >= deadline:
                raise _too_slow(limits) from error
            raise FetchRefused("connection_lost", "The server broke the connection.", permanent=False) from error


def connected(
    scheme: str, host: str, port: int, addresses: Sequence[str], limits: FetchLimits, deadline: float
) -> HTTPConnection:
    """Connect to the first address that answers; TLS is checked against the name, not the address."""
    last: Exception | None = None
    for address in addresses:
        seconds = min(limits.connect_s, deadline - time.monotonic())
        if seconds <= 0:
            raise _too_slow(limits)
        connection = _connection(scheme, host, port, address, seconds)
        try:
            with closed_at(partial(getattr, connection, "sock"), time.monotonic() + seconds):
                connection.connect()
        except (HTTPError, OSError, ValueError) as error:
            connection.close()
            last = error
            if isinstance(error, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY" in str(error):
                raise FetchRefused("bad_certificate", f"The certificate of {host} does not hold.") from error
        else:
            connection.sock.settimeout(limits.read_s)
            return connection
    raise FetchRefused("no_connection", f"{host} does not answer.", permanent=False) from last


def _connection(scheme: str, host: str, port: int, address: str, seconds: float) -> HTTPConnection:
    if scheme == "http":
        return HTTPConnection(address, port, timeout=seconds)
    return HTTPSConnection(
        address, port, timeout=seconds, server_hostname=host,
        cert_reqs="CERT_REQUIRED", ssl_context=ssl.create_default_context(),
    )  # fmt: skip


def _exchange(
    connection: HTTPConnection, parts: SplitResult, host: str, port: int, limits: FetchLimits, deadline: float
) -> tuple[bytes, str | None]:
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    if parts.query:
        target += "?" + quote(parts.query, safe="/?%:@!$&'()*+,;=~-._[]")
    name = f"[{host}]" if ":" in host else host
    default_port = port == (443 if parts.scheme == "https" else 80)
    headers = {
        "Host": name if default_port else f"{name}:{port}",
        "User-Agent": limits.user_agent,
        "Accept": "image/*,*/*;q=0.5",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    connection.request("GET", target, headers=headers, preload_content=False, decode_content=False)
    response = connection.getresponse()
    if response.status in REDIRECTS:
        location = response.headers.get("Location")
        if not location:
            raise FetchRefused("bad_redirect", "The server redirects to nowhere.")
        return b"", location
    if response.status != 200:
        raise FetchRefused(
            "http_status",
            f"The server answered {response.status}.",
            permanent=response.status not in RETRY_STATUSES,
        )
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise FetchRefused("encoded", "The server compressed the file although it was asked not to.")
    return _read_body(response, limits, deadline), None


def _read_body(response: urllib3.response.BaseHTTPResponse, limits: FetchLimits, deadline: float) -> bytes:
    """The whole body, at most `max_bytes`: by its announced length at once, and by counting in any case."""
    too_large = FetchRefused("too_many_bytes", f"The file is larger than {limits.max_bytes / 1e6:,.0f} MB.")
    announced = response.headers.get("Content-Length", "")
    if announced.isdecimal() and int(announced) > limits.max_bytes:
        raise too_large
    body = bytearray()
    for chunk in response.stream(CHUNK, decode_content=False):
        body += chunk
        if len(body) > limits.max_bytes:
            raise too_large
        if time.monotonic() >= deadline:
            raise _too_slow(limits)
    if time.monotonic() >= deadline:  # the watchdog's cut looks like the end of a body without a length
        raise _too_slow(limits)
    return bytes(body)


def _too_slow(limits: FetchLimits) -> FetchRefused:
    return FetchRefused("timeout", f"The server was too slow (limit {limits.total_s:g} s in all).", permanent=False)


@contextmanager
def closed_at(find: Callable[[], socket.socket | None], deadline: float) -> Iterator[None]:
    """Cut the connection at `deadline`: one byte now and then would never trip the limit of a read."""

    def cut() -> None:
        sock = find()
        if sock is not None:
            try:
                # Not SSLSocket.shutdown: that one drops the TLS state under the reading thread.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
            except OSError:
                return

    timer = threading.Timer(max(0.0, deadline - time.monotonic()), cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


__all__ = [
    "FetchLimits",
    "FetchRefused",
    "Fetched",
    "checked_url",
    "closed_at",
    "connected",
    "fetch",
    "is_public",
    "public_addresses",
    "resolve",
]
