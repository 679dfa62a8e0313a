"""The last line of a bench is one JSON object that says which goals were missed."""

import json

import pytest

from bench.reporting import AT_LEAST, AT_MOST, report, shortfalls

GOALS = {"images_per_s": (AT_LEAST, 500.0), "duplicates": (AT_MOST, 0.0)}


@pytest.mark.parametrize(
    ("figures", "short"),
    [
        ({"images_per_s": 500.0, "duplicates": 0}, []),
        ({"images_per_s": 499.9, "duplicates": 1}, ["images_per_s", "duplicates"]),
        ({"duplicates": 0}, ["images_per_s"]),
        ({"images_per_s": None, "duplicates": 0}, ["images_per_s"]),
        ({"images_per_s": float("nan"), "duplicates": 0}, ["images_per_s"]),
    ],
)
def test_a_goal_is_missed_unless_a_figure_reaches_it(figures: dict, short: list[str]) -> None:
    assert shortfalls(figures, GOALS) == short


def test_the_report_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    report("merge", {"images_per_s": 1.0, "note": "x"}, GOALS)
    [line] = capsys.readouterr().out.splitlines()
    assert json.loads(line) == {
        "bench": "merge",
        "figures": {"images_per_s": 1.0, "note": "x"},
        "goals": {"images_per_s": {"at_least": 500.0}, "duplicates": {"at_most": 0.0}},
        "short": ["images_per_s", "duplicates"],
    }
