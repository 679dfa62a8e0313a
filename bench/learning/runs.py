"""The parts of the bench: the loops with their table, and the ablations over seeds."""

from __future__ import annotations

import sys
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final, cast

from bench.learning.ablations import one_seed
from bench.learning.comparisons import compared
from bench.learning.engines import World, build_engine
from bench.learning.fitting import Fit
from bench.learning.rounds import LOOPS, Engine, Settings, State, adapt, loop_zero, next_loop
from bench.learning.sizes import Sizes
from bench.learning.storage import read_state, remembered, write_state
from bench.learning.verified import verified_set
from bench.world.starter_clip import channels_last
from ml.checkpoint import load_model, save_model
from ml.rclip.model import RClip

VIEWS: Final = 4
"""Of every region in the main run."""

ARM_REGIONS: Final = 32
ARM_REPLAYED: Final = 80
ARM_RATE: Final = 1e-3
ARM_VIEWS: Final = 2
"""An ablation's steps: half of the main run's, gentler since there are few. With less replay every arm forgot more than
it learned."""


def main_run(out: Path, sizes: Sizes, *, seed: int, device: str) -> dict[str, Any]:
    """Loops 0 to 3, and the verified set."""
    engine = main_engine(out, sizes, seed=seed, device=device, features=not has_run(out, seed))
    folder = out / f"main-{seed}"
    loops = all_loops(engine, folder)
    state = read_state(folder / f"loop-{engine.settings.loops}")
    verified = remembered(
        folder / "verified.json",
        lambda: verified_set(engine.audit.oracle, engine.corpus, state.probabilities, seed),
    )
    print_table(loops)
    first, last = loops[0]["audit"], loops[-1]["audit"]
    return {
        "loops": loops, "verified": verified, "loop0_top1": first["top1"], "loop3_top1": last["top1"],
        "loop3_gain": round(last["top1"] - first["top1"], 2), "loop3_holdout_top1": loops[-1]["holdout"]["top1"],
        "loop0_holdout_top1": loops[0]["holdout"]["top1"],
        "verified_percent": verified["by_majority"]["percent"], "verified_low": verified["by_majority"]["interval"][0],
        "main_seconds": round(sum(loop["seconds"]["all"] for loop in loops)),
    }  # fmt: skip


def has_run(out: Path, seed: int) -> bool:
    """Whether all loops of the main run are on disk."""
    return all(has_loop(out, seed, number) for number in range(LOOPS + 1))


def has_loop(out: Path, seed: int, number: int) -> bool:
    """Whether that loop of the main run is on disk; its figures are written last."""
    return (out / f"main-{seed}" / f"loop-{number}" / "figures.json").is_file()


@lru_cache(maxsize=1)
def main_engine(out: Path, sizes: Sizes, *, seed: int, device: str, features: bool = True) -> Engine:
    """features: without them nothing can be annotated or trained, and it is there in seconds."""
    settings = Settings(
        adapting=Fit(sizes.adapting, seed=seed), first=Fit(sizes.first, seed=seed), later=Fit(sizes.later, seed=seed),
        views=VIEWS if features else 0, seed=seed, device=device,
    )  # fmt: skip
    return build_engine(World(out / "worlds", sizes.scenes, seed), settings)


def all_loops(engine: Engine, folder: Path) -> list[dict[str, Any]]:
    """Figures of every loop; those that are in the folder are read from it."""
    loops: list[dict[str, Any]] = []
    state: State | None = None
    for number in range(engine.settings.loops + 1):
        place = folder / f"loop-{number}"
        if (place / "figures.json").is_file():
            state = read_state(place)
        else:
            if state is None:
                state, figures = loop_zero(engine)
            else:
                state, figures = next_loop(engine, state, number)
            place.mkdir(parents=True, exist_ok=True)
            write_state(place, state)
            remembered(place / "figures.json", partial(dict, figures))
        loops.append(remembered(place / "figures.json", dict))
    return loops


def ablations(out: Path, sizes: Sizes, *, first_seed: int, device: str) -> dict[str, Any]:
    """All arms over seeds, and their paired differences."""
    seeds = []
    for number in range(sizes.seeds):
        seed = first_seed + 100 + number
        run = partial(_ablation, out, sizes, seed, first_seed, device)
        seeds.append(remembered(out / f"ablation-{seed}.json", run))
    return {"ablations": compared(seeds), "ablation_seeds": seeds}


def _ablation(out: Path, sizes: Sizes, seed: int, first_seed: int, device: str) -> dict[str, Any]:
    def fit_of(steps: int) -> Fit:
        return Fit(steps, regions=ARM_REGIONS, replayed=ARM_REPLAYED, rate=ARM_RATE, seed=seed)

    settings = Settings(
        adapting=Fit(sizes.arm_adapting, seed=first_seed), first=fit_of(sizes.arm_first), later=fit_of(sizes.arm_later),
        views=ARM_VIEWS, seed=seed, device=device,
    )  # fmt: skip
    engine = build_engine(World(out / "worlds", sizes.arm_scenes, seed), settings)
    folder = out / f"adapted-{first_seed}"
    if not folder.is_dir():
        save_model(folder, adapt(engine), {"written_by": "bench.world_learning"})
    return one_seed(engine, channels_last(cast(RClip, load_model(folder))))


def print_table(loops: list[dict[str, Any]]) -> None:
    """The table of the paper (Table 8), to stderr."""
    print("loop  top-1 on unverified regions   top-1 on the hold-out   top-5", file=sys.stderr)
    for loop in loops:
        audit, holdout = loop["audit"], loop["holdout"]
        low, high = audit["interval"]
        print(
            f"{loop['loop']:>4}  {audit['top1']:5.1f} [{low}, {high}] (n = {audit['n']})   {holdout['top1']:5.1f} "
            f"{holdout['interval']} (n = {holdout['n']})   {audit['top5']:5.1f}",
            file=sys.stderr,
        )
