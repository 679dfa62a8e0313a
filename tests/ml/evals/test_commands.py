"""Every evaluation is a command: it explains itself, prints figures and JSON, and names what it cannot read."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from ml.evals import commands

COMMANDS = ["captions", "detection", "preference", "recognition", "referring", "tags", "vqa"]
ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("name", COMMANDS)
def test_it_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        importlib.import_module(f"ml.evals.{name}").main(["--help"])
    assert stopped.value.code == 0
    assert f"usage: python -m ml.evals.{name} " in capsys.readouterr().out


def test_it_runs_as_a_module_and_json_is_the_last_line(tmp_path: Path) -> None:
    tags = tmp_path / "tags.jsonl"
    tags.write_text('{"region": 1, "ranked": ["cat"], "truth": ["cat"]}\n')
    command = [sys.executable, "-m", "ml.evals.tags", "--json", "--tags"]
    done = subprocess.run([*command, str(tags)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == "top1"
    assert json.loads(done.stdout.splitlines()[-1])["top1"]["share"] == 1
    gone = subprocess.run([*command, "gone.jsonl"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (gone.returncode, gone.stdout) == (2, "")
    assert gone.stderr == "python -m ml.evals.tags: error: gone.jsonl: No such file or directory\n"


def test_the_evaluations_need_no_torch_before_a_model_is_loaded() -> None:
    script = f"import sys; from ml.evals import {', '.join(COMMANDS)}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_a_result_as_text_is_indented_by_its_nesting() -> None:
    result = {"AP": 0.5, "counts": {"images": 3, "names": ["a", "b"]}, "nothing": None}
    assert commands.as_lines(result) == [
        "AP       0.500000",
        "counts",
        "  images  3",
        "  names   [a, b]",
        "nothing  -",
    ]


def test_json_has_null_for_what_is_no_number() -> None:
    value = {"a": float("nan"), 3: [float("-inf"), 1.5, "x"]}
    assert commands.finite(value) == {"a": None, "3": [None, 1.5, "x"]}
