from types import SimpleNamespace
from typing import Any

from bench.queue import CROWD, _figures, _given_twice


def run(rate: float, given: list[list[int]] | None = None) -> dict[str, Any]:
    count = int(rate * 2)
    return {
        "seconds": 2.0,
        "latencies": [5.0] * count,
        "given": given or [[1]],
        "cpu_ms": {"web": 2.0, "database": 1.0},
    }


def test_ratios_are_between_medians_of_the_same_number_of_annotators() -> None:
    results = {
        ("argus", 1): [run(100), run(300), run(200)],
        ("two", 1): [run(400)],
        ("one", 1): [run(800)],
        ("argus", CROWD): [run(600)],
        ("two", CROWD): [run(800)],
        ("one", CROWD): [run(1200)],
    }
    figures = _figures(results, 0, SimpleNamespace(items=10, regions=20, runs=3, seconds=2.0))
    assert figures["ratio_to_bare_django"] == 0.75
    assert figures["ratio_to_bare_django_at_1"] == 0.5
    assert figures["ratio_to_one_request_floor"] == 0.5
    assert figures["cpu_ms_per_pair"] == 3.0
    assert figures["p95_ms"] == 5.0
    assert (figures["items"], figures["regions"]) == (10, 20)


def test_an_item_given_to_two_people_counts_but_not_one_given_again_to_the_same() -> None:
    assert _given_twice([run(1, [[1, 2, 2], [3, 4]])]) == 0
    assert _given_twice([run(1, [[1, 2], [2, 3], [2]])]) == 2
