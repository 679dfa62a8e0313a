"""The web port: which one is asked for, and whether it is free."""

import errno
import os
import socket

from webapp.embedded.errors import EmbeddedServersError, PortTakenError

DEFAULT_PORT = 8000
_TRIES = 50


def requested_port() -> int:
    """The port named in PORT, else 8000. Raises EmbeddedServersError when it is no port number."""
    text = os.environ.get("PORT", "").strip() or str(DEFAULT_PORT)
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise EmbeddedServersError(f"PORT={text} is not a port number. Give one from 1024 to 65535: PORT=8001 make run")
    return int(text)


def check_port(host: str, port: int) -> None:
    """Raise PortTakenError, with a free port to try instead, unless a web server can listen there."""
    try:
        _bind(host, port)
    except PermissionError:
        raise EmbeddedServersError(f"Port {port} needs root. Give one from 1024 to 65535: PORT=8001 make run") from None
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise EmbeddedServersError(f"Argus cannot listen on {host}:{port}: {error.strerror}.") from error
        free = _free_port(host, port)
        choice = f"Start Argus on another one: PORT={free} make run" if free else "Choose another: PORT=… make run"
        raise PortTakenError(
            f"Port {port} is taken by another program. {choice} "
            f"(or stop that program: `ss -ltnp 'sport = :{port}'` names it)."
        ) from None


def _free_port(host: str, taken: int) -> int | None:
    for port in range(taken + 1, min(taken + _TRIES, 65535)):
        try:
            _bind(host, port)
        except OSError:
            continue
        return port
    return None


def _bind(host: str, port: int) -> None:
    family, kind, protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        # As the web server does: the lingering connections of an earlier run are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
        probe.listen(1)
