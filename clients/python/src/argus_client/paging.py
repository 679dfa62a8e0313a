"""Lists, page after page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from argus_client.transport import Transport


def pages(transport: Transport, path: str, **query: Any) -> Iterator[Mapping[str, Any]]:
    """The rows of a list, page after page."""
    after = None
    while True:
        page = transport.get(path, after=after, **query)
        yield from page["items"]
        after = page["next"]
        if after is None:
            return
