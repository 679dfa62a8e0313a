"""Parquet: the same records as JSONL, as nested columns. Pure; needs pyarrow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from verification.exports.formats.columns import arrow_schema
from verification.exports.formats.writing import Line, Setting, Sink

if TYPE_CHECKING:
    from verification.exports.records import Record

ROWS_IN_GROUP: Final = 10_000


class ParquetFile:
    """Implements `Writer`. Row groups have a fixed size: the file does not depend on how records were batched."""

    def __init__(self, setting: Setting) -> None:
        self._rows = ParquetRows(setting.sink, setting.kind)

    def write(self, lines: Sequence[Line]) -> None:
        self._rows.write([line.record for line in lines])

    def finish(self) -> None:
        self._rows.finish()


class ParquetRows:
    """Records of one kind into one Parquet file. Holds at most a row group and a batch."""

    def __init__(self, sink: Sink, kind: str) -> None:
        import pyarrow.parquet

        self._schema = arrow_schema(kind)
        self._waiting: list[Record] = []
        self._writer: Any = pyarrow.parquet.ParquetWriter(_Appending(sink), self._schema, compression="zstd")

    def write(self, records: Sequence[Record]) -> None:
        self._waiting.extend(records)
        while len(self._waiting) >= ROWS_IN_GROUP:
            self._flush(ROWS_IN_GROUP)

    def finish(self) -> None:
        if self._waiting:
            self._flush(len(self._waiting))
        self._writer.close()

    def _flush(self, count: int) -> None:
        import pyarrow

        table = pyarrow.Table.from_pylist(self._waiting[:count], schema=self._schema)
        self._writer.write_table(table, row_group_size=count)
        del self._waiting[:count]


class _Appending:
    """A sink as pyarrow wants files: it asks where it is, and closes what it was given."""

    closed = False
    mode = "wb"

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._at = 0

    def write(self, data: Any) -> int:
        block = bytes(data)
        self._sink.write(block)
        self._at += len(block)
        return len(block)

    def tell(self) -> int:
        return self._at

    def flush(self) -> None: ...

    def close(self) -> None: ...

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False
