"""Django's Redis cache, with clients that are made once and reads that cost little."""

import os
import threading
from typing import Any

from django.core.cache.backends.redis import RedisCache as DjangoRedisCache
from django.core.cache.backends.redis import RedisCacheClient


class _OwnConnection(threading.local):
    """Of each thread, and of the process that opened it: what was forked must not share a socket."""

    connection: Any = None
    process: int = 0


class _KeptClients(RedisCacheClient):
    """Django makes a new client object for every call, which costs more than asking Redis."""

    _lib: Any  # these three are Django's, but not in its stubs
    _serializer: Any
    _get_connection_pool: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._kept: dict[bool, Any] = {}
        self._own = _OwnConnection()

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        if write not in self._kept:
            self._kept[write] = super().get_client(key, write=write)
        return self._kept[write]

    def get(self, key: Any, default: Any) -> Any:
        """Every request reads its session this way: over a connection of the thread's own, without what a client does
        around each command. Where that fails, the ordinary way tries again."""
        connection = self._reader()
        try:
            connection.send_command("GET", key)
            value = connection.read_response(disable_decoding=True)
        except self._lib.RedisError:
            connection.disconnect()
            return super().get(key, default)
        except BaseException:  # an answer that was not waited for must not be taken for that to the next question
            connection.disconnect()
            raise
        return default if value is None else self._serializer.loads(value)

    def _reader(self) -> Any:
        own = self._own
        if own.connection is None or own.process != os.getpid():
            pool = self._get_connection_pool(write=False)
            own.connection, own.process = pool.connection_class(**pool.connection_kwargs), os.getpid()
        return own.connection


class RedisCache(DjangoRedisCache):
    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = _KeptClients
