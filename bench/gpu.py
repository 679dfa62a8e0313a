"""All figures of the models on one GPU, in one command: training, scoring and answering in bfloat16.

    python -m bench.gpu --json                          on a machine with a CUDA device, under 8 minutes
    python -m bench.gpu --device cpu --quick --json     the same code with tiny models, to see that it runs

The share of the device's matrix rate is measured here: the rate by large bfloat16 products before and after the
training steps (the better of both counts), the steps by counted operations (bench.training_shares). R-CLIP is CLIP
ViT-L/14 at 224 px with random weights, 256 photos of 8 regions; ASM has a tower of that shape and a Llama of 1.1B. The
other figures are those of bench.rclip_step, bench.region_scoring and bench.asm_generate, each a process of its own.

A part that cannot run here, for lack of a package or of memory, is named with its reason, and the others go on. A
machine without a network is brought what it lacks as wheels, for its version of Python and with `--wheels WHEELS`:

    pip download --no-deps -d WHEELS open_clip_torch ftfy wcwidth orjson
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from . import reporting

if TYPE_CHECKING:
    from .training_shares import Step

GOALS: Final = {
    "rclip_share_of_matrix_rate": (reporting.AT_LEAST, 0.40),
    "ratio_to_open_clip": (reporting.AT_LEAST, 0.9),
    "speedup_over_crops": (reporting.AT_LEAST, 20.0),
    "asm_speedup_batched": (reporting.AT_LEAST, 10.0),
}
HEADLINES: Final = {
    "ratio_to_open_clip": ("rclip_step", "ratio_to_open_clip"),
    "speedup_over_crops": ("region_scoring", "speedup_over_crops"),
    "asm_speedup_batched": ("asm_generate", "speedup_batched"),
}
"""Figures of other benches that stand beside ours."""

BUDGET_S: Final = 470.0
"""After this no part is left running."""

Part = Callable[[], dict[str, Any]]


class Sizes:
    """What each part is run with."""

    def __init__(self, device: str, *, quick: bool) -> None:
        self.rclip, self.asm = ("tiny", "tiny") if quick else ("ViT-L-14", "base")
        self.images = 2 if quick else 256
        self.conversations = 1 if quick else 128
        self.rounds = 1 if quick else 12
        self.sides = (128,) if quick else (4096, 8192, 16384)
        self.benches: dict[str, list[str]] = {
            "rclip_step": _words("--tower tiny --batch 2 --rounds 1" if quick else "--tower ViT-L-14 --batch 256"),
            "region_scoring": _words(
                "--tower tiny --boxes 3 --tags 4 --rounds 1" if quick else "--tower ViT-L-14 --boxes 300 --tags 1000"
            ),
            "asm_generate": _words(
                "--size tiny --batch 4 --count 4 --singles 2 --tokens 2 --rounds 1"
                if quick
                else "--size base --batch 64 --count 256 --singles 16 --tokens 32 --rounds 3"
            ),
        }
        for arguments in self.benches.values():
            arguments += ["--device", device, "--json"]


def training(device_name: str, sizes: Sizes, *, compiled: bool) -> dict[str, Any]:
    """The matrix rate, and the shares of it that the training steps of both families reach."""
    import torch

    from . import training_shares as shares

    device = torch.device(device_name)
    rate = shares.matrix_rate(device, sizes.sides, sizes.rounds)
    steps: dict[str, Callable[[], Step]] = {
        "rclip": lambda: shares.rclip_step(sizes.rclip, device, images=sizes.images),
        "asm": lambda: shares.asm_step(sizes.asm, device, images=sizes.conversations),
    }
    figures: dict[str, Any] = {}
    not_run: dict[str, str] = {}
    for name, make in steps.items():
        found, why = attempt(partial(_measured, make, sizes.rounds, compiled))
        figures.update({f"{name}_{key}": value for key, value in found.items()})
        not_run.update({f"{name} training": why} if why else {})
        gc.collect()
        if device.type == "cuda":
            torch.cuda.empty_cache()
    rate = max(rate, shares.matrix_rate(device, sizes.sides, sizes.rounds))
    for name in steps:
        if (done := figures.get(f"{name}_tera_operations_per_s")) is not None:
            figures[f"{name}_share_of_matrix_rate"] = round(done * 1e12 / rate, 4)
    figures["matrix_rate_tera_operations_per_s"] = float(f"{rate / 1e12:.4g}")
    figures["device"] = torch.cuda.get_device_name(device) if device.type == "cuda" else device_name
    return {"figures": figures, "not_run": not_run}


def _measured(make: Callable[[], Step], rounds: int, compiled: bool) -> dict[str, Any]:
    from . import training_shares as shares

    return shares.measure(make(), rounds=rounds, compiled=compiled)


def attempt(part: Part) -> tuple[dict[str, Any], str]:
    """What the part found, or nothing and why it could not run."""
    try:
        return part(), ""
    except ModuleNotFoundError as error:
        return {}, f"the package {error.name} is not installed here"
    except (RuntimeError, ValueError, OSError, ImportError) as error:
        return {}, f"{type(error).__name__}: {' '.join(str(error).split())[:500]}"


def run_bench(name: str, arguments: Sequence[str], seconds: float) -> dict[str, Any]:
    """The figures of `python -m bench.NAME`. Raises RuntimeError with the end of what it said."""
    command = [sys.executable, "-m", f"bench.{name}", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=max(seconds, 1.0), check=False)
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"it took more than the {seconds:.0f} s that were left") from None
    lines = done.stdout.strip().splitlines()
    if done.returncode != 0 or not lines:
        said = done.stderr.strip().splitlines() or ["nothing"]
        raise RuntimeError(f"exit code {done.returncode}: {said[-1]}")
    figures: dict[str, Any] = json.loads(lines[-1])["figures"]
    return figures


def unpack_wheels(folder: Path, target: Path) -> None:
    """Makes the wheels' packages importable here and in the benches that are started."""
    wheels = sorted(folder.glob("*.whl"))
    if not wheels:
        raise ValueError(f"--wheels {folder}: there is no wheel in it")
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(target)
    sys.path.insert(0, str(target))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(target), os.environ.get("PYTHONPATH", "")]))


def measure(device: str, sizes: Sizes, *, compiled: bool) -> dict[str, Any]:
    """All figures, flat; `not_run` says what is missing and why; `benches` holds those of the other commands whole."""
    started = time.monotonic()
    found, why = attempt(lambda: training(device, sizes, compiled=compiled))
    figures: dict[str, Any] = found.get("figures", {})
    not_run: dict[str, str] = found.get("not_run", {"training": why})
    benches: dict[str, dict[str, Any]] = {}
    for name, arguments in sizes.benches.items():
        left = BUDGET_S - (time.monotonic() - started)
        benches[name], why = attempt(partial(run_bench, name, arguments, left))
        if why:
            not_run[name] = why
    for name, (bench, figure) in HEADLINES.items():
        figures[name] = benches.get(bench, {}).get(figure)
    figures["seconds"] = round(time.monotonic() - started, 1)
    return {**figures, "not_run": not_run, "benches": benches}


def show(figures: Mapping[str, Any]) -> None:
    for name, value in figures.items():
        if not isinstance(value, Mapping):
            print(f"{name:>40}: {value}")
    for name, reason in figures["not_run"].items():
        print(f"{name} was not run: {reason}")


def main(arguments: Sequence[str] | None = None) -> int:
    options = reporting.parser("gpu", __doc__)
    options.add_argument("--device", default="cuda", help="cuda or cpu (default: cuda)")
    options.add_argument("--quick", action="store_true", help="tiny models: shows that it runs, measures nothing")
    options.add_argument("--compile", action="store_true", help="torch.compile the layers of the training steps")
    options.add_argument("--wheels", type=Path, help="folder of wheels of packages that are not installed here")
    given = options.parse_args(arguments)
    try:
        import torch
    except ModuleNotFoundError:
        options.error("torch is not installed here: pip install 'argus-data-engine[models]'")
    if given.device.startswith("cuda") and not torch.cuda.is_available():
        options.error("torch finds no CUDA device here; --device cpu --quick shows that the code runs")
    with tempfile.TemporaryDirectory() as place:
        if given.wheels is not None:
            try:
                unpack_wheels(given.wheels, Path(place))
            except (OSError, ValueError, zipfile.BadZipFile) as error:
                options.error(str(error))
        figures = measure(given.device, Sizes(given.device, quick=given.quick), compiled=given.compile)
    if not given.json:
        show(figures)
    reporting.report("gpu", figures, {} if given.quick else GOALS)
    return 0


def _words(text: str) -> list[str]:
    return text.split()


if __name__ == "__main__":
    sys.exit(main())
