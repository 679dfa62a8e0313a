"""Watches a run from a thread: says when Argus is ready, and ends the run when one of its servers dies."""

import http.client
import os
import signal
import threading
import time
from collections.abc import Callable

from django.contrib.auth import get_user_model
from django.db import connection

from webapp.embedded.children import last_lines
from webapp.embedded.servers import EmbeddedServers

READY_SECONDS = 90.0
_RULE = "─" * 72
_MOST_NAMES = 8


class RunWatch:
    """`run()` belongs into a thread; `failure` tells afterwards why it ended the run, if it did."""

    def __init__(self, servers: EmbeddedServers, *, host: str, port: int, say: Callable[[str], None]) -> None:
        self.failure = ""
        self._servers = servers
        self._host = "127.0.0.1" if host in ("", "0.0.0.0", "::") else host  # noqa: S104 - compared, not bound
        self._port = port
        self._say = say
        self._over = threading.Event()

    @property
    def address(self) -> str:
        """Where a browser on this machine finds Argus."""
        name = "localhost" if self._host in ("127.0.0.1", "::1") else self._host
        return f"http://{name}:{self._port}/"

    def run(self) -> None:
        """Wait until /healthz answers 200, print the block, then look after the servers until `end()`."""
        if self._wait_until_ready():
            self._servers.lock.note(state="running", address=self.address)
            self._say(self._block())
        while not self._over.wait(0.5):
            if self._a_server_died():
                return

    def end(self) -> None:
        """The run is over."""
        self._over.set()

    def _wait_until_ready(self) -> bool:
        deadline = time.monotonic() + READY_SECONDS
        warned = False
        while not self._over.wait(0.1):
            if self._a_server_died():
                return False
            status, body = self._ask()
            if status == http.HTTPStatus.OK:
                return True
            if time.monotonic() > deadline and not warned:
                warned = True
                self._say(
                    f"Argus is still not ready after {READY_SECONDS:.0f} s: {body or 'no answer'}. See the lines above."
                )
        return False

    def _ask(self) -> tuple[int, str]:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=5)
        try:
            connection.request("GET", "/healthz", headers={"Host": f"localhost:{self._port}"})
            answer = connection.getresponse()
            return answer.status, answer.read(2000).decode(errors="replace")
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            connection.close()

    def _a_server_died(self) -> bool:
        dead = self._servers.dead()
        if dead is None or self._over.is_set():
            return False
        self.failure = (
            f"{dead.name} ended by itself (exit status {dead.process.returncode}), so everything was stopped. "
            f"Start again with: make run. The end of {dead.log}:\n{last_lines(dead.log)}"
        )
        os.kill(os.getpid(), signal.SIGTERM)
        return True

    def _block(self) -> str:
        return "\n".join(
            (
                "",
                _RULE,
                f"  Argus is ready. Open {self.address}",
                f"  Accounts: {_accounts()}",
                "  Passwords are printed once, at the first start. A new one:",
                "    .venv/bin/python manage.py changepassword NAME",
                "  Stop everything: Ctrl-C",
                _RULE,
                "",
            )
        )


def _accounts() -> str:
    people = get_user_model().objects.filter(is_active=True).order_by("pk")
    try:
        names = [person.get_username() for person in people[: _MOST_NAMES + 1]]
    finally:
        connection.close()  # this thread's own
    if not names:
        return "none yet; make one with: .venv/bin/python manage.py createsuperuser"
    more = " …" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more
