"""The merge bench compares two implementations that agree, and prints its figure."""

import json
import subprocess
import sys

import numpy as np

from annotation.pipeline.localization import merge_targets
from bench.merge import THRESHOLD, literal_merge, make_photos


def test_the_literal_loop_of_the_bench_agrees_with_the_product() -> None:
    for (first, _), (second, _) in make_photos(3, seed=5):
        order = np.argsort(-second.scores, kind="stable")
        expected = literal_merge(first.boxes, second.boxes, second.scores, THRESHOLD)
        assert merge_targets(first.boxes, second.boxes[order], THRESHOLD).tolist() == expected


def test_its_photos_take_every_branch() -> None:
    [photo] = make_photos(1)
    (first, _), (second, _) = photo
    targets = literal_merge(first.boxes, second.boxes, second.scores, THRESHOLD)
    known = len(first.boxes)
    new = [target for target in targets if target >= known]
    assert len(new) < len(targets)  # merged into the first source's
    assert len(set(new)) < len(new)  # merged into one of their own
    assert len(set(new)) > 50  # became regions


def test_the_command_prints_json_last() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "bench.merge", "--json", "--photos", "10"], capture_output=True, text=True, check=True
    )
    result = json.loads(run.stdout.splitlines()[-1])
    assert result["bench"] == "merge"
    assert result["figures"]["images_per_s"] > result["figures"]["literal_loop_images_per_s"]
    assert result["figures"]["photos_with_another_number_of_regions"] == 0
