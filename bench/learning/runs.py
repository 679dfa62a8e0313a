"""The parts of the bench: the loops with their table, and the ablations over seeds."""

from __future__ import annotations

import sys
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.learning.ablations import one_seed
from bench.learning.comparisons import compared
from bench.learning.engines import World, build_engine
from bench.learning.fitting import Fit
from bench.learning.rounds import Engine, Settings, State, loop_zero, next_loop
from bench.learning.storage import read_state, remembered, write_state
from bench.learning.verified import verified_set

if TYPE_CHECKING:
    from bench.world_learning import Sizes


def main_run(out: Path, sizes: Sizes, *, seed: int, device: str) -> dict[str, Any]:
    """Loops 0 to 3, and the verified set."""
    engine = main_engine(out, sizes, seed=seed, device=device)
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
        "main_seconds": round(sum(sum(loop["seconds"].values()) for loop in loops)),
    }  # fmt: skip


@lru_cache(maxsize=1)
def main_engine(out: Path, sizes: Sizes, *, seed: int, device: str) -> Engine:
    settings = Settings(first=Fit(sizes.first, seed=seed), later=Fit(sizes.later, seed=seed), seed=seed, device=device)
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
            remembered(place / "figures.json", lambda found=figures: found)  # type: ignore[misc]
        loops.append(remembered(place / "figures.json", dict))
    return loops


def ablations(out: Path, sizes: Sizes, *, first_seed: int, device: str) -> dict[str, Any]:
    """All arms over seeds, and their paired differences."""
    seeds = []
    for number in range(sizes.seeds):
        seed = first_seed + 100 + number
        seeds.append(remembered(out / f"ablation-{seed}.json", lambda: _ablation(out, sizes, seed, device)))  # noqa: B023
    return {"ablations": compared(seeds), "ablation_seeds": seeds}


def _ablation(out: Path, sizes: Sizes, seed: int, device: str) -> dict[str, Any]:
    settings = Settings(
        first=Fit(sizes.arm_first, seed=seed), later=Fit(sizes.arm_later, seed=seed), seed=seed, device=device
    )
    return one_seed(build_engine(World(out / "worlds", sizes.arm_scenes, seed), settings))


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
