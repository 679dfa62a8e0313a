"""`manage.py up` (behind `make run`): everything Argus needs on one machine, in one terminal.

Starts the embedded servers that no address is set for, brings database and static files up to date, makes the demo
project when there are no people yet, then runs web server, workers and timer until Ctrl-C (or SIGTERM, or a closed
terminal). When one of them ends by itself, all are stopped and the message says which one it was: a half-running
Argus hides faults.
"""

import contextlib
import os
import signal
import sys
import threading
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor

from webapp.embedded.announcements import RunWatch
from webapp.embedded.errors import EmbeddedServersError
from webapp.embedded.leftovers import RUN_MARKER, end_run_processes
from webapp.embedded.lifelines import die_with_parent
from webapp.embedded.ports import check_port, requested_port
from webapp.embedded.processes import Program, Programs
from webapp.embedded.servers import EmbeddedServers
from webapp.embedded.statics import collect_static_files


class Command(BaseCommand):
    help = "Run Argus on this machine: servers, web, workers and timer. Ctrl-C stops everything."
    requires_system_checks: list[str] = []  # they need the database, which this command starts

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-demo", action="store_true", help="start empty: no demo project, no accounts")
        parser.add_argument(
            "--stop-with-parent", action="store_true", help="stop when the calling process is gone (used by make)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["stop_with_parent"]:
            die_with_parent(signal.SIGTERM, parent=os.getppid())
        try:
            with _signals_interrupt():
                self._run(demo=not options["no_demo"])
        except EmbeddedServersError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            self._say("Stopped before everything was running. Start again with: make run")

    def _run(self, *, demo: bool) -> None:
        host = os.environ.get("WEB_HOST", "").strip() or "127.0.0.1"
        port = requested_port()
        servers = EmbeddedServers(
            settings.ARGUS_VAR_DIR,
            postgres=not os.environ.get("DATABASE_URL"),
            redis=not os.environ.get("REDIS_URL"),
        )
        with servers:
            check_port(host, port)
            self._prepare(demo=demo)
            connections.close_all()
            self._run_programs(servers, host, port)
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # an impatient second Ctrl-C must not leave servers behind
            end_run_processes(servers.var_dir)
        self._say("Argus has stopped. Your data is kept; start again with: make run")

    def _prepare(self, *, demo: bool) -> None:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self._say("Preparing the database …")
            call_command("migrate", interactive=False, verbosity=0)
        self.check()  # a fault in the code shows here, once, and not as four processes that end
        if collect_static_files():
            self._say("Collected the static files.")
        if demo and not get_user_model().objects.filter(is_active=True).exists():  # the demo makes inactive ones first
            self._say("First start: making the demo project and its accounts …")
            call_command("create_demo", stdout=self.stdout, stderr=self.stderr)

    def _run_programs(self, servers: EmbeddedServers, host: str, port: int) -> None:
        watch = RunWatch(servers, host=host, port=port, say=self._say)
        programs = Programs(
            _programs(servers),
            env={
                **os.environ,
                RUN_MARKER: str(servers.var_dir),
                "ARGUS_VAR": str(servers.var_dir),
                "PORT": str(port),
                "PYTHONUNBUFFERED": "1",
                "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",  # it is known
                "REMAP_SIGTERM": "SIGQUIT",
                "WEB_STOP_SECONDS": "3",
            },
            cwd=str(settings.BASE_DIR),
            output=sys.stdout,
            inherited_lock=servers.lock.descriptor,
            started=threading.Thread(target=watch.run, name="watch", daemon=True).start,
        )
        programs.loop()
        watch.end()
        if watch.failure:
            raise EmbeddedServersError(watch.failure)
        if name := programs.first_ended():
            raise EmbeddedServersError(
                f"{name} ended by itself, so everything was stopped. Its last lines above say why."
            )

    def _say(self, message: str) -> None:
        self.stdout.write(message)
        self.stdout.flush()


def _programs(servers: EmbeddedServers) -> list[Program]:
    python = sys.executable
    celery = (python, "-m", "celery", "--quiet", "-A", "webapp.celery")
    worker = (*celery, "worker", "--without-gossip", "--without-mingle")
    schedule = servers.var_dir / "run" / "timer-schedule"
    schedule.parent.mkdir(exist_ok=True)
    cpu_slots = str(max(1, min(4, (os.cpu_count() or 2) - 1)))
    return [
        Program("web", (python, "-m", "gunicorn", "-c", "python:webapp.gunicorn", "webapp.wsgi:application")),
        Program("worker-cpu", (*worker, "-Q", "cpu", "-n", "cpu@%h", "-c", cpu_slots)),
        Program("worker-gpu", (*worker, "-Q", "gpu", "-n", "gpu@%h", "-c", "1")),
        Program("timer", (*celery, "beat", "-s", str(schedule), "--pidfile=")),
    ]


@contextlib.contextmanager
def _signals_interrupt() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the preparations the way Ctrl-C does. While programs run, honcho takes
    SIGTERM and SIGINT over."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    def hang_up(_number: int, _frame: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGHUP, hang_up)
    yield
