"""The generation bench asks the same both ways, and prints its figure."""

import json
import subprocess
import sys

from bench.asm_generate import batched, make_predictor, make_questions, one_at_a_time


def test_its_questions_are_answered_alike_both_ways_and_differently_from_each_other() -> None:
    predictor = make_predictor("tiny", "cpu", batch=4)
    asked = make_questions(predictor, 6)
    answers = batched(predictor, asked, 6)
    assert answers == one_at_a_time(predictor, asked, 6)
    assert len(set(answers)) > 2


def run(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench.asm_generate", "--json", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_prints_json_last() -> None:
    done = run("--count", "6", "--singles", "2", "--tokens", "4", "--batch", "3", "--rounds", "1")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["bench"] == "asm_generate"
    assert result["figures"]["speedup_batched"] > 0
    assert result["figures"]["equal_answers"] == 1.0
    assert result["goals"] == {}  # 10 x is a goal for GPUs


def test_impossible_sizes_are_refused() -> None:
    done = run("--count", "2", "--singles", "3")
    assert done.returncode == 2
    assert "--singles at most --count" in done.stderr
