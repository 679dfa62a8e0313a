"""The operating-system user that PostgreSQL runs as. PostgreSQL refuses to run as root.

Run by an ordinary user, everything belongs to that user. Run by root (a container, a cloud machine) PostgreSQL
runs as the owner of an existing data folder, else as `postgres`, else as `nobody`. Root's Python and project often
lie where no other user may go (`/root`, mode 0700); then PostgreSQL keeps the one capability to pass folders
that its user may not enter, and nothing else of root's rights. Nothing is copied or made readable for others.
"""

import ctypes
import os
import pwd
import signal
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from webapp.embedded.errors import EmbeddedServersError
from webapp.embedded.lifelines import die_with_parent, libc

CANDIDATES = ("postgres", "nobody")

_PR_SET_KEEPCAPS = 8
_PR_SET_SECUREBITS = 28
_SECBIT_NO_SETUID_FIXUP = 1 << 2
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAPABILITY_VERSION_3 = 0x20080522
CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2


@dataclass(frozen=True)
class Owner:
    """Who runs PostgreSQL: user and group numbers, and the capability kept to pass closed folders, if any."""

    name: str
    uid: int
    gid: int
    capability: int | None = None

    @property
    def is_other(self) -> bool:
        """True when PostgreSQL runs as another user than this process."""
        return self.uid != os.geteuid()


def postgres_owner(data_dir: Path, needed: list[Path]) -> Owner:
    """The user to run PostgreSQL as.

    `data_dir` may exist already, then its owner counts; `needed` are the paths that user must be able to reach.
    Raises EmbeddedServersError when the folder belongs to somebody else or no suitable user exists.
    """
    uid = data_dir.stat().st_uid if data_dir.exists() else None
    if os.geteuid() != 0:
        if uid not in (None, os.geteuid()):
            raise EmbeddedServersError(
                f"{data_dir} belongs to user {_name_of(uid or 0)}. Run Argus as that user (or as root, if root "
                f"ran it before), or give the folder to yourself: sudo chown -R $(id -u) {data_dir.parent}"
            )
        return Owner(_name_of(os.geteuid()), os.geteuid(), os.getegid())
    account = _account(uid)
    owner = Owner(account.pw_name, account.pw_uid, account.pw_gid)
    if all(_reachable(path, owner) for path in needed):
        return owner
    return Owner(owner.name, owner.uid, owner.gid, capability=_passing_capability(needed))


def child_setup(owner: Owner, death_signal: signal.Signals) -> Callable[[], None]:
    """A `preexec_fn` that becomes `owner` and ties the child's life to this process."""
    parent = os.getpid()

    def prepare() -> None:
        os.umask(0o077)
        if owner.is_other:
            _become(owner)
        die_with_parent(death_signal, parent=parent)

    return prepare


def _account(uid: int | None) -> pwd.struct_passwd:
    if uid == 0:
        uid = None  # made by an interrupted first start
    if uid is not None:
        try:
            return pwd.getpwuid(uid)
        except KeyError:
            raise EmbeddedServersError(
                f"The database belongs to user number {uid}, which does not exist on this machine. "
                f"Give var/postgres to an existing user other than root (chown -R)."
            ) from None
    for name in CANDIDATES:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise EmbeddedServersError(
        "PostgreSQL cannot run as root, and this machine has neither a 'postgres' nor a 'nobody' user. "
        "Run Argus as an ordinary user."
    )


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _reachable(path: Path, owner: Owner) -> bool:
    """Whether the owner may enter every folder above `path` and read and enter or run `path` itself."""
    resolved = path.resolve()
    if not all(_allows(parent, owner, 0o1) for parent in resolved.parents):
        return False
    return not resolved.exists() or _allows(resolved, owner, 0o5)


def _allows(path: Path, owner: Owner, bits: int) -> bool:
    status = path.stat()
    if status.st_uid == owner.uid:
        granted = status.st_mode >> 6
    elif status.st_gid == owner.gid:
        granted = status.st_mode >> 3
    else:
        granted = stat.S_IMODE(status.st_mode)
    return granted & bits == bits


def _passing_capability(needed: list[Path]) -> int:
    held = _permitted_capabilities()
    for capability in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE):
        if held >> capability & 1:
            return capability
    raise EmbeddedServersError(
        "PostgreSQL cannot run as root, and other users may not enter "
        f"{' or '.join(str(path) for path in needed)}. Put the project and its Python where every user may "
        "read them (for example under /opt or /srv), or run Argus as an ordinary user."
    )


def _permitted_capabilities() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapPrm:"):
            return int(line.split()[1], 16)
    return 0


class _CapabilityHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapabilityData(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def _become(owner: Owner) -> None:
    """Give up root for `owner`, keeping at most its one capability (also across the coming exec)."""
    if owner.capability is not None:
        _prctl(_PR_SET_KEEPCAPS, 1)
        if libc is not None:
            # Without this access(2), with which initdb looks for its programs, heeds no capability. It may be refused
            # in a container; then it matters only where the programs themselves lie in a closed folder.
            libc.prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setgid(owner.gid)
    os.setuid(owner.uid)
    if owner.capability is None:
        return
    bit = 1 << owner.capability
    header = _CapabilityHeader(_CAPABILITY_VERSION_3, 0)
    data = (_CapabilityData * 2)(_CapabilityData(bit, bit, bit), _CapabilityData(0, 0, 0))
    if libc is None or libc.capset(ctypes.byref(header), data) != 0:
        raise OSError(ctypes.get_errno(), "capset failed")
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, owner.capability)


def _prctl(option: int, first: int, second: int = 0) -> None:
    if libc is None or libc.prctl(option, first, second, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option}) failed")
