"""Exports for tests: written to memory, and read back in every format."""

import io
import json
import zipfile
from datetime import date
from typing import Any

import pyarrow.parquet
import yaml

from verification.services.export_choices import wanted_export
from verification.services.export_files import write_export


class Bytes:
    """Collects what is written."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data


def exported(project: Any, kind: str = "tags", format: str = "jsonl", **choices: Any) -> bytes:
    """The file."""
    sink = Bytes()
    wanted = wanted_export(project=project, kind=kind, format=format, **choices)
    write_export(wanted, sink, lambda _progress: None)
    return sink.data


def lines_of(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.decode().splitlines()]


def rows_of(data: bytes) -> list[dict[str, Any]]:
    """The rows of a Parquet file as JSONL has them."""
    rows: list[dict[str, Any]] = pyarrow.parquet.read_table(io.BytesIO(data)).to_pylist()
    return [{key: _plain(value) for key, value in row.items()} for row in rows]


def members_of(data: bytes) -> dict[str, bytes]:
    """Name -> content; every checksum is right."""
    with zipfile.ZipFile(io.BytesIO(data)) as zipped:
        assert zipped.testzip() is None
        return {name: zipped.read(name) for name in zipped.namelist()}


def classes_of(members: dict[str, bytes]) -> dict[int, str]:
    names: dict[int, str] = yaml.safe_load(members["data.yaml"])["names"]
    return names


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value
