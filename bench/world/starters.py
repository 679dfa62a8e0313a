"""Trains the starter checkpoints of `ml/starters`.

    python -m bench.world.starters clip --out ml/starters/starter-clip
    python -m bench.world.starters asm --out ml/starters/starter-asm

Starters see the starter domain only: its seeds and backgrounds are in no corpus and in no hold-out.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.world.starters", description="Trains a starter checkpoint on the synthetic world."
    )
    parser.add_argument("starter", choices=("clip", "asm"))
    parser.add_argument("--out", type=Path, required=True, help="folder of the checkpoint")
    parser.add_argument("--steps", type=int, help="training steps (default: those of the model card)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args(arguments)

    import torch

    torch.set_num_threads(options.threads)
    if options.starter == "clip":
        from . import starter_clip

        starter_clip.train(options.out, steps=options.steps or starter_clip.STEPS, seed=options.seed)
    else:
        from . import starter_asm

        starter_asm.train(options.out, steps=options.steps or starter_asm.STEPS, seed=options.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
