"""The supervisor of the embedded servers.

    with EmbeddedServers(var_dir) as servers:
        servers.database_url, servers.redis_url

One process owns a `var/` folder (an flock on `var/lock`) and runs PostgreSQL and Redis as its own foreground children;
it stops them, in reverse order, when the block ends. A killed owner takes them along (parent-death signals); whatever
is left of such a run is cleared away by the next one. Enter the block in the main thread: the parent-death
signal follows the thread that started a child.

Another process finds running servers through `find_running(var_dir)`; their addresses are the same at every
start (`webapp.embedded.urls`), so commands need nothing but the `var/` folder.

Layout of the folder:
    lock          flock; pid, state and web address of the owner
    postgres/     data of PostgreSQL 18, owned by the user that runs it
    run/          sockets (in /tmp/argus-… when the path of `var/` is long)
    log/          postgres.log, redis.log, initdb.log
    secret_key    see `webapp.embedded.secrets`
"""

import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from webapp.embedded.children import ServerChild
from webapp.embedded.errors import EmbeddedServersError
from webapp.embedded.leftovers import end_run_processes
from webapp.embedded.lifelines import adopt_orphans
from webapp.embedded.locks import VarLock, is_held, read_holder
from webapp.embedded.postgres import start_postgres
from webapp.embedded.redis import start_redis
from webapp.embedded.urls import (
    embedded_database_url,
    embedded_redis_url,
    socket_dir,
)


@dataclass(frozen=True)
class RunningServers:
    """Embedded servers that another process runs now."""

    pid: int | None
    address: str | None
    database_url: str
    redis_url: str


class EmbeddedServers:
    """Runs PostgreSQL, Redis or both for the time of a `with` block.

    `durable=False` trades the safety of the data for speed, for tests. Raises AlreadyRunningError when another process
    uses the folder, EmbeddedServersError for anything else that keeps a server from starting.
    """

    def __init__(self, var_dir: Path, *, postgres: bool = True, redis: bool = True, durable: bool = True) -> None:
        self.var_dir = var_dir.resolve()
        self.lock = VarLock(self.var_dir)
        self._wants = (postgres, redis)
        self._durable = durable
        self._children: list[ServerChild] = []

    @property
    def database_url(self) -> str:
        """Address of the database `argus`."""
        return embedded_database_url(self.var_dir)

    @property
    def redis_url(self) -> str:
        """Address of Redis, database 0."""
        return embedded_redis_url(self.var_dir)

    def __enter__(self) -> Self:
        try:
            self.lock.acquire()
            self._start()
        except PermissionError as error:
            self.stop()
            raise EmbeddedServersError(
                f"{error.filename} belongs to another user, who ran Argus in {self.var_dir} before. Run it as that "
                f"user, or take the folder over: sudo chown -R $(id -u) {self.var_dir}"
            ) from error
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def dead(self) -> ServerChild | None:
        """A server that ended although nobody stopped it, if there is one."""
        return next((child for child in self._children if not child.is_alive), None)

    def stop(self) -> None:
        """Stop what was started, in reverse order, and let the folder go; harmless when called again."""
        self.lock.note(state="stopping")
        while self._children:
            self._children.pop().stop()
        if self.lock.descriptor is not None and socket_dir(self.var_dir).parent != self.var_dir:
            shutil.rmtree(socket_dir(self.var_dir), ignore_errors=True)
        self.lock.release()

    def _start(self) -> None:
        adopt_orphans()
        end_run_processes(self.var_dir)
        self._prepare_run_dir()
        postgres, redis = self._wants
        if postgres:
            self._children.append(start_postgres(self.var_dir, durable=self._durable))
        if redis:
            self._children.append(start_redis(self.var_dir))
        self.lock.note(state="running")

    def _prepare_run_dir(self) -> None:
        """Make the folder of the sockets. A short one lies in /tmp: refuse what somebody else made there."""
        path = socket_dir(self.var_dir)
        path.mkdir(mode=0o711, exist_ok=True)
        status = path.lstat()
        foreign = path.parent != self.var_dir and status.st_uid != os.geteuid()
        if foreign or not stat.S_ISDIR(status.st_mode):
            raise EmbeddedServersError(f"{path} belongs to another user or is no folder. Remove it and start again.")
        path.chmod(0o711)  # PostgreSQL's own folder lies inside and may belong to another user


def find_running(var_dir: Path) -> RunningServers | None:
    """The servers that some process runs on this folder, or None while there are none or they still start."""
    var_dir = var_dir.resolve()
    holder = read_holder(var_dir)
    if not is_held(var_dir) or holder.get("state") != "running":
        return None
    return RunningServers(
        pid=holder.get("pid"),
        address=holder.get("address"),
        database_url=embedded_database_url(var_dir),
        redis_url=embedded_redis_url(var_dir),
    )
