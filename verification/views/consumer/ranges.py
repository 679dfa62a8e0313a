"""HTTP range requests for one file (RFC 9110, section 14). Pure."""

import re

_RANGE = re.compile(r"bytes\s*=\s*(?:(?P<first>\d{1,18})-(?P<last>\d{1,18})?|-(?P<suffix>\d{1,18}))\s*", re.ASCII)


class Unsatisfiable(Exception):
    """The range lies outside the file: 416."""


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """(start, stop) of the bytes asked for, stop exclusive; None when all of the file is to be sent.

    That is so without a header, and for what may be ignored: other units, several ranges, nonsense.
    Raises Unsatisfiable.
    """
    match = _RANGE.fullmatch(header or "")
    if match is None:
        return None
    if match["suffix"] is not None:
        start, stop = size - min(int(match["suffix"]), size), size
    else:
        start = int(match["first"])
        stop = size if match["last"] is None else min(int(match["last"]) + 1, size)
        if match["last"] is not None and int(match["last"]) < start:
            return None
    if start >= size:
        raise Unsatisfiable
    return start, stop
