"""What somebody took without judging it is counted once, however many of their tabs were given it."""

import threading
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection

from tests.factories import make_sample
from tests.verification.services.crowds import in_threads
from verification.models import Assignment, TaskKind
from verification.services.queue import release_items
from verification.services.quotas import lease_within_quota

TABS = 8
ROUNDS = 8


@pytest.mark.django_db(transaction=True)
def test_tabs_that_are_given_the_same_items_are_charged_for_them_once(project: Any, ana: Any) -> None:
    make_sample(project, items=400)
    barrier = threading.Barrier(TABS, timeout=60)
    taken = 0

    def ask() -> None:
        barrier.wait()
        lease_within_quota(project_id=project.pk, user_id=ana.pk, count=4, kind=TaskKind.TAG)

    for _round in range(ROUNDS):
        in_threads([ask] * TABS)
        taken += Assignment.objects.filter(state="leased").count()
        release_items(project_id=project.pk, user_id=ana.pk)
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM date_trunc('hour', now()))::bigint")
        (hour,) = cursor.fetchone()
    counted = sum(cache.get(f"items-taken:{ana.pk}:{at}", 0) for at in (hour, hour - 3600))
    assert counted == taken
