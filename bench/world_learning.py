"""Does the loop learn? Algorithm 2 on the synthetic world, and its ablations.

Loop 0: the starter annotates every proposal from its crop (5 tags of the world's vocabulary), an R-CLIP is trained on
what cleaning keeps. Loops 1 to 3: people judge at most 10 % of the regions, chosen by concept, the R-CLIP learns from
all verdicts so far and annotates again. Measured on 2,000 regions of the corpus that nobody sees and nothing learns
from, and on a hold-out of 20 % of the pictures with backgrounds of their own; tags over regions that show a thing.
"""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.learning.sizes import CUDA, FULL, QUICK, Sizes
from bench.reporting import AT_LEAST, Goal, parser, report

GOALS: dict[str, Goal] = {
    "loop0_top1": (AT_LEAST, 50.0),
    "loop3_top1": (AT_LEAST, 80.6),
    "loop3_gain": (AT_LEAST, 25.0),
    "verified_low": (AT_LEAST, 95.5),
    "verified_percent": (AT_LEAST, 97.0),
}
PARTS = ("main", "questions", "ablations")


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    import torch

    torch.set_num_threads(options.threads)
    sizes = _sizes(options)
    started = time.perf_counter()
    with TemporaryDirectory() as temporary:
        out = options.out or Path(temporary)
        figures: dict[str, Any] = {"sizes": _described(sizes), "device": options.device}
        if options.only:
            figures.update(_run(options.only, out, sizes, options))
        else:
            figures.update(_run_all(out, sizes, options))
        figures["seconds"] = round(time.perf_counter() - started)
    goals = {name: goal for name, goal in GOALS.items() if options.only in (None, "main")}
    report("world_learning", figures, goals)
    return 0


def _run(part: str, out: Path, sizes: Sizes, options: Namespace) -> dict[str, Any]:
    from bench.learning.runs import ablations, main_run

    if part == "main":
        return main_run(out, sizes, seed=options.seed, device=options.device)
    if part == "ablations":
        return ablations(out, sizes, first_seed=options.seed, device=options.device)
    from bench.learning.question_runs import question_run

    return question_run(out, sizes, seed=options.seed, device=options.device)


def _run_all(out: Path, sizes: Sizes, options: Namespace) -> dict[str, Any]:
    """On several cores the main run has a process of its own, and the questions follow its loops: two processes of one
    thread get more out of two cores than one process of two threads."""
    if options.device != "cpu" or options.threads < 2:
        return {name: figure for part in PARTS for name, figure in _run(part, out, sizes, options).items()}
    import torch

    from bench.learning.question_runs import question_run
    from bench.learning.runs import main_run

    beside = options.threads // 2
    torch.set_num_threads(beside)
    with ProcessPoolExecutor(
        1, get_context("spawn"), initializer=torch.set_num_threads, initargs=(options.threads - beside,)
    ) as processes:
        main_result = processes.submit(main_run, out, sizes, seed=options.seed, device=options.device)
        figures = _run("ablations", out, sizes, options)
        await_loop = partial(_await_loop, main_result, out, options.seed)
        figures |= question_run(out, sizes, seed=options.seed, device=options.device, await_loop=await_loop)
        return main_result.result() | figures


def _await_loop(main_result: Future[dict[str, Any]], out: Path, seed: int, number: int) -> None:
    from bench.learning.runs import has_loop

    while not has_loop(out, seed, number):
        with suppress(TimeoutError):
            main_result.result(timeout=1)  # raises if the main run failed


def _options(arguments: list[str] | None) -> Namespace:
    options = parser("world_learning", __doc__)
    options.add_argument("--quick", action="store_true", help="sizes that fit 40 minutes on 2 cores")
    options.add_argument("--only", choices=PARTS, help="one part alone")
    options.add_argument("--seeds", type=int, help="seeds of the ablations (five make a claim)")
    options.add_argument("--seed", type=int, default=1, help="first seed (default: %(default)s)")
    options.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="cuda takes larger sizes")
    options.add_argument("--out", type=Path, metavar="DIR", help="keeps results here; an interrupted run goes on")
    options.add_argument(
        "--threads",
        type=int,
        default=2,
        help="of the processor (default: %(default)s); two: the main run beside the other parts",
    )
    return options.parse_args(arguments)


def _sizes(options: Namespace) -> Sizes:
    sizes = QUICK if options.quick else CUDA if options.device == "cuda" else FULL
    return replace(sizes, seeds=options.seeds) if options.seeds else sizes


def _described(sizes: Sizes) -> dict[str, int]:
    return {name: getattr(sizes, name) for name in Sizes.__slots__}


if __name__ == "__main__":
    sys.exit(main())
