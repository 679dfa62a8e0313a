"""What every bench has in common: its options, and the JSON object that is its last line of output."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from typing import Any, Final

AT_LEAST: Final = "at_least"
AT_MOST: Final = "at_most"

Goal = tuple[str, float]
"""(AT_LEAST or AT_MOST, bound)."""


def parser(bench: str, description: str | None) -> argparse.ArgumentParser:
    """A parser with `--json`; benches add their own sizes."""
    options = argparse.ArgumentParser(prog=f"python -m bench.{bench}", description=description)
    options.add_argument("--json", action="store_true", help="print nothing but the final JSON object")
    return options


def shortfalls(figures: Mapping[str, Any], goals: Mapping[str, Goal]) -> list[str]:
    """The goals that the figures do not reach; a goal without a figure is not reached."""
    short = []
    for name, (kind, bound) in goals.items():
        value = figures.get(name)
        reached = value is not None and (value >= bound if kind == AT_LEAST else value <= bound)
        if not reached:
            short.append(name)
    return short


def report(bench: str, figures: Mapping[str, Any], goals: Mapping[str, Goal]) -> None:
    """Prints `{"bench", "figures", "goals", "short"}` as one line, which must be the last."""
    result = {
        "bench": bench,
        "figures": dict(figures),
        "goals": {name: {kind: bound} for name, (kind, bound) in goals.items()},
        "short": shortfalls(figures, goals),
    }
    print(json.dumps(result), flush=True)
