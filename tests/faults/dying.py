"""Argus in a worker process that a request can kill: `X-Die: after-commit` is kill -9 between commit and answer."""

import os
import signal
from collections.abc import Callable, Iterable
from typing import Any

from webapp.wsgi import application as argus


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    if environ.get("HTTP_X_DIE") != "after-commit":
        return argus(environ, start_response)
    for _chunk in argus(environ, lambda *_status: None):  # the whole request, whose answer nobody will see
        pass
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still alive")
