"""Databases of a test's own: a copy beside the test run's, or on a server that may be shot down."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
from django.conf import settings
from django.db import connections
from psycopg import sql

from tests.embedded.runs import eventually
from tests.faults.web_servers import test_database_url
from webapp.embedded.binaries import postgres_program
from webapp.embedded.servers import EmbeddedServers
from webapp.embedded.urls import embedded_database_url


@contextlib.contextmanager
def copied_database(name: str) -> Iterator[str]:
    """A copy of the test database as it is now, on the same server; gone when the block ends. Yields its address."""
    url = test_database_url()
    original = url.split("?")[0].rsplit("/", 1)[1]
    copy = f"{original}_{name}"
    connections.close_all()  # nobody may be connected to what is copied
    with psycopg.connect(embedded_database_url(settings.ARGUS_VAR_DIR, database="postgres"), autocommit=True) as server:
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(copy))
        server.execute(drop)
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(copy), sql.Identifier(original)))
        try:
            yield embedded_database_url(settings.ARGUS_VAR_DIR, database=copy)
        finally:
            server.execute(drop)


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
