"""The generation bench asks the same both ways, and prints its figure."""

import json
import subprocess
import sys

import pytest

from bench.asm_generate import batched, main, make_predictor, make_questions, one_at_a_time


def test_its_questions_are_answered_alike_both_ways_and_differently_from_each_other() -> None:
    predictor = make_predictor("tiny", "cpu", batch=4)
    asked = make_questions(predictor, 6)
    answers = batched(predictor, asked, 6)
    assert answers == one_at_a_time(predictor, asked, 6)
    assert len(set(answers)) > 2


def test_the_command_prints_json_last() -> None:
    command = [sys.executable, "-m", "bench.asm_generate", "--json"]
    options = ["--count", "6", "--singles", "2", "--tokens", "4", "--batch", "3", "--rounds", "1"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=True)
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["bench"] == "asm_generate"
    assert result["figures"]["speedup_batched"] > 0
    assert result["figures"]["equal_answers"] == 1.0
    assert result["goals"] == {}  # 10 x is a goal for GPUs


def test_impossible_sizes_are_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["asm_generate", "--count", "2", "--singles", "3"])
    with pytest.raises(SystemExit) as refused:
        main()
    assert refused.value.code == 2
    assert "--singles at most --count" in capsys.readouterr().err
