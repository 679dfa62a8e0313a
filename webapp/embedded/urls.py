"""Where the embedded servers listen: a pure function of the `var/` folder.

Settings import this module, so it starts nothing, creates nothing and imports no Django: the same folder gives
the same addresses in every process, whether the servers run or not.

Both servers listen on unix sockets only. A socket path may be 107 bytes long at most; where `var/run` would be
longer, the sockets go to a short folder in /tmp, named after a digest of the `var/` path.
"""

import hashlib
from pathlib import Path
from urllib.parse import quote, urlsplit

DATABASE_NAME = "argus"
DATABASE_USER = "argus"

POSTGRES_PORT = 5432  # never opened: PostgreSQL only names its socket file after it
SOCKET_PATH_LIMIT = 107  # bytes: sizeof(sockaddr_un.sun_path) less the closing NUL
# Not tempfile.gettempdir(): every process must find the same folder, whatever its TMPDIR. Servers that find the
# folder owned by somebody else refuse to start.
SHORT_ROOT = Path("/tmp")  # noqa: S108

_POSTGRES_SOCKET = f".s.PGSQL.{POSTGRES_PORT}"


def socket_dir(var_dir: Path) -> Path:
    """The folder that holds both servers' sockets: `var/run`, or a short one in /tmp if that is too long."""
    root = var_dir.resolve()
    run = root / "run"
    longest = run / "postgres" / f"{_POSTGRES_SOCKET}.lock"
    if len(bytes(longest)) <= SOCKET_PATH_LIMIT:
        return run
    digest = hashlib.sha256(bytes(root)).hexdigest()[:16]
    return SHORT_ROOT / f"argus-{digest}"


def postgres_socket_dir(var_dir: Path) -> Path:
    """The folder of PostgreSQL's socket; its own, because PostgreSQL may run as another user than Argus."""
    return socket_dir(var_dir) / "postgres"


def postgres_socket(var_dir: Path) -> Path:
    """PostgreSQL's socket file."""
    return postgres_socket_dir(var_dir) / _POSTGRES_SOCKET


def redis_socket(var_dir: Path) -> Path:
    """Redis's socket file."""
    return socket_dir(var_dir) / "redis.sock"


def embedded_database_url(var_dir: Path, *, database: str = DATABASE_NAME) -> str:
    """libpq URL of the embedded PostgreSQL, e.g. `postgresql://argus@/argus?host=%2Fsrv%2Fvar%2Frun%2Fpostgres`."""
    return f"postgresql://{DATABASE_USER}@/{database}?host={quote(str(postgres_socket_dir(var_dir)), safe='')}"


def embedded_redis_url(var_dir: Path, *, database: int = 0) -> str:
    """redis-py URL of the embedded Redis, e.g. `unix:///srv/var/run/redis.sock?db=0`."""
    return f"unix://{quote(str(redis_socket(var_dir)))}?db={database}"


def celery_broker_url(redis_url: str) -> str:
    """The same Redis as Celery writes it: `unix://PATH?db=N` becomes `redis+socket://PATH?virtual_host=N`.

    Any other URL (`redis://`, `rediss://`) is returned unchanged.
    """
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    number = parts.query.removeprefix("db=") or "0"
    return f"redis+socket://{parts.path}?virtual_host={number}"
