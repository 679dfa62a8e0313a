"""Lists of meanings: CSV with the columns `name` and `meaning`, or JSONL with these keys."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from django.utils.translation import gettext as _

from webapp.core.errors import BadInput

COLUMNS: Final = ("name", "meaning")
LONGEST_LINE: Final = 100_000


def read_meanings(path: Path) -> Iterator[tuple[str, str]]:
    """(name, meaning) of each line, one at a time. Raises BadInput with the number of the line."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from _jsonl(file) if path.suffix.lower() in {".jsonl", ".ndjson"} else _csv(file)
    except OSError as error:
        raise BadInput(_("%(file)s cannot be read: %(why)s") % {"file": path, "why": error.strerror}) from error
    except UnicodeDecodeError as error:
        raise BadInput(_("%(file)s is not UTF-8. Save it as UTF-8 and try again.") % {"file": path}) from error


def _csv(lines: Iterator[str]) -> Iterator[tuple[str, str]]:
    rows = csv.DictReader(lines, strict=True)
    try:
        if not set(COLUMNS) <= set(rows.fieldnames or ()):
            raise BadInput(_("The first line must name the columns name and meaning."))
        for row in rows:
            if row["name"] is None or row["meaning"] is None:
                raise BadInput(_("Line %(line)s has too few columns.") % {"line": rows.line_num})
            yield row["name"], row["meaning"]
    except csv.Error as error:
        raise BadInput(_("Line %(line)s: %(why)s") % {"line": rows.line_num, "why": error}) from error


def _jsonl(lines: Iterator[str]) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(_bounded(lines), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            raise BadInput(_("Line %(line)s is not JSON.") % {"line": number}) from error
        if not isinstance(row, dict) or not all(isinstance(row.get(name), str) for name in COLUMNS):
            raise BadInput(_("Line %(line)s needs the texts name and meaning.") % {"line": number})
        yield row["name"], row["meaning"]


def _bounded(lines: Iterator[str]) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        if len(line) > LONGEST_LINE:
            raise BadInput(_("Line %(line)s is too long.") % {"line": number})
        yield line
