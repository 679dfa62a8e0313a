"""Train a model from a manifest. Configurations: ml/configs; everything else: docs/training.md.

    python -m ml.train --config ml/configs/rclip-tiny.yaml --manifest train.jsonl --out run

The same command again goes on from the last checkpoint in OUT. Exit codes: 0 finished, 2 cannot be used as given,
3 too many bad lines, 4 loss not finite, 5 the disk refuses, 75 interrupted after a checkpoint.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ml.training.faults import FINISHED, WRONG_USE, TrainingStopped
from ml.training.launches import Order, OrderRefused, launch


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    order = Order(
        config=options.config,
        changes=options.changes,
        manifests=options.manifests,
        images=options.images,
        out=options.out,
        init=options.init,
        device=options.device,
    )
    try:
        launch(order)
    except TrainingStopped as stopped:
        sys.stderr.write(f"ml.train: {stopped}\n")
        return stopped.code
    except OrderRefused as error:
        sys.stderr.write(f"ml.train: {error}\n")
        return WRONG_USE
    return FINISHED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ml.train", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, required=True, help="YAML file with the parts model and training")
    parser.add_argument(
        "--manifest",
        type=Path,
        required=True,
        action="append",
        dest="manifests",
        help="JSONL; may be given several times",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of this run: checkpoints, progress, the result")
    parser.add_argument("--init", type=Path, help="checkpoint folder to start from (fine-tuning)")
    parser.add_argument("--images", type=Path, help="folder that image names are relative to; else the manifest's own")
    parser.add_argument("--device", help="torch device; default: CUDA where there is one")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        dest="changes",
        metavar="KEY=VALUE",
        help="replace a field of the configuration, for example training.steps=100",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
