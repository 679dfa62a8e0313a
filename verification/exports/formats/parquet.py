"""Parquet: the same records as JSONL, as nested columns. Pure; needs pyarrow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from verification.exports.formats.columns import arrow_schema
from verification.exports.formats.writing import Line, Setting, Sink

if TYPE_CHECKING:
    from verification.exports.records import Record

# Larger groups take more memory, smaller ones too: the end of the file describes each, in 50 KB that wait until then.
ROWS_IN_GROUP: Final = 10_000
PIECE: Final = 500  # divides it; few enough records that Python's cycle collector has little to go through


class ParquetFile:
    """Implements `Writer`. Row groups have a fixed size: the file does not depend on how records were batched."""

    def __init__(self, setting: Setting) -> None:
        self._rows = ParquetRows(setting.sink, setting.kind)

    def write(self, lines: Sequence[Line]) -> None:
        self._rows.write([line.record for line in lines])

    def finish(self) -> None:
        self._rows.finish()


class ParquetRows:
    """Records of one kind into one Parquet file. Holds at most a row group, as columns but for the last records."""

    def __init__(self, sink: Sink, kind: str) -> None:
        import pyarrow.parquet

        # The default one keeps what it was given for later: 20 MB of an export.
        pyarrow.set_memory_pool(pyarrow.system_memory_pool())
        self._schema = arrow_schema(kind)
        self._waiting: list[Record] = []
        self._columns: list[Any] = []  # tables of records, PIECE rows each
        self._writer: Any = pyarrow.parquet.ParquetWriter(_Appending(sink), self._schema, compression="zstd")

    def write(self, records: Sequence[Record]) -> None:
        self._waiting.extend(records)
        while len(self._waiting) >= PIECE:
            self._columnise(PIECE)
            if len(self._columns) * PIECE == ROWS_IN_GROUP:
                self._flush()

    def finish(self) -> None:
        if self._waiting:
            self._columnise(len(self._waiting))
        if self._columns:
            self._flush()
        self._writer.close()

    def _columnise(self, count: int) -> None:
        import pyarrow

        self._columns.append(pyarrow.Table.from_pylist(self._waiting[:count], schema=self._schema))
        del self._waiting[:count]

    def _flush(self) -> None:
        import pyarrow

        group = pyarrow.concat_tables(self._columns)
        self._columns.clear()
        self._writer.write_table(group, row_group_size=len(group))


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
