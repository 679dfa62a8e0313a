"""Top-1 and top-5 accuracy of ranked tags, with Wilson intervals, by size class and by group.

    python -m ml.evals.tags --tags tags.jsonl

reads one region a line: {"region": 7, "ranked": ["cat", "dog"], "truth": ["cat", "kitten"], "box": [x1, y1, x2, y2],
"group": "rare third"}; box (pixels) and group may be missing. Top-k is right when any of the first k is true. Tags
are compared as concepts are: NFKC, case folded, single spaces.
"""

from __future__ import annotations

import argparse
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml.evals import commands
from ml.evals.inputs import InputError, corner_box, key_field, read_lines, text_field, texts_field
from ml.evals.shares import Share
from ml.evals.size_classes import SIZE_CLASSES, size_class


@dataclass(frozen=True)
class RankedTags:
    """What a model says of one region, best first, and what is true of it. box: (x1, y1, x2, y2) in pixels."""

    ranked: Sequence[str]
    truth: Sequence[str]
    box: tuple[float, float, float, float] | None = None
    group: str | None = None


class _Accuracy:
    def __init__(self) -> None:
        self.top1, self.top5 = Share(), Share()

    def as_dict(self) -> dict[str, Any]:
        return {"top1": self.top1.as_dict(), "top5": self.top5.as_dict()}


def score(regions: Iterable[RankedTags]) -> dict[str, Any]:
    """{"top1", "top5", "by_size", "by_group"}; a share is {"share", "low", "high", "hits", "n"}."""
    everything = _Accuracy()
    sizes: dict[str, _Accuracy] = {}
    groups: dict[str, _Accuracy] = {}
    for region in regions:
        members = [everything]
        if region.box is not None:
            members.append(sizes.setdefault(size_class(region.box), _Accuracy()))
        if region.group is not None:
            members.append(groups.setdefault(region.group, _Accuracy()))
        truth = {concept(tag) for tag in region.truth}
        ranks = [concept(tag) in truth for tag in region.ranked[:5]]
        for accuracy in members:
            accuracy.top1.add(any(ranks[:1]))
            accuracy.top5.add(any(ranks))
    return {
        **everything.as_dict(),
        "by_size": {name: sizes[name].as_dict() for name in SIZE_CLASSES if name in sizes},
        "by_group": {name: groups[name].as_dict() for name in sorted(groups)},
    }


def concept(text: str) -> str:
    """The text by which concepts are told apart (design §1)."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def read_tags(path: Path) -> Iterator[RankedTags]:
    """The regions of a JSON-lines file, one at a time. Raises InputError that names the line."""
    known: set[int | str] = set()
    for where, record in read_lines(path):
        region = key_field(record, "region", where)
        if region in known:
            raise InputError(f"{where}: region {region!r} appears twice")
        known.add(region)
        yield RankedTags(
            ranked=texts_field(record, "ranked", where),
            truth=texts_field(record, "truth", where),
            box=corner_box(record, "box", where) if record.get("box") is not None else None,
            group=text_field(record, "group", where) if record.get("group") is not None else None,
        )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = commands.parser("tags", "Top-1 and top-5 accuracy of ranked tags, with Wilson intervals.")
    parser.add_argument("--tags", type=Path, required=True, help="JSON lines: region, ranked, truth, box, group")
    return commands.run(parser.parse_args(arguments), parser.prog, _evaluate)


def _evaluate(options: argparse.Namespace) -> dict[str, Any]:
    return score(read_tags(options.tags))


if __name__ == "__main__":
    sys.exit(main())
