"""How large the runs are: quick ones, those of a long night, those of a GPU."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sizes:
    """scenes; steps of the adaptation, of M_0 and of each fine-tuning: of the main run and of an ablation's arms;
    steps of each fine-tuning of the ASM."""

    scenes: int
    adapting: int
    first: int
    later: int
    arm_scenes: int
    arm_adapting: int
    arm_first: int
    arm_later: int
    seeds: int
    questions: int


QUICK = Sizes(
    scenes=1500, adapting=900, first=600, later=900,
    arm_scenes=200, arm_adapting=400, arm_first=80, arm_later=80, seeds=1, questions=150,
)  # fmt: skip
FULL = Sizes(
    scenes=2500, adapting=3000, first=3000, later=3000,
    arm_scenes=700, arm_adapting=1500, arm_first=400, arm_later=400, seeds=5, questions=800,
)  # fmt: skip
CUDA = Sizes(
    scenes=10_000, adapting=10_000, first=10_000, later=10_000,
    arm_scenes=2000, arm_adapting=10_000, arm_first=1500, arm_later=1500, seeds=10, questions=3000,
)  # fmt: skip
