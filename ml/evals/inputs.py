"""Reading what an evaluation is given: JSON and JSON lines, with errors that name the file and the record."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from math import isfinite
from pathlib import Path
from typing import Any

MAX_LINE_BYTES = 16 * 2**20
"""A longer line in a JSON-lines file is refused before it is held in memory."""


class InputError(ValueError):
    """A file or record cannot be evaluated; the text names it and says what is wrong."""


def read_json(path: Path) -> Any:
    """The content of a JSON file. Raises InputError when it is missing, empty or not JSON."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as problem:
        raise InputError(f"{path}: not UTF-8 text ({problem.reason} at byte {problem.start})") from problem
    except OSError as problem:
        raise InputError(f"{path}: {problem.strerror or problem}") from problem
    if not text.strip():
        raise InputError(f"{path}: the file is empty")
    return _parsed(text, str(path))


def read_records(path: Path) -> list[Mapping[str, Any]]:
    """A JSON file that is a list of objects, at least one. Raises InputError."""
    content = read_json(path)
    if not isinstance(content, list):
        raise InputError(f"{path}: a JSON list of records is expected, not {_kind(content)}")
    if not content:
        raise InputError(f"{path}: holds no records")
    for index, record in enumerate(content):
        if not isinstance(record, dict):
            raise InputError(f"{path}, record {index}: an object is expected, not {_kind(record)}")
    return content


def read_lines(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The objects of a JSON-lines file with their place ("FILE, line N"), one at a time; blank lines are passed over.

    Raises InputError for a line that is too long, not JSON or not an object, and for a file without records.
    """
    found = False
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(MAX_LINE_BYTES + 1):
                number += 1
                where = f"{path}, line {number}"
                if len(line) > MAX_LINE_BYTES:
                    raise InputError(f"{where}: longer than {MAX_LINE_BYTES} bytes")
                if not line.strip():
                    continue
                found = True
                yield where, _object(line, where)
    except OSError as problem:
        raise InputError(f"{path}: {problem.strerror or problem}") from problem
    if not found:
        raise InputError(f"{path}: the file is empty")


def field(record: Mapping[str, Any], name: str, where: str) -> Any:
    """`record[name]`. Raises InputError that names the record."""
    if name not in record:
        raise InputError(f"{where}: lacks '{name}'")
    return record[name]


def text_field(record: Mapping[str, Any], name: str, where: str) -> str:
    """A field that is text. Raises InputError."""
    value = field(record, name, where)
    if not isinstance(value, str):
        raise InputError(f"{where}: '{name}' is {_kind(value)}, not text")
    return value


def key_field(record: Mapping[str, Any], name: str, where: str) -> int | str:
    """A field that identifies something: a whole number or text that is not blank. Raises InputError."""
    value = field(record, name, where)
    if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
        raise InputError(f"{where}: '{name}' is {_kind(value)}, not a whole number or text")
    return value


def number_field(record: Mapping[str, Any], name: str, where: str) -> float:
    """A field that is a finite number. Raises InputError."""
    value = field(record, name, where)
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise InputError(f"{where}: '{name}' is {value!r}, not a finite number")
    return float(value)


def numbers_field(record: Mapping[str, Any], name: str, length: int, where: str) -> list[float]:
    """A field that is a list of `length` finite numbers. Raises InputError."""
    value = field(record, name, where)
    if not isinstance(value, list) or len(value) != length:
        raise InputError(f"{where}: '{name}' is not a list of {length} numbers")
    for part in value:
        if isinstance(part, bool) or not isinstance(part, int | float) or not isfinite(part):
            raise InputError(f"{where}: '{name}' holds {part!r}, which is not a finite number")
    return [float(part) for part in value]


def corner_box(record: Mapping[str, Any], name: str, where: str) -> tuple[float, float, float, float]:
    """A field that is a box (x1, y1, x2, y2) in pixels, x2 > x1 and y2 > y1. Raises InputError."""
    x1, y1, x2, y2 = numbers_field(record, name, 4, where)
    if not (x2 > x1 and y2 > y1):
        raise InputError(f"{where}: '{name}' [{x1:g}, {y1:g}, {x2:g}, {y2:g}] is inverted or empty")
    return x1, y1, x2, y2


def texts_field(record: Mapping[str, Any], name: str, where: str) -> list[str]:
    """A field that is a list of texts, at least one. Raises InputError."""
    value = field(record, name, where)
    if not isinstance(value, list) or not value or not all(isinstance(part, str) for part in value):
        raise InputError(f"{where}: '{name}' is not a list of texts with at least one")
    return value


def _object(line: bytes, where: str) -> Mapping[str, Any]:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise InputError(f"{where}: not UTF-8 text") from problem
    record = _parsed(text, where)
    if not isinstance(record, dict):
        raise InputError(f"{where}: an object is expected, not {_kind(record)}")
    return record


def _parsed(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise InputError(f"{where}: not JSON ({problem})") from problem


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), f"a number ({value!r})") if value != "" else "empty text"
