"""The export bench writes what it says it does, and prints its figures."""

import json
import subprocess
import sys
from typing import Any

import pytest

from bench.export_data import fill
from tests.embedded.runs import ROOT
from verification.services.export_choices import wanted_export
from verification.services.export_files import write_export
from webapp.projects.models import Project


class _Lines:
    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("kind", "overlap", "reviewed"),
    [("tags", 1, False), ("tags", 3, False), ("regions", 1, False), ("tags", 1, True), ("tags", 2, True)],
)
def test_its_world_is_verified_throughout(kind: str, overlap: int, reviewed: bool) -> None:
    fill(40, overlap, reviewed=reviewed, with_texts=kind == "regions")
    lines = _Lines()
    write_export(wanted_export(project=Project.objects.get(), kind=kind), lines, lambda _progress: None)
    records: list[dict[str, Any]] = [json.loads(line) for line in lines.data.splitlines()]
    assert len(records) == 40
    if kind == "tags":
        assert sum(bool(record["rejected"]) for record in records) == 20
    else:
        assert sum(len(record["qa"]) == 3 and bool(record["caption"]) for record in records) == 20


def test_the_command_prints_json_last() -> None:
    command = [sys.executable, "-m", "bench.export", "--json", "--rows", "200", "--rounds", "1"]
    command += ["--format", "jsonl", "--format", "coco"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["bench"] == "export"
    assert result["figures"]["wrong_lines"] == 0
    assert result["figures"]["rows_per_s"] > 0
    assert result["figures"]["coco_rows_per_s"] > 0
    assert set(result["goals"]) == {"rows_per_s", "largest_peak_mb", "wrong_lines"}
