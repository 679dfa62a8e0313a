import pytest

from verification.charts import NARROW, WIDE, Frame, pairs_of_bars, shares_by_loop
from verification.estimates import Share

TABLE_8 = [Share(value, value - 0.03, value + 0.03, 1000, 1000.0) for value in (0.548, 0.702, 0.767, 0.806)]


@pytest.mark.parametrize("frame", [WIDE, NARROW])
def test_points_stand_over_their_loops_and_higher_shares_higher(frame: Frame) -> None:
    chart = shares_by_loop(["0", "1", "2", "3"], [("a", TABLE_8), ("b", [None, *TABLE_8[1:]])], frame)
    tags, answers = chart.series
    assert [point.y for point in tags.points] == sorted((point.y for point in tags.points), reverse=True)
    assert len(answers.points) == 3
    for point, (x, _name) in zip(tags.points, chart.names, strict=True):
        assert abs(point.x - x) < 6
        assert frame.left < point.x < frame.width - frame.right
        assert frame.top <= point.y <= frame.floor
    assert [point.label for point in tags.points] == ["54.8", "70.2", "76.7", "80.6"]


def test_the_axis_begins_below_the_lowest_interval_and_ends_at_100() -> None:
    chart = shares_by_loop(["0"], [("a", [TABLE_8[0]])])
    assert [line.label for line in chart.grid] == ["40 %", "", "60 %", "", "80 %", "", "100 %"]
    assert chart.grid[0].y == WIDE.floor
    assert chart.grid[-1].y == WIDE.top
    (point,) = chart.series[0].points
    assert point.error.startswith(f"M{point.x} ")
    assert shares_by_loop(["0"], [("a", [None])]).grid[0].label == "0 %"


def test_each_group_of_bars_fills_the_height_and_none_leaves_it() -> None:
    chart = pairs_of_bars(["1–9", "10–99", "100+"], [1000, 30, 0], [5, 80, 90], [("", "")] * 3, WIDE)
    assert chart.first[0].height == pytest.approx(WIDE.floor - WIDE.top - 14)
    assert chart.second[2].height == pytest.approx(WIDE.floor - WIDE.top - 14)
    assert chart.first[2].height == 0
    assert chart.first[1].height > 1
    for bar in (*chart.first, *chart.second):
        assert bar.y + bar.height == pytest.approx(WIDE.floor)
        assert WIDE.left <= bar.x
        assert bar.x + bar.width <= WIDE.width
