"""Records to lines of JSONL. Pure."""

import orjson

from verification.exports.records import Record

# Legal inside JSON strings, but readers that split text into lines break them here.
_LINE_BREAKS = ((b"\xc2\x85", b"\\u0085"), (b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029"))


def encode_line(record: Record) -> bytes:
    """One line of UTF-8, ended by a newline; no other character that ends a line is left in it."""
    line = orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
    if not line.isascii():
        for raw, escaped in _LINE_BREAKS:
            line = line.replace(raw, escaped)
    return line
