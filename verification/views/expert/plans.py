"""A sampling plan drawn: how likely a package passes, by how good the work is (verification/packing.py)."""

from dataclasses import dataclass

from verification.packing import acceptance_probability, least_right, most_wrong, operating_characteristic

LEFT, RIGHT, TOP, FLOOR = 44.0, 396.0, 12.0, 152.0
LOWEST = 0.80
STEPS = 80


@dataclass(frozen=True, slots=True)
class PlanChart:
    """Coordinates of the curve on a canvas of 408 × 196; rows: (share of right items, chance of passing), as a table.

    x of the threshold; grid: (y, label) and ticks: (x, label) of the axes.
    """

    size: int
    allowed: int
    needed: int
    curve: str
    threshold_x: float
    grid: tuple[tuple[float, str], ...]
    ticks: tuple[tuple[float, str], ...]
    rows: tuple[tuple[float, float], ...]


def plan_chart(size: int, threshold: float) -> PlanChart:
    """The operating characteristic of a package of `size` items with this threshold."""
    allowed = most_wrong(size, threshold)
    shares = [LOWEST + (1 - LOWEST) * step / STEPS for step in range(STEPS + 1)]
    points = [(_x(share), _y(acceptance_probability(size, allowed, min(share, 1.0)))) for share in shares]
    return PlanChart(
        size=size,
        allowed=allowed,
        needed=least_right(size, threshold),
        curve=" ".join(f"{x:.1f},{y:.1f}" for x, y in points),
        threshold_x=round(_x(max(threshold, LOWEST)), 1),
        grid=tuple((round(_y(chance / 100), 1), f"{chance} %") for chance in (0, 25, 50, 75, 100)),
        ticks=tuple((round(_x(share / 100), 1), f"{share}") for share in (80, 85, 90, 95, 100)),
        rows=tuple((100 * share, 100 * chance) for share, chance in operating_characteristic(size, threshold)),
    )


def _x(share: float) -> float:
    return LEFT + (RIGHT - LEFT) * (share - LOWEST) / (1 - LOWEST)


def _y(chance: float) -> float:
    return FLOOR - (FLOOR - TOP) * chance
