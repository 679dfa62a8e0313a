"""Ties between parent and child processes, so that nothing outlives its owner.

Linux only (`prctl`); elsewhere the functions do nothing and an ordinary stop is all there is.
A parent-death signal follows the *thread* that started the child: start children from a thread that lives as long
as they should, in practice the main thread.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36

_LINUX = sys.platform == "linux"
# Loaded before any fork: a forked child must not load libraries.
libc = ctypes.CDLL(None, use_errno=True) if _LINUX else None


def die_with_parent(death_signal: signal.Signals, *, parent: int) -> None:
    """Ask the kernel to send `death_signal` to this process when `parent`, its parent now, is gone.

    Call it in the child after any change of user (which would clear it). A parent that died before the call is
    noticed: then this process ends at once.
    """
    if libc is None:
        return
    if libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:
        os._exit(1)


def adopt_orphans() -> None:
    """Make orphaned descendants children of this process, where a stop finds them, instead of init's."""
    if libc is not None:
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
