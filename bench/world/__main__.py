"""Writes a synthetic world: pictures and unlabelled proposals, and the truth in a folder of its own."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from .coco import write_world
from .proposals import DISTRACTORS
from .seeds import DOMAINS, WorldError


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    if options.scenes < 1:
        print("--scenes must be at least 1.", file=sys.stderr)
        return 2
    if not 0 <= options.distractors < 1:
        print("--distractors is a share: at least 0, less than 1.", file=sys.stderr)
        return 2
    begun = time.monotonic()
    try:
        counts = write_world(
            options.out, options.truth or options.out / "truth", scenes=options.scenes, seed=options.seed,
            domain=options.domain, distractors=options.distractors,
        )  # fmt: skip
    except (WorldError, OSError) as error:
        print(f"The world cannot be written: {error}", file=sys.stderr)
        return 2
    seconds = {"seconds": round(time.monotonic() - begun, 2), "cpu_seconds": round(time.process_time(), 2)}
    print(json.dumps(counts | seconds))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.world", description=__doc__)
    parser.add_argument("--scenes", type=int, required=True, metavar="N", help="how many scenes")
    parser.add_argument("--seed", type=int, required=True, metavar="S", help="the same seed gives the same world")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="gets images/ and proposals.json")
    parser.add_argument("--truth", type=Path, metavar="DIR", help="gets the truth (default: OUT/truth)")
    parser.add_argument("--domain", choices=DOMAINS, default="corpus", help="family of backgrounds and seeds")
    parser.add_argument(
        "--distractors", type=float, default=DISTRACTORS, metavar="SHARE",
        help="share of the proposals that show no single thing (default: %(default)s)",
    )  # fmt: skip
    return parser


if __name__ == "__main__":
    sys.exit(main())
