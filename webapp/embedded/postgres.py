"""The embedded PostgreSQL: data folder, access rules, command line, readiness."""

import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg
from psycopg import sql

from webapp.embedded.binaries import POSTGRES_MAJOR, postgres_program
from webapp.embedded.children import ServerChild, StopStep, last_lines
from webapp.embedded.errors import EmbeddedServersError
from webapp.embedded.leftovers import end_postgres_processes, remove_stale_pid_file
from webapp.embedded.owners import Owner, child_setup, postgres_owner
from webapp.embedded.urls import (
    DATABASE_NAME,
    DATABASE_USER,
    POSTGRES_PORT,
    embedded_database_url,
    postgres_socket,
    postgres_socket_dir,
)

START_SECONDS = 120.0  # a crash recovery on a slow disk takes its time
_FAST_SHUTDOWN = StopStep(signal.SIGINT, 30)
_IMMEDIATE_SHUTDOWN = StopStep(signal.SIGQUIT, 5)

_MEGABYTE = 1024 * 1024


def _shared_buffers() -> str:
    """An eighth of the memory, at least 128 MB, at most 1 GB: what a bulk load of a million regions touches."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // _MEGABYTE
    return f"{min(max(memory // 8, 128), 1024)}MB"


_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "120",
    "shared_buffers": _shared_buffers(),
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "4GB",  # fewer checkpoints, and so fewer whole pages in the log, while photos come in
    "random_page_cost": "1.1",
    "jit": "off",  # the queue's statements are short: compiling them costs more than it saves
    "logging_collector": "off",
    "log_min_duration_statement": "2s",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# For databases that are thrown away: a power cut loses them, a stop or a crash of the server does not matter.
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def start_postgres(var_dir: Path, *, durable: bool = True) -> ServerChild:
    """Start PostgreSQL on `var_dir/postgres`, made if missing, with the database `argus` in it.

    Returns when it answers. The caller holds the folder's lock. Raises EmbeddedServersError.
    """
    data_dir = var_dir / "postgres"
    socket_dir = postgres_socket_dir(var_dir)
    owner = postgres_owner(data_dir, [postgres_program("postgres"), data_dir, socket_dir])
    end_postgres_processes(data_dir)
    if not data_dir.exists():
        _create_cluster(data_dir, owner, log=var_dir / "log" / "initdb.log", durable=durable)
    _check_version(data_dir)
    _prepare_socket_dir(socket_dir, owner)
    remove_stale_pid_file(data_dir, postgres_socket(var_dir))
    _write_access_rules(data_dir, owner)
    settings = {**_SETTINGS, "unix_socket_directories": str(socket_dir), **({} if durable else _NOT_DURABLE)}
    child = ServerChild.start(
        "PostgreSQL",
        [
            str(postgres_program("postgres")),
            *("-D", str(data_dir), "-p", str(POSTGRES_PORT)),
            *(part for name, value in settings.items() for part in ("-c", f"{name}={value}")),
        ],
        log=var_dir / "log" / "postgres.log",
        steps=(_FAST_SHUTDOWN, _IMMEDIATE_SHUTDOWN),
        setup=child_setup(owner, signal.SIGINT),
        cwd=data_dir,
    )
    try:
        url = embedded_database_url(var_dir, database="postgres")
        child.wait_until(lambda: _answers(url), seconds=START_SECONDS)
        _create_database(url)
    except BaseException:
        child.stop()
        raise
    return child


def _create_cluster(data_dir: Path, owner: Owner, *, log: Path, durable: bool) -> None:
    """Run initdb beside the final place and move the result there, so that an interrupted first start leaves none."""
    draft = data_dir.with_name("postgres.new")
    end_postgres_processes(draft)
    if draft.exists():
        shutil.rmtree(draft)
    draft.mkdir(mode=0o700, parents=True)
    if owner.is_other:
        os.chown(draft, owner.uid, owner.gid)
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [
        *(str(postgres_program("initdb")), "-D", str(draft), "-U", DATABASE_USER, "-E", "UTF8"),
        *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
        *("--auth=peer", "--no-instructions", *(() if durable else ("--no-sync",))),
    ]
    with log.open("wb") as output:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=draft,
            start_new_session=True,
            preexec_fn=child_setup(owner, signal.SIGKILL),
            check=False,
        )
    if done.returncode != 0:
        raise EmbeddedServersError(f"PostgreSQL could not make its data folder:\n{last_lines(log)}")
    draft.rename(data_dir)


def _check_version(data_dir: Path) -> None:
    try:
        found = (data_dir / "PG_VERSION").read_text().strip()
    except OSError as error:
        raise EmbeddedServersError(
            f"{data_dir} is not a PostgreSQL data folder ({error}). Move it away to start with an empty database."
        ) from error
    if found != str(POSTGRES_MAJOR):
        raise EmbeddedServersError(
            f"{data_dir} was made by PostgreSQL {found}, the installed one is {POSTGRES_MAJOR}. Dump it with version "
            f"{found}, move the folder away, and restore the dump (docs/operations.md)."
        )


def _prepare_socket_dir(socket_dir: Path, owner: Owner) -> None:
    socket_dir.mkdir(mode=0o700, exist_ok=True)
    if owner.is_other:
        os.chown(socket_dir, owner.uid, owner.gid)
    socket_dir.chmod(0o700)


def _write_access_rules(data_dir: Path, owner: Owner) -> None:
    """Let in the user that runs Argus, the one that runs PostgreSQL, and nobody else of this machine."""
    names = {owner.name, _own_name()}
    rules = {
        "pg_hba.conf": "local all all peer map=argus\n",
        "pg_ident.conf": "".join(f'argus "{name}" {DATABASE_USER}\n' for name in sorted(names)),
    }
    for file_name, text in rules.items():
        path = data_dir / file_name
        path.write_text(f"# Written by Argus at each start.\n{text}")
        if owner.is_other:
            os.chown(path, owner.uid, owner.gid)


def _own_name() -> str:
    return pwd.getpwuid(os.geteuid()).pw_name


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _create_database(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        exists = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE_NAME]).fetchone()
        if exists is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE_NAME)))
