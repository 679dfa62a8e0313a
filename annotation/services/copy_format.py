"""PostgreSQL's binary COPY format from numpy arrays, without a Python loop over rows.

A binary row has no fixed length, but rows whose arrays and texts have equal lengths do: so rows are grouped by those
lengths, and each group is one structured array. COPY does not mind the order of rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TRAILER = b"\xff\xff"
ROWS_PER_BLOCK = 16_384

Array: TypeAlias = npt.NDArray[Any]
Ints: TypeAlias = npt.NDArray[np.int64]

_OIDS = {"i2": 21, "i8": 20, "i4": 23, "f4": 700}


@dataclass(frozen=True, slots=True)
class Scalar:
    """A column of numbers: values (n,); kind: i2, i4, i8, f4 or f8 as in the table."""

    values: Array
    kind: str


@dataclass(frozen=True, slots=True)
class Optional:
    """A column of numbers in which NaN stands for NULL."""

    values: Array
    kind: str


@dataclass(frozen=True, slots=True)
class Ragged:
    """A column of one-dimensional arrays: row i is values[i, :counts[i]]; kind: i2, i4, i8 or f4."""

    values: Array
    counts: Array
    kind: str


@dataclass(frozen=True, slots=True)
class Text:
    """A column of texts; None is NULL."""

    values: Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Constant:
    """The same text, or NULL, in every row."""

    value: str | None


Column: TypeAlias = Scalar | Optional | Ragged | Text | Constant


class _Part:
    """One column, ready to be put into blocks. lengths: what rows of one block must agree on, or None."""

    lengths: Ints | None = None

    def __init__(self, number: int) -> None:
        self.length = f"length{number}"
        self.value = f"value{number}"

    def fields(self, row: int) -> list[Any]:
        """The numpy fields of a block whose rows are shaped like `row`."""
        raise NotImplementedError

    def fill(self, out: Array, rows: Ints) -> None:
        raise NotImplementedError


class _Numbers(_Part):
    def __init__(self, number: int, column: Scalar | Optional) -> None:
        super().__init__(number)
        self.values, self.kind, self.size = column.values, column.kind, int(column.kind[1:])
        if isinstance(column, Optional):
            self.lengths = np.where(np.isnan(column.values), -1, self.size).astype(np.int64)

    def fields(self, row: int) -> list[Any]:
        is_null = self.lengths is not None and self.lengths[row] < 0
        return [(self.length, ">i4")] + ([] if is_null else [(self.value, f">{self.kind}")])

    def fill(self, out: Array, rows: Ints) -> None:
        if self.lengths is not None and self.lengths[rows[0]] < 0:
            out[self.length] = -1
            return
        out[self.length] = self.size
        out[self.value] = self.values[rows]


class _Arrays(_Part):
    def __init__(self, number: int, column: Ragged) -> None:
        super().__init__(number)
        self.values, self.kind = column.values, column.kind
        self.lengths = column.counts.astype(np.int64)
        self.head = f"head{number}"

    def fields(self, row: int) -> list[Any]:
        size = self._size(row)
        head = [(self.length, ">i4"), (self.head, ">i4", (5 if size else 3,))]
        item = [("length", ">i4"), ("value", f">{self.kind}")]
        return [*head, (self.value, item, (size,))] if size else head

    def fill(self, out: Array, rows: Ints) -> None:
        size, width = self._size(int(rows[0])), int(self.kind[1:])
        out[self.length] = 12 + (8 + size * (4 + width) if size else 0)
        # dimensions, whether there are NULLs, type of the items; then per dimension its size and first index
        out[self.head] = (1, 0, _OIDS[self.kind], size, 1) if size else (0, 0, _OIDS[self.kind])
        if size:
            out[self.value]["length"] = width
            out[self.value]["value"] = self.values[rows, :size]

    def _size(self, row: int) -> int:
        return 0 if self.lengths is None else int(self.lengths[row])


class _Texts(_Part):
    def __init__(self, number: int, column: Text) -> None:
        super().__init__(number)
        self.data = [b"" if text is None else text.encode() for text in column.values]
        lengths = np.fromiter(map(len, self.data), dtype=np.int64, count=len(self.data))
        nulls = np.fromiter((text is None for text in column.values), dtype=bool, count=len(self.data))
        self.all_lengths = self.lengths = np.where(nulls, -1, lengths)

    def fields(self, row: int) -> list[Any]:
        size = int(self.all_lengths[row])
        return [(self.length, ">i4")] + ([(self.value, f"S{size}")] if size > 0 else [])

    def fill(self, out: Array, rows: Ints) -> None:
        out[self.length] = self.all_lengths[rows[0]]
        if self.all_lengths[rows[0]] > 0:
            out[self.value] = np.array([self.data[row] for row in rows.tolist()], dtype=bytes)


class _Same(_Part):
    def __init__(self, number: int, column: Constant) -> None:
        super().__init__(number)
        self.data = None if column.value is None else column.value.encode()

    def fields(self, row: int) -> list[Any]:
        return [(self.length, ">i4")] + ([(self.value, f"S{len(self.data)}")] if self.data else [])

    def fill(self, out: Array, rows: Ints) -> None:
        out[self.length] = -1 if self.data is None else len(self.data)
        if self.data:
            out[self.value] = self.data


def binary_rows(columns: Sequence[Column], count: int) -> Iterator[bytes]:
    """The rows of a COPY … FORMAT BINARY in blocks, header and trailer included."""
    parts = [_part(number, column) for number, column in enumerate(columns)]
    yield HEADER
    for rows in _groups([part.lengths for part in parts if part.lengths is not None], count):
        for start in range(0, len(rows), ROWS_PER_BLOCK):
            yield _block(parts, rows[start : start + ROWS_PER_BLOCK])
    yield TRAILER


def _part(number: int, column: Column) -> _Part:
    if isinstance(column, Ragged):
        return _Arrays(number, column)
    if isinstance(column, Text):
        return _Texts(number, column)
    return _Same(number, column) if isinstance(column, Constant) else _Numbers(number, column)


def _groups(shapes: Sequence[Ints], count: int) -> Iterator[Ints]:
    """Row numbers of each group of rows with equal lengths throughout."""
    varying = [shape for shape in shapes if count and (shape != shape[0]).any()]
    if not varying:
        yield np.arange(count)
        return
    order = np.lexsort(varying)
    changes = np.zeros(count - 1, dtype=bool)
    for shape in varying:
        changes |= np.diff(shape[order]) != 0
    yield from np.split(order, np.flatnonzero(changes) + 1)


def _block(parts: Sequence[_Part], rows: Ints) -> bytes:
    """One structured array of rows that share all lengths."""
    fields: list[Any] = [("columns", ">i2")]
    for part in parts:
        fields += part.fields(int(rows[0]))
    out = np.zeros(len(rows), dtype=fields)
    out["columns"] = len(parts)
    for part in parts:
        part.fill(out, rows)
    return out.tobytes()
