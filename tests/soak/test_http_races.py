"""Sixteen processes race over HTTP for few items, again and again: each item ends with exactly n verdicts of n people.

A race is one start at the barrier: a few items become open, all sixteen rush for them until nothing is left.
500 races in `make test`, over 10,000 in `make soak`. With the unique constraint gone, the same race is lost.
"""

import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.queue_data import session_headers
from tests.factories import make_sample
from tests.faults.books import Books
from tests.faults.databases import without_constraint
from tests.faults.web_servers import ROOT, WebServer, test_database_url
from tests.verification.services.crowds import people
from verification.models import Assignment, SampleItem

CROWD = 16
FEW = (1, 3, 2, 4)  # how many items a race is about, in turn

pytestmark = pytest.mark.django_db(transaction=True)


def rounds_of(races: int, items: list[int]) -> list[list[int]]:
    """Items of each race, a few at a time."""
    starts = [0]
    for number in range(races):
        starts.append(starts[-1] + FEW[number % len(FEW)])
    return [items[start:end] for start, end in itertools.pairwise(starts)]


def run_races(folder: Path, project: Any, server: WebServer, rounds: list[list[int]], *, who: int) -> dict[str, Any]:
    """Races of 16 processes for these items, who are `who` people with 16 / who tabs each."""
    crowd = [session_headers(user) for user in project.members_in_race[:who]]
    plan = {
        "port": server.port,
        "database": test_database_url(),
        "address": f"/p/{project.slug}/work/tags",
        "people": crowd * (CROWD // who),
        "rounds": rounds,
    }
    path = folder / "plan.json"
    path.write_text(json.dumps(plan))
    done = subprocess.run(
        [sys.executable, "-m", "tests.soak.racers", str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def prepare(project: Any, *, races: int, overlap: int) -> list[list[int]]:
    """The items of so many races, without slots until theirs begins, and sixteen people."""
    project.members_in_race = people(project, CROWD)
    make_sample(project, items=sum(FEW[number % len(FEW)] for number in range(races)), overlap=overlap)
    Assignment.objects.all().delete()
    return rounds_of(races, list(SampleItem.objects.order_by("pk").values_list("pk", flat=True)))


@pytest.mark.parametrize(
    ("races", "overlap", "who"),
    [
        (440, 1, 16),
        (30, 3, 16),
        (30, 3, 4),
        pytest.param(10_000, 1, 16, marks=pytest.mark.soak),
        pytest.param(1_000, 3, 16, marks=pytest.mark.soak),
        pytest.param(1_000, 3, 4, marks=pytest.mark.soak),
    ],
)
def test_every_item_gets_exactly_n_verdicts_of_n_people(
    tmp_path: Path, project: Any, racecourse: WebServer, races: int, overlap: int, who: int
) -> None:
    rounds = prepare(project, races=races, overlap=overlap)
    books = Books(test_database_url())
    told = run_races(tmp_path, project, racecourse, rounds, who=who)
    assert told["wrong"] == []
    assert books.unfinished(overlap) == []
    assert books.faults() == []
    assert told["acknowledged"] == books.count("verdict") == books.count("ledgerentry")
    assert books.one("SELECT count(*) FROM verification_assignment WHERE state <> 'done'") == 0
    print(f"{races} races, {told['requests']} requests, {told['acknowledged']} verdicts")


def test_without_the_unique_constraint_the_race_is_lost(tmp_path: Path, project: Any, racecourse: WebServer) -> None:
    """Four people with four tabs each: only the constraint keeps them from judging twice. As many races as it takes."""
    rounds = prepare(project, races=120, overlap=3)
    books, faults = Books(test_database_url()), []
    with without_constraint("verification_assignment", "assignment_person_once"):
        for start in range(0, len(rounds), 15):
            assert run_races(tmp_path, project, racecourse, rounds[start : start + 15], who=4)["acknowledged"] > 0
            faults = [fault for fault in books.faults() if fault.startswith("a person with two verdicts on an item")]
            if faults:
                break
    print(f"lost in one of {start + 15} races: {faults}")
    assert faults
