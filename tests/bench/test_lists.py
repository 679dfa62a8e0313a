"""The bench of list pages opens every page it names, and prints its figures."""

import json
import subprocess
import sys

from bench.lists import pages
from tests.embedded.runs import ROOT


def test_the_command_prints_json_last() -> None:
    command = [sys.executable, "-m", "bench.lists", "--json", "--regions", "4000", "--rounds", "1", "--warm-up", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True)
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["bench"] == "lists"
    assert set(result["goals"]) == {"ms", "most_statements"}
    assert {f"{name}_median_ms" for name in pages(4000)} <= set(result["figures"])
    assert result["figures"]["ms"] > 0
    assert result["figures"]["items_first_statements"] > 0


def test_no_two_rounds_read_the_same_rows() -> None:
    for name in ("explore_deep", "explore_photo", "photos_deep"):
        address = pages(1_000_000)[name]
        assert len({address(place) for place in range(20)}) == 20
