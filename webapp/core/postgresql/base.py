"""Django's PostgreSQL backend, with a health check that costs no round trip, and long statements read once."""

import select

import psycopg
from django.db.backends.postgresql import base
from psycopg import _queries

# psycopg remembers where the parameters of a statement are, of statements up to 4096 bytes. The queue's are longer, and
# looking for theirs each time costs more than sending them.
_queries.MAX_CACHED_STATEMENT_LENGTH = 16_384


class DatabaseWrapper(base.DatabaseWrapper):
    """Each request checks the connection it finds (CONN_HEALTH_CHECKS). Asking the server would cost a tenth of the
    queue's hot request; a server that stopped has said so already: a quiet connection with something to read is one
    that was closed, and is then checked properly.
    """

    def is_usable(self) -> bool:
        if self.connection is None:
            return False
        try:
            watched = select.poll()
            watched.register(self.connection.fileno(), select.POLLIN | select.POLLERR | select.POLLHUP)
            said_something = bool(watched.poll(0))
        except (psycopg.Error, OSError):  # closed on this side
            return False
        return super().is_usable() if said_something else True
