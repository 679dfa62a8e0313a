"""The supervisor of PostgreSQL and Redis, on real servers."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis

from tests.embedded.runs import eventually, processes_of, running_owner
from webapp.embedded.binaries import postgres_program
from webapp.embedded.errors import AlreadyRunningError, EmbeddedServersError
from webapp.embedded.locks import VarLock
from webapp.embedded.owners import child_setup, postgres_owner
from webapp.embedded.servers import EmbeddedServers, find_running
from webapp.embedded.urls import embedded_database_url, embedded_redis_url, postgres_socket, socket_dir


@pytest.fixture
def var_dir(tmp_path: Path) -> Path:
    """As in a fresh clone: not there yet. Root's test folders are closed to other users, as `/root` is."""
    return tmp_path / "var"


def _write(var_dir: Path, text: str) -> None:
    with psycopg.connect(embedded_database_url(var_dir)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS note (text text)")
        connection.execute("INSERT INTO note VALUES (%s)", [text])


def _notes(var_dir: Path) -> list[str]:
    with psycopg.connect(embedded_database_url(var_dir)) as connection:
        return [row[0] for row in connection.execute("SELECT text FROM note")]


def test_both_servers_answer_inside_the_block_and_are_gone_after_it(var_dir: Path) -> None:
    with EmbeddedServers(var_dir, durable=False) as servers:
        with psycopg.connect(servers.database_url) as connection:
            row = connection.execute("SELECT current_database(), current_setting('server_encoding')").fetchone()
            assert row == ("argus", "UTF8")
        with redis.Redis.from_url(servers.redis_url) as client:
            assert client.ping()
        assert processes_of(var_dir)
    assert processes_of(var_dir) == []


def test_letters_fold_as_unicode_says(var_dir: Path) -> None:
    with EmbeddedServers(var_dir, durable=False, redis=False), psycopg.connect(embedded_database_url(var_dir)) as db:
        assert db.execute("SELECT upper('älter'), lower('ÑANDÚ')").fetchone() == ("ÄLTER", "ñandú")


def test_a_second_start_keeps_the_data(var_dir: Path) -> None:
    with EmbeddedServers(var_dir):
        _write(var_dir, "kept")
    with EmbeddedServers(var_dir):
        assert _notes(var_dir) == ["kept"]


def test_a_killed_owner_takes_the_servers_along_and_the_data_stay(var_dir: Path) -> None:
    with running_owner(var_dir) as (owner, said):
        assert said == "ready"
        _write(var_dir, "kept")
        owner.send_signal(signal.SIGKILL)
        owner.wait()
    assert eventually(lambda: processes_of(var_dir) == []), processes_of(var_dir)
    with EmbeddedServers(var_dir):
        assert _notes(var_dir) == ["kept"]


def test_the_next_start_need_not_wait_for_a_killed_one(var_dir: Path) -> None:
    with running_owner(var_dir) as (owner, _said):
        _write(var_dir, "kept")
        owner.send_signal(signal.SIGKILL)
        owner.wait()
        with EmbeddedServers(var_dir):
            assert _notes(var_dir) == ["kept"]


def test_orphans_of_a_killed_postmaster_are_cleared_away(var_dir: Path) -> None:
    with running_owner(var_dir) as (owner, _said):
        _write(var_dir, "kept")
        os.kill(int((var_dir / "postgres" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        owner.send_signal(signal.SIGKILL)
        owner.wait()
    with EmbeddedServers(var_dir):
        assert _notes(var_dir) == ["kept"]


def test_a_server_that_ends_by_itself_is_noticed(var_dir: Path) -> None:
    with EmbeddedServers(var_dir, durable=False) as servers:
        assert servers.dead() is None
        os.kill(int((var_dir / "postgres" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        assert eventually(lambda: servers.dead() is not None)
        dead = servers.dead()
        assert dead is not None
        assert dead.name == "PostgreSQL"


def test_the_same_folder_twice_is_refused_naming_the_owner(var_dir: Path) -> None:
    with EmbeddedServers(var_dir, durable=False):
        with running_owner(var_dir) as (_second, said):
            assert said.startswith("refused: Argus is already running")
            assert f"process {os.getpid()}" in said
            assert "ARGUS_VAR=" in said
        _write(var_dir, "the first one is unharmed")


def test_the_folder_is_free_again_after_a_stop(var_dir: Path) -> None:
    lock = VarLock(var_dir)
    lock.acquire()
    with pytest.raises(AlreadyRunningError):
        VarLock(var_dir).acquire()
    lock.release()
    VarLock(var_dir).acquire()


def test_two_folders_run_side_by_side(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    with EmbeddedServers(one, durable=False), EmbeddedServers(two, durable=False):
        _write(one, "in one")
        _write(two, "in two")
        assert (_notes(one), _notes(two)) == (["in one"], ["in two"])
        with (
            redis.Redis.from_url(embedded_redis_url(one)) as first,
            redis.Redis.from_url(embedded_redis_url(two)) as second,
        ):
            first.set("key", "one")
            assert second.get("key") is None


def test_a_pid_file_that_names_a_living_stranger_does_not_stop_the_start(var_dir: Path) -> None:
    with EmbeddedServers(var_dir):
        _write(var_dir, "kept")
    data_dir = var_dir / "postgres"
    owner = data_dir.stat()
    # PostgreSQL takes a living process of its own user for another postmaster.
    stranger = subprocess.Popen(["sleep", "60"], cwd="/", **_as_user(owner))
    try:
        postgres_socket(var_dir).parent.mkdir(parents=True, exist_ok=True)  # a short one in /tmp goes with its servers
        for folder in (socket_dir(var_dir), postgres_socket(var_dir).parent):
            folder.chmod(0o700)
        os.chown(postgres_socket(var_dir).parent, owner.st_uid, owner.st_gid)
        for path in (data_dir / "postmaster.pid", Path(f"{postgres_socket(var_dir)}.lock")):
            path.write_text(f"{stranger.pid}\n{data_dir}\n1700000000\n5432\n{socket_dir(var_dir)}\n\n")
            os.chown(path, owner.st_uid, owner.st_gid)
        with EmbeddedServers(var_dir):
            assert _notes(var_dir) == ["kept"]
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def _as_user(owner: os.stat_result) -> dict[str, int]:
    return {"user": owner.st_uid, "group": owner.st_gid} if os.geteuid() == 0 else {}


def test_a_folder_with_a_long_path_gets_short_sockets_that_go_with_it(tmp_path: Path) -> None:
    var_dir = tmp_path / ("deep" * 20) / ("deeper" * 20) / "var"
    var_dir.parent.mkdir(parents=True)
    with EmbeddedServers(var_dir, durable=False):
        _write(var_dir, "reached")
        assert socket_dir(var_dir).is_dir()
    assert not socket_dir(var_dir).exists()


def test_a_short_socket_folder_that_somebody_else_prepared_is_refused(tmp_path: Path) -> None:
    var_dir = tmp_path / ("deep" * 20) / ("deeper" * 20) / "var"
    var_dir.parent.mkdir(parents=True)
    (tmp_path / "trap").mkdir()
    socket_dir(var_dir).symlink_to(tmp_path / "trap")
    try:
        with pytest.raises(EmbeddedServersError, match="belongs to another user or is no folder"):
            EmbeddedServers(var_dir).__enter__()
    finally:
        socket_dir(var_dir).unlink()


def test_an_interrupted_first_start_is_made_good(var_dir: Path) -> None:
    (var_dir / "postgres.new" / "base").mkdir(parents=True)
    (var_dir / "postgres.new" / "PG_VERSION").write_text("18\n")
    with EmbeddedServers(var_dir, durable=False):
        _write(var_dir, "works")


def test_data_of_another_postgresql_are_left_alone(var_dir: Path) -> None:
    with EmbeddedServers(var_dir, durable=False):
        pass
    (var_dir / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedServersError, match="made by PostgreSQL 17"):
        EmbeddedServers(var_dir).__enter__()
    VarLock(var_dir).acquire()  # a failed start lets the folder go


def test_a_server_that_cannot_start_shows_its_log(var_dir: Path) -> None:
    with EmbeddedServers(var_dir, durable=False):
        pass
    with (var_dir / "postgres" / "postgresql.conf").open("a") as file:
        file.write("no_such_setting = 1\n")
    with pytest.raises(EmbeddedServersError, match="no_such_setting"):
        EmbeddedServers(var_dir).__enter__()
    assert processes_of(var_dir) == []


def test_other_processes_find_running_servers(var_dir: Path) -> None:
    assert find_running(var_dir) is None
    with EmbeddedServers(var_dir, durable=False) as servers:
        found = find_running(var_dir)
        assert found is not None
        assert (found.pid, found.database_url, found.redis_url) == (
            os.getpid(),
            servers.database_url,
            servers.redis_url,
        )
    assert find_running(var_dir) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to change the user")
def test_root_runs_postgresql_as_another_user_with_no_more_rights_than_it_needs(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    in_closed = postgres_owner(closed / "postgres", [closed / "postgres"])
    assert in_closed.uid != 0
    assert in_closed.capability is not None
    in_open = postgres_owner(Path("/nowhere/postgres"), [Path("/usr/bin/env")])
    assert in_open.uid != 0
    assert in_open.capability is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to change the user")
def test_root_in_a_closed_folder_can_still_run_postgresql(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with EmbeddedServers(closed / "var", durable=False, redis=False):
        pid = int((closed / "var" / "postgres" / "postmaster.pid").read_text().split()[0])
        status = Path(f"/proc/{pid}/status").read_text()
        assert "\nUid:\t0\t" not in status
        capabilities = int(status.split("CapEff:")[1].split()[0], 16)
        assert capabilities.bit_count() == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to change the user")
def test_programs_in_a_closed_folder_are_found_and_run(tmp_path: Path) -> None:
    """A whole environment below such a folder: initdb asks access(2) whether it may run what lies beside it."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    program = closed / "program"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    owner = postgres_owner(closed / "postgres", [program])
    asks = [sys.executable, "-c", "import os, sys; sys.exit(not os.access(sys.argv[1], os.R_OK | os.X_OK))", program]
    subprocess.run(asks, preexec_fn=child_setup(owner, signal.SIGKILL), check=True)
    subprocess.run([program], preexec_fn=child_setup(owner, signal.SIGKILL), check=True)


def test_programs_of_postgresql_are_those_of_the_pinned_version() -> None:
    shown = subprocess.run([postgres_program("postgres"), "--version"], capture_output=True, text=True, check=True)
    assert " 18." in shown.stdout
