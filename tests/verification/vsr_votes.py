"""Real votes of people: the validators of Visual Spatial Reasoning (F. Liu and others, 2023; Apache-2.0).

data/vsr/votes.csv is an extract of 800 statements; the whole file is read where the real test data is. The figures of
reference.json come from other people's programs, named in it. Who voted both ways on a statement did not vote on it.
"""

import csv
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

HERE = Path(__file__).parent / "data" / "vsr"
REFERENCE: dict[str, Any] = json.loads((HERE / "reference.json").read_text())
SHARED = Path(__file__).parents[3] / "shared" / "data"
WHOLE = Path(os.environ.get("ARGUS_TEST_DATA", SHARED)) / "vsr" / "data" / "data_files" / "all_vsr_raw_data.jsonl"
SETS = ["extract", "whole"] if WHOLE.exists() else ["extract"]


class Votes(NamedTuple):
    """Parallel arrays (votes,): who said of which statement that it is true (1) or false (0); `names` of the people."""

    statements: npt.NDArray[np.int64]
    people: npt.NDArray[np.int64]
    said: npt.NDArray[np.int64]
    names: list[int]


def read_votes(which: str) -> Votes:
    if which == "extract":
        with (HERE / "votes.csv").open() as file:
            rows = [
                (int(row["statement"]), int(row["validator"]), int(row["vote_true"])) for row in csv.DictReader(file)
            ]
    else:
        rows = []
        for number, line in enumerate(WHOLE.read_text().splitlines()):
            record = json.loads(line)
            true, false = set(record["vote_true_validator_id"]), set(record["vote_false_validator_id"])
            rows += [(number, person, 1) for person in true - false] + [(number, person, 0) for person in false - true]
    table = np.array(rows, dtype=np.int64)
    names, people = np.unique(table[:, 1], return_inverse=True)
    _numbers, statements = np.unique(table[:, 0], return_inverse=True)
    return Votes(statements.astype(np.int64), people.astype(np.int64), table[:, 2], [int(name) for name in names])
