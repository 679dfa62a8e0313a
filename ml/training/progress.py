"""`progress.jsonl`: one JSON object a line, the last of which tells the state of the run."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from ml.training.faults import DiskRefused

PROGRESS: Final = "progress.jsonl"
_CHUNK = 2**16


class ProgressFile:
    """Appends events, each flushed to the file as a whole line."""

    def __init__(self, path: Path) -> None:
        _drop_torn_line(path)
        self._file = path.open("ab", buffering=0)

    def write(self, event: str, **values: Any) -> None:
        """Numbers that are not finite are written as null, since JSON has no others. Raises DiskRefused."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        # ASCII: some readers take U+2028 in a text for the end of a line.
        data = json.dumps(_finite({"event": event, "time": now, **values}), allow_nan=False).encode() + b"\n"
        try:
            written = self._file.write(data)
        except OSError as error:
            raise DiskRefused(f"{self._file.name} could not be written: {error}") from error
        if written != len(data):
            raise DiskRefused(f"{self._file.name}: only {written} of {len(data)} bytes could be written")

    def close(self) -> None:
        self._file.close()


class Silent:
    """What processes other than the first write to."""

    def write(self, event: str, **values: Any) -> None:
        pass

    def close(self) -> None:
        pass


class Rates:
    """Sums over the steps since the last report, and the speed they went at."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._steps = 0
        self._values: dict[str, list[float]] = {}
        self.counts: dict[str, int] = {}

    def add(self, means: Mapping[str, float], counts: Mapping[str, int]) -> None:
        self._steps += 1
        for name, value in means.items():
            self._values.setdefault(name, []).append(value)
        for name, count in counts.items():
            self.counts[name] = self.counts.get(name, 0) + count

    def report(self, steps_left: int, counts: Mapping[str, int]) -> dict[str, Any]:
        """Means over the steps that had a value, images and regions per second, seconds to go; and starts anew.
        `counts` are those of all processes."""
        now = time.monotonic()
        seconds = max(now - self._since, 1e-9)
        steps = max(self._steps, 1)
        means = {name: sum(values) / len(values) for name, values in self._values.items()}
        report = {
            "loss": means.pop("loss", None),
            "parts": means,
            "counts": dict(counts),
            "images_per_second": round(counts.get("images", 0) / seconds, 2),
            "regions_per_second": round(counts.get("regions", 0) / seconds, 2),
            "seconds_left": round(seconds / steps * steps_left, 1),
        }
        self._since, self._steps, self._values, self.counts = now, 0, {}, {}
        return report


def _drop_torn_line(path: Path) -> None:
    """What a killed run wrote of its last line is removed."""
    if not path.exists():
        return
    with path.open("r+b") as file:
        size = end = file.seek(0, os.SEEK_END)
        while end:
            start = max(0, end - _CHUNK)
            file.seek(start)
            newline = file.read(end - start).rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                break
            end = start
        if end < size:
            file.truncate(end)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(part) for name, part in value.items()}
    return value
