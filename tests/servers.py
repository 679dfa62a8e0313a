"""One PostgreSQL and one Redis for a whole test run, shared by its xdist workers.

The run that starts them owns them: a killed pytest takes them along (parent-death signals), and the folders that
killed runs leave in the temporary directory are removed by the next one.
"""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from webapp.embedded.locks import is_held
from webapp.embedded.servers import EmbeddedServers

PREFIX = "argus-test-servers-"


@dataclass(frozen=True)
class TestServers:
    """Addresses of the run's servers. The database is empty; pytest-django makes its own beside it."""

    __test__ = False

    database_url: str
    redis_url: str


@contextlib.contextmanager
def start_test_servers(var_dir: Path | None = None) -> Iterator[TestServers]:
    """Start the servers in `var_dir` (default: a new temporary folder), without durability; remove it at the end.

    Call it in the main thread of the process that starts the run (pytest itself, the xdist controller).
    """
    _sweep()
    folder = var_dir.parent if var_dir else Path(tempfile.mkdtemp(prefix=PREFIX))
    if not folder.name.startswith(PREFIX):  # it is removed at the end: never a folder that somebody works with
        raise RuntimeError(f"Unset ARGUS_VAR to run the tests: they want a folder of their own, not {var_dir}.")
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)  # PostgreSQL may run as another user
    try:
        with EmbeddedServers(folder / "var", durable=False) as servers:
            yield TestServers(database_url=servers.database_url, redis_url=servers.redis_url)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        # A folder without a lock file may belong to a run that is just starting.
        if (folder / "var" / "lock").exists() and not is_held(folder / "var"):
            shutil.rmtree(folder, ignore_errors=True)
