"""CSV that a spreadsheet cannot be tricked with. Pure."""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal

Cell = str | int | float | Decimal | date | datetime | None

# What a spreadsheet takes for the start of a formula (OWASP, CSV injection), also in full width.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def guarded(cell: Cell) -> Cell:
    """Texts that begin like a formula get an apostrophe in front; numbers and dates stay as they are."""
    if isinstance(cell, str) and cell.lstrip(" ").startswith(FORMULA_STARTS):
        return f"'{cell}"
    return cell.isoformat() if isinstance(cell, date | datetime) else cell


def csv_lines(header: Iterable[str], rows: Iterable[Iterable[Cell]]) -> Iterator[str]:
    """Lines of a CSV file (RFC 4180, CRLF), one at a time, so that a long one can be streamed."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([guarded(cell) for cell in header])
    yield _taken(buffer)
    for cells in rows:
        writer.writerow([guarded(cell) for cell in cells])
        yield _taken(buffer)


def _taken(buffer: io.StringIO) -> str:
    line = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return line
