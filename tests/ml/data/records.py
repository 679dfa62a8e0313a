"""Manifests made for a test."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def align(number: int) -> dict[str, Any]:
    """A record that can be told apart by its image's name."""
    record = {"task": "align", "image": f"{number}.png", "width": 8, "height": 8}
    return {**record, "boxes": [[0, 0, 4, 4]], "tags": [{"accepted": [f"thing {number}"]}]}


def generate(number: int) -> dict[str, Any]:
    messages = [{"role": "user", "content": "Which?"}, {"role": "assistant", "content": f"Number {number}."}]
    return {"task": "generate", "image": f"{number}.png", "width": 8, "height": 8, "messages": messages}


def write(path: Path, lines: Iterable[Any]) -> Path:
    with path.open("w") as file:
        for line in lines:
            file.write((line if isinstance(line, str) else json.dumps(line)) + "\n")
    return path
