"""The embedded Redis: broker and cache. It keeps nothing on disk: flushing Redis loses no work."""

import os
import signal
from pathlib import Path

import redis

from webapp.embedded.binaries import redis_program
from webapp.embedded.children import ServerChild, StopStep
from webapp.embedded.lifelines import die_with_parent
from webapp.embedded.urls import embedded_redis_url, redis_socket

START_SECONDS = 20.0


def start_redis(var_dir: Path) -> ServerChild:
    """Start Redis on its unix socket; returns when it answers. The caller holds the folder's lock."""
    parent = os.getpid()

    def setup() -> None:
        os.umask(0o077)
        die_with_parent(signal.SIGTERM, parent=parent)

    socket = redis_socket(var_dir)
    child = ServerChild.start(
        "Redis",
        [
            str(redis_program()),
            *("--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"),
            *("--save", "", "--appendonly", "no", "--daemonize", "no", "--databases", "64"),
            *("--maxmemory", "512mb", "--maxmemory-policy", "volatile-lru"),
            *("--dir", str(socket.parent)),
        ],
        log=var_dir / "log" / "redis.log",
        steps=(StopStep(signal.SIGTERM, 10),),
        setup=setup,
        cwd=socket.parent,
    )
    client = redis.Redis.from_url(embedded_redis_url(var_dir), socket_timeout=2)
    try:
        child.wait_until(lambda: _answers(client), seconds=START_SECONDS)
    except BaseException:
        child.stop()
        raise
    finally:
        client.close()
    return child


def _answers(client: "redis.Redis") -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
