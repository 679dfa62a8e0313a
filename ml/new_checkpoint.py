"""Makes a checkpoint of a model that nobody trained yet: downloaded weights in the form that rosters and `--init` take.

    python -m ml.new_checkpoint --config ml/configs/rclip-paper.yaml --out var/models/clip-vit-l-14

CONFIG is one of `ml.train`; only its part `model` counts. Weights come from where it names them (docs/models.md); a
part without weights is random. Exit code 2: it cannot be made; nothing is written then.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ml.checkpoint import save_model
from ml.registry import family_of
from ml.training.configs import model_config, read_run_config
from ml.training.provenance import code_version, library_versions

WRONG_USE = 2


def new_checkpoint(config: Path, out: Path, changes: Sequence[str] = ()) -> None:
    """Raises ValueError where the configuration or the weights it names cannot be used, or `out` exists;
    CheckpointNotWritten."""
    if out.exists():
        raise ValueError(f"{out} exists: name another folder, or remove it")
    values = model_config(read_run_config(config, changes).model, None)
    described = values.to_dict()
    model = family_of(described["kind"]).build_function()(values)
    provenance = {"step": 0, "started_from": described, "code": code_version(), "libraries": library_versions()}
    save_model(out, model, provenance)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m ml.new_checkpoint", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, required=True, help="YAML file with the part model")
    parser.add_argument("--out", type=Path, required=True, help="the checkpoint folder")
    parser.add_argument(
        "--set", action="append", default=[], dest="changes", metavar="KEY=VALUE", help="as of ml.train: model.x=y"
    )
    given = parser.parse_args(arguments)
    try:
        new_checkpoint(given.config, given.out, given.changes)
    except (ValueError, OSError) as error:
        sys.stderr.write(f"ml.new_checkpoint: {error}\n")
        return WRONG_USE
    sys.stdout.write(f"{given.out}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
