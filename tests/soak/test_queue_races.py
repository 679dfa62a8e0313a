"""Sixteen people for few items, in threads on the services themselves: exactly n verdicts of n people each.

The same over HTTP, with sixteen processes: tests/soak/test_http_races.py.
"""

import threading
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count

from tests.factories import make_sample
from tests.soak.racers import OPEN
from tests.verification.services.crowds import in_threads, people, work_until_empty
from verification.models import Assignment, LedgerEntry, SampleItem, Verdict

CROWD = 16
AT_ONCE = 4  # items that become open together

pytestmark = pytest.mark.django_db(transaction=True)


def race(project: Any, crowd: list[Any], items: list[int]) -> None:
    """Four items at a time become open; everybody rushes for them until nothing is left; then the next four."""
    barrier = threading.Barrier(len(crowd), timeout=120)
    rounds = [items[start : start + AT_ONCE] for start in range(0, len(items), AT_ONCE)]

    def work(person: Any) -> None:
        for opened in rounds:
            if barrier.wait() == 0:
                with connection.cursor() as cursor:
                    cursor.execute(OPEN, [opened])
            barrier.wait()
            work_until_empty(project, person)

    in_threads([lambda person=person: work(person) for person in crowd], seconds=3600)


@pytest.mark.parametrize(
    ("races", "overlap"),
    [
        (40, 1),
        (40, 3),
        pytest.param(2_000, 1, marks=pytest.mark.soak),
        pytest.param(2_000, 3, marks=pytest.mark.soak),
    ],
)
def test_every_item_gets_exactly_n_verdicts_of_n_people(project: Any, races: int, overlap: int) -> None:
    crowd = people(project, CROWD)
    make_sample(project, items=races, overlap=overlap)
    Assignment.objects.all().delete()  # an item has slots when its round begins
    race(project, crowd, list(SampleItem.objects.order_by("pk").values_list("pk", flat=True)))
    counts = Verdict.objects.values("item").annotate(all=Count("pk"), people=Count("annotator", distinct=True))
    assert counts.count() == races
    assert set(counts.values_list("all", "people")) == {(overlap, overlap)}
    assert LedgerEntry.objects.count() == races * overlap
    assert not Assignment.objects.exclude(state="done").exists()
