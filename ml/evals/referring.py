"""Accuracy of referring expressions: the share of answers whose box overlaps the true one with IoU 0.5 or more.

    python -m ml.evals.referring --ground-truth truth.jsonl --results answers.jsonl [--coordinates plain]

Truth, one expression a line: {"id": 1, "box": [x1, y1, x2, y2], "width": 640, "height": 480, "group": "testA"}; group
may be missing. Results: {"id": 1, "box": [x1, y1, x2, y2]} in pixels, or {"id": 1, "text": "... <box>[[290, 260, 835,
781]]</box>"}, an answer of All-Seeing v2, of which the first box counts (see ml.evals.relation_texts). An answer
without a box that can be read is wrong, and counted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from pathlib import Path
from typing import Any

from ml.evals import commands
from ml.evals.inputs import InputError, corner_box, key_field, number_field, read_lines, text_field
from ml.evals.relation_texts import SCALE, Box, Coordinates, boxes_in, to_pixels
from ml.evals.shares import Share

Key = int | str


@dataclass(frozen=True)
class Expression:
    """The true box (x1, y1, x2, y2) of an expression in pixels, on an image of width x height."""

    box: Box
    width: float
    height: float
    group: str | None = None


def iou(a: Box, b: Box) -> float:
    """Intersection over union of two boxes with positive area."""
    across = min(a[2], b[2]) - max(a[0], b[0])
    down = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(across, 0.0) * max(down, 0.0)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def score(
    expressions: Mapping[Key, Expression], answers: Mapping[Key, Box | None], *, threshold: float = 0.5
) -> dict[str, Any]:
    """{"accuracy": share with its interval, "mean_iou", "unreadable", "by_group"}; None is an answer without a box."""
    everything = Share()
    groups: dict[str, Share] = {}
    overlaps = []
    for key, expression in expressions.items():
        answer = answers[key]
        overlaps.append(iou(answer, expression.box) if answer else 0.0)
        everything.add(overlaps[-1] >= threshold)
        if expression.group is not None:
            groups.setdefault(expression.group, Share()).add(overlaps[-1] >= threshold)
    return {
        "accuracy": everything.as_dict(),
        "mean_iou": fsum(overlaps) / len(overlaps),
        "unreadable": sum(answers[key] is None for key in expressions),
        "by_group": {name: groups[name].as_dict() for name in sorted(groups)},
    }


def read_expressions(path: Path) -> dict[Key, Expression]:
    """The true boxes by id. Raises InputError that names the line."""
    found: dict[Key, Expression] = {}
    for where, record in read_lines(path):
        key = key_field(record, "id", where)
        if key in found:
            raise InputError(f"{where}: id {key!r} appears twice")
        width, height = (number_field(record, side, where) for side in ("width", "height"))
        box = corner_box(record, "box", where)
        if min(box) < 0 or box[2] > width or box[3] > height:
            raise InputError(f"{where}: 'box' reaches out of the image of {width:g} x {height:g}")
        group = text_field(record, "group", where) if record.get("group") is not None else None
        found[key] = Expression(box, width, height, group)
    return found


def read_results(path: Path, expressions: Mapping[Key, Expression], coordinates: Coordinates) -> dict[Key, Box | None]:
    """An answer for every expression. Raises InputError that names the line."""
    answers: dict[Key, Box | None] = {}
    for where, record in read_lines(path):
        key = key_field(record, "id", where)
        if key not in expressions:
            raise InputError(f"{where}: id {key!r} is not in the ground truth")
        if key in answers:
            raise InputError(f"{where}: id {key!r} has an answer already")
        if "box" in record:
            answers[key] = corner_box(record, "box", where)
        else:
            answers[key] = first_box(text_field(record, "text", where), expressions[key], coordinates)
    if len(answers) < len(expressions):
        missing = next(key for key in expressions if key not in answers)
        raise InputError(f"{path}: {len(expressions) - len(answers)} ids have no answer, {missing!r} among them")
    return answers


def first_box(text: str, expression: Expression, coordinates: Coordinates) -> Box | None:
    """The first box of an answer in pixels of the image; None when there is none, or it is inverted or out of range."""
    first = next(boxes_in(text), None)
    if first is None or max(first) > SCALE or first[0] >= first[2] or first[1] >= first[3]:
        return None
    box = to_pixels(first, expression.width, expression.height, coordinates)
    return box if box[0] < box[2] and box[1] < box[3] else None


def main(arguments: Sequence[str] | None = None) -> int:
    parser = commands.parser("referring", "Accuracy of referring expressions at IoU 0.5.")
    parser.add_argument("--ground-truth", type=Path, required=True, help="JSON lines: id, box, width, height, group")
    parser.add_argument("--results", type=Path, required=True, help="JSON lines: id and box, or id and text")
    parser.add_argument(
        "--coordinates",
        choices=["padded", "plain"],
        default="padded",
        help="what the numbers in texts refer to: the image padded to a square (default), or the image itself",
    )
    return commands.run(parser.parse_args(arguments), parser.prog, _evaluate)


def _evaluate(options: argparse.Namespace) -> dict[str, Any]:
    expressions = read_expressions(options.ground_truth)
    return score(expressions, read_results(options.results, expressions, options.coordinates))


if __name__ == "__main__":
    sys.exit(main())
