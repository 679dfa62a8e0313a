"""`manage.py servers`: only the embedded PostgreSQL and Redis, for commands and debuggers beside it.

`manage.py servers -- run_pipeline --project street` runs one command while the servers are up, then stops them.
"""

import signal
import subprocess
import sys
from argparse import REMAINDER, ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from webapp.embedded.errors import EmbeddedServersError
from webapp.embedded.servers import EmbeddedServers


class Command(BaseCommand):
    help = "Run the embedded PostgreSQL and Redis until Ctrl-C, or while one command runs: servers -- COMMAND …"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "command", nargs=REMAINDER, metavar="COMMAND …", help="a manage.py command to run meanwhile"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.EMBEDDED_MODE:
            raise CommandError(
                "DATABASE_URL or REDIS_URL is set: Argus uses your own servers, there is nothing to run."
            )
        command = [word for word in options["command"] if word != "--"]
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            with EmbeddedServers(settings.ARGUS_VAR_DIR) as servers:
                if command:
                    done = subprocess.run([sys.executable, str(Path(sys.argv[0]).resolve()), *command], check=False)
                    sys.exit(done.returncode)
                self.stdout.write(f"DATABASE_URL {servers.database_url}\nREDIS_URL {servers.redis_url}\nStop: Ctrl-C")
                self.stdout.flush()
                signal.pause()
        except EmbeddedServersError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            self.stdout.write("Stopped.")
