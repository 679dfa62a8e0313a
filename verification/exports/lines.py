"""Records to lines of JSONL. Pure."""

from collections.abc import Iterable

import orjson

from verification.exports.records import Record

# Legal inside JSON strings, but readers that split text into lines break them here.
_LINE_BREAKS = ((b"\xc2\x85", b"\\u0085"), (b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029"))


def encode_lines(records: Iterable[Record]) -> bytes:
    """One line of UTF-8 per record, each ended by a newline; no other character that ends a line is left in it."""
    lines = b"".join([orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in records])
    for raw, escaped in _LINE_BREAKS:
        if raw in lines:
            lines = lines.replace(raw, escaped)
    return lines
