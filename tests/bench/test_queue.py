"""The figures of the queue bench, and the world that it fills."""

import json
import subprocess
import sys
from typing import Any

import pytest
from django.db import connection

from bench.queue import CROWD, _figures, _given_twice
from bench.queue_data import FILLED, Crowded, fill_projects
from tests.embedded.runs import ROOT
from verification.models import SampleItem, TaskKind
from verification.services.queue import lease_items
from webapp.projects.models import Project


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
        ("raw", 1): [run(1000)],
        ("argus", CROWD): [run(600)],
        ("two", CROWD): [run(800)],
        ("one", CROWD): [run(1200)],
        ("raw", CROWD): [run(2400)],
    }
    figures = _figures(results, 0)
    assert figures["ratio_to_bare_django"] == 0.75
    assert figures["ratio_to_bare_django_at_1"] == 0.5
    assert figures["ratio_to_one_request_floor"] == 0.5
    assert figures["ratio_to_raw_skip_locked"] == 0.25
    assert figures["cpu_ms_per_pair"] == 3.0
    assert figures["p95_ms"] == 5.0
    assert not [name for name in figures if name.startswith("overlap_2")]


def test_variants_are_compared_with_the_usual_project_in_the_same_runs() -> None:
    figures = _figures({("usual", CROWD): [run(400)], ("qa", CROWD): [run(300)], ("overlap_2", CROWD): [run(500)]}, 0)
    assert figures["qa_share_of_usual"] == 0.75
    assert figures["overlap_2_pairs_per_s"] == 500


def test_an_item_given_to_two_people_counts_but_not_one_given_again_to_the_same() -> None:
    assert _given_twice([run(1, [[1, 2, 2], [3, 4]])]) == 0
    assert _given_twice([run(1, [[1, 2], [2, 3], [2]])]) == 2
    assert _figures({("usual", CROWD): [run(400, [[1], [1]])]}, 3)["duplicates"] == 4


@pytest.mark.django_db(transaction=True)
def test_its_projects_hand_out_items_and_the_tables_end_as_the_migrations_left_them() -> None:
    before = definitions()
    (ana, bob) = fill_projects([Crowded("tags", 5, overlap=2), Crowded("qa", 4, kind="qa")], regions=10, people=2)
    assert definitions() == before
    tags, qa = Project.objects.get(slug="tags"), Project.objects.get(slug="qa")
    for person in (ana, bob):
        assert len(lease_items(project_id=tags.pk, user_id=person.pk, count=9)) == 5
    (item, *_more) = lease_items(project_id=qa.pk, user_id=ana.pk, count=9, kind=TaskKind.QA)
    assert item.question is not None
    assert item.question.others
    assert SampleItem.objects.count() == 9


@pytest.mark.soak
def test_the_command_prints_json_last() -> None:
    command = [sys.executable, "-m", "bench.queue", "--json", "--items", "1200", "--people", "1", "2", "--runs", "1"]
    done = subprocess.run([*command, "--seconds", "0.3"], cwd=ROOT, capture_output=True, text=True, check=True)
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["bench"] == "queue"
    figures = result["figures"]
    assert figures["duplicates"] == 0
    for name in ("pairs_per_s_at_1", "raw_skip_locked_per_s_at_2", "qa_pairs_per_s", "during_export_share_of_usual"):
        assert figures[name] > 0
    assert "ratio_to_bare_django" in result["short"]


def definitions() -> list[tuple[str, ...]]:
    """Indexes and constraints of the filled tables."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY (%(tables)s)
               UNION ALL
               SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
               WHERE conrelid::regclass::text = ANY (%(tables)s) ORDER BY 1, 2""",
            {"tables": list(FILLED)},
        )
        return list(cursor.fetchall())
