"""What the evaluation commands share: how they report, and how they fail."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import Any

from ml.evals.inputs import InputError

Result = Mapping[str, Any]


def parser(module: str, description: str | None) -> argparse.ArgumentParser:
    """A parser for `python -m ml.evals.MODULE` that knows `--json`."""
    options = argparse.ArgumentParser(prog=f"python -m ml.evals.{module}", description=description)
    options.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    return options


def run(options: argparse.Namespace, program: str, evaluate: Callable[[argparse.Namespace], Result]) -> int:
    """Evaluates and prints; the exit status: 0, or 2 with the reason on stderr when the input cannot be evaluated."""
    try:
        result = evaluate(options)
    except (InputError, OSError) as problem:
        sys.stderr.write(f"{program}: error: {problem}\n")
        return 2
    sys.stdout.write("".join(f"{line}\n" for line in as_lines(result)))
    if options.json:
        sys.stdout.write(json.dumps(finite(result), ensure_ascii=False, allow_nan=False) + "\n")
    return 0


def as_lines(result: Result, indent: str = "") -> list[str]:
    """A result as text: one line a figure, nested ones indented under their name."""
    width = max((len(str(name)) for name in result), default=0)
    lines = []
    for name, value in result.items():
        if isinstance(value, Mapping):
            lines += [f"{indent}{name}", *as_lines(value, indent + "  ")]
        else:
            lines.append(f"{indent}{name:<{width}}  {_shown(value)}")
    return lines


def finite(value: Any) -> Any:
    """`value` with NaN and infinities as None, which JSON can say."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(name): finite(part) for name, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [finite(part) for part in value]
    return value


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6f}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(_shown(part) for part in value) + "]"
    return "-" if value is None else str(value)
