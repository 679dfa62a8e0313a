"""The bench of sampling draws from a filled database, and prints its figures."""

import json
import subprocess
import sys

import pytest

from tests.embedded.runs import ROOT


def test_the_command_prints_json_last() -> None:
    command = [sys.executable, "-m", "bench.sampling", "--json", "--regions", "3000", "--budget", "500"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True)
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["bench"] == "sampling"
    assert set(result["goals"]) == {"seconds", "peak_mb"}
    figures = result["figures"]
    assert figures["items"] == figures["previewed_items"] == 500
    assert figures["regions"] == 3000
    assert figures["cpu_s"] > 0
    assert figures["seconds"] == pytest.approx(
        figures["selection_s"] + figures["items_s"] + figures["checks_s"], abs=0.05
    )
    assert min(figures["selection_s"], figures["items_s"]) > 0
    assert figures["server_private_mb"] < 1000
