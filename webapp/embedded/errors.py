"""Errors of the embedded servers. Each message says what to do next; commands print it as it is."""


class EmbeddedServersError(RuntimeError):
    """The embedded servers cannot be started or used."""


class AlreadyRunningError(EmbeddedServersError):
    """Another process holds this `var/` folder."""

    def __init__(self, message: str, *, pid: int | None, address: str | None) -> None:
        super().__init__(message)
        self.pid = pid
        self.address = address


class PortTakenError(EmbeddedServersError):
    """The web port is in use."""
