"""The secret key of an embedded installation: generated once, kept in `var/secret_key` with mode 0600."""

import os
import secrets
import stat
from pathlib import Path

KEY_FILE = "secret_key"
KEY_BYTES = 50


class SecretKeyError(RuntimeError):
    """The key file exists but cannot be trusted; the message says what to do."""


def embedded_secret_key(var_dir: Path) -> str:
    """The key in `var_dir/secret_key`; written with mode 0600 by the first process that asks for it.

    Two processes that ask at once get the same key: the file appears complete, by a hard link that only one
    of them can make. Raises SecretKeyError when others may read the file or when it is too short to be a key.
    """
    path = var_dir / KEY_FILE
    if not path.exists():
        _write_once(path)
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise SecretKeyError(
            f"{path} may be read by other users (mode {mode:04o}). Delete it to get a new key "
            f"(everybody must log in again), or run: chmod 600 {path}"
        )
    try:
        key = path.read_text(encoding="ascii").strip()
    except PermissionError as error:
        raise SecretKeyError(
            f"{path} belongs to another user, who ran Argus here before. Run it as that user."
        ) from error
    if len(key) < KEY_BYTES:
        raise SecretKeyError(f"{path} holds no usable key. Delete it to get a new one; everybody must log in again.")
    return key


def _write_once(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        pass  # another process was faster: its key counts
    finally:
        draft.unlink(missing_ok=True)
