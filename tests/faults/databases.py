"""Databases that are not as they should be: one without a constraint, one on a server that may be shot down."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import sql

from tests.embedded.runs import eventually
from tests.faults.web_servers import test_database_url
from webapp.embedded.binaries import postgres_program
from webapp.embedded.servers import EmbeddedServers
from webapp.embedded.urls import embedded_database_url


@contextlib.contextmanager
def without_constraint(table: str, name: str) -> Iterator[None]:
    """The test database without one of its constraints; back, with the table emptied, when the block ends."""
    words = {"table": sql.Identifier(table), "name": sql.Identifier(name)}
    with psycopg.connect(test_database_url(), autocommit=True) as server:
        found = server.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [name]
        ).fetchone()
        assert found is not None
        server.execute(sql.SQL("ALTER TABLE {table} DROP CONSTRAINT {name}").format(**words))
        try:
            yield
        finally:
            server.execute(sql.SQL("TRUNCATE {table} CASCADE").format(**words))
            again = sql.SQL("ALTER TABLE {table} ADD CONSTRAINT {name} {what}")
            server.execute(again.format(**words, what=sql.SQL(found[0])))


class CrashingPostgres:
    """A PostgreSQL of its own, as durable as in production, with a copy of the test database."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="argus-test-crashes-"))
        self.folder.chmod(0o711)  # the server may run as another user, who cannot enter pytest's own folders
        self.var = self.folder / "var"
        self.servers: EmbeddedServers | None = None

    def __enter__(self) -> "CrashingPostgres":
        self.start()
        dump = subprocess.run(
            [str(postgres_program("pg_dump")), "--no-owner", test_database_url()], capture_output=True, check=True
        )
        subprocess.run(
            [str(postgres_program("psql")), "-q", "-v", "ON_ERROR_STOP=1", self.url],
            input=dump.stdout,
            capture_output=True,
            check=True,
        )
        return self

    def __exit__(self, *_error: object) -> None:
        if self.servers is not None:
            self.servers.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def url(self) -> str:
        return embedded_database_url(self.var)

    def start(self) -> None:
        """Start the server; after a crash this is its recovery."""
        self.servers = EmbeddedServers(self.var, redis=False)
        self.servers.__enter__()

    def stop_immediately(self) -> None:
        """What `pg_ctl stop -m immediate` does: SIGQUIT, no checkpoint, every session torn off in the middle."""
        assert self.servers is not None
        postmaster = int((self.var / "postgres" / "postmaster.pid").read_text().split()[0])
        os.kill(postmaster, signal.SIGQUIT)
        assert eventually(lambda: self.servers is not None and self.servers.dead() is not None)
        self.servers.stop()
