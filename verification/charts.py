"""Geometry of the charts that pages draw as SVG. Pure: figures in, coordinates out, rounded to a tenth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor

from verification.estimates import Share


@dataclass(frozen=True, slots=True)
class Frame:
    """Size of the drawing and the room around the plot."""

    width: int
    height: int
    left: int
    right: int
    top: int = 14
    bottom: int = 36

    @property
    def floor(self) -> int:
        return self.height - self.bottom


WIDE = Frame(720, 282, left=52, right=24)
NARROW = Frame(320, 250, left=46, right=2)


@dataclass(frozen=True, slots=True)
class Line:
    """A grid line with its label, "" for none."""

    y: float
    label: str


@dataclass(frozen=True, slots=True)
class Point:
    """A share with its interval. error: the path of the interval's bar; anchor and dx: where its figure stands."""

    x: float
    y: float
    error: str
    label: str
    label_x: float
    label_y: float
    anchor: str


@dataclass(frozen=True, slots=True)
class Series:
    """kind: "a" or "b", told apart by shape and dash."""

    kind: str
    points: tuple[Point, ...]

    @property
    def line(self) -> str:
        return " ".join(f"{point.x},{point.y}" for point in self.points)


@dataclass(frozen=True, slots=True)
class LineChart:
    frame: Frame
    grid: tuple[Line, ...]
    names: tuple[tuple[float, str], ...]
    series: tuple[Series, ...]

    @property
    def end(self) -> int:
        return self.frame.width - self.frame.right


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar from the floor up, with the words below it and the figure above it."""

    x: float
    y: float
    width: float
    height: float
    label: str
    name: str

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 1)


@dataclass(frozen=True, slots=True)
class BarChart:
    """Pairs of bars, one of each group beside the other."""

    frame: Frame
    first: tuple[Bar, ...]
    second: tuple[Bar, ...]

    @property
    def end(self) -> int:
        return self.frame.width - self.frame.right


def shares_by_loop(
    names: Sequence[str], series: Sequence[tuple[str, Sequence[Share | None]]], frame: Frame = WIDE
) -> LineChart:
    """Shares with their intervals, one column per name; gaps where there is no share.

    series: (kind, shares parallel to names). The axis begins at a whole 20 % below the lowest interval.
    """
    lows = [share.low for _kind, shares in series for share in shares if share is not None]
    bottom = min(0.8, floor(min(lows, default=0.0) * 5 + 1e-9) / 5)
    height = frame.floor - frame.top
    step = (frame.width - frame.left - frame.right) / max(len(names), 1)

    def y_of(share: float) -> float:
        return round(frame.floor - (share - bottom) / (1 - bottom) * height, 1)

    def x_of(place: int) -> float:
        return round(frame.left + (place + 0.5) * step, 1)

    marks = [round(bottom + 0.1 * number, 1) for number in range(round((1 - bottom) * 10) + 1)]
    grid = tuple(Line(y_of(mark), f"{mark * 100:.0f} %" if round(mark * 10) % 2 == 0 else "") for mark in marks)
    drawn = []
    for number, (kind, shares) in enumerate(series):
        aside = (number - (len(series) - 1) / 2) * 10
        points = []
        for place, share in enumerate(shares):
            if share is None:
                continue
            x, low, high = round(x_of(place) + aside, 1), y_of(share.low), y_of(share.high)
            is_left = aside < 0 or len(series) == 1
            points.append(
                Point(
                    x=x,
                    y=y_of(share.value),
                    error=f"M{x} {low}V{high}M{x - 4} {low}h8M{x - 4} {high}h8",
                    label=f"{share.value * 100:.1f}",
                    label_x=round(x - 9 if is_left else x + 9, 1),
                    label_y=round(y_of(share.value) + (-8 if is_left else 14), 1),
                    anchor="end" if is_left else "start",
                )
            )
        drawn.append(Series(kind, tuple(points)))
    return LineChart(
        frame=frame,
        grid=grid,
        names=tuple((x_of(place), name) for place, name in enumerate(names)),
        series=tuple(drawn),
    )


def pairs_of_bars(
    names: Sequence[str],
    first: Sequence[float],
    second: Sequence[float],
    labels: Sequence[tuple[str, str]],
    frame: Frame,
) -> BarChart:
    """Two bars for each name, each group of bars on a scale of its own; none lower than a hairline.

    labels: the figures above them, parallel to names.
    """
    step = (frame.width - frame.left - frame.right) / max(len(names), 1)
    width = min(step * 0.38, 40.0)

    def bars(values: Sequence[float], group: int) -> tuple[Bar, ...]:
        top = max(values, default=0) or 1
        made = []
        for place, value in enumerate(values):
            height = max((frame.floor - frame.top - 14) * value / top, 1.0) if value else 0.0
            x = frame.left + (place + 0.5) * step + (group - 1) * width
            made.append(
                Bar(
                    round(x, 1),
                    round(frame.floor - height, 1),
                    round(width - 1, 1),
                    round(height, 1),
                    labels[place][group],
                    names[place],
                )
            )
        return tuple(made)

    return BarChart(frame, bars(first, 0), bars(second, 1))
