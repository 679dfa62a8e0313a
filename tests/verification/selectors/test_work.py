"""A person's day, counted from what that person did and nothing else."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from tests.factories import make_sample
from tests.verification.judgements import judge_all
from tests.verification.packages import member
from verification.models import Assignment
from verification.selectors.work import items_per_day, today_of

pytestmark = pytest.mark.django_db

THEIRS = 5
TABLES = ("verification_assignment", "verification_verdict")


@pytest.mark.parametrize("count", [today_of, items_per_day])
def test_a_day_is_counted_from_the_persons_own_verdicts_when_statistics_are_old(
    project: Any, ana: Any, count: Callable[..., Any]
) -> None:
    """What others did in the same sample is not read, though PostgreSQL believes that nobody has done anything."""
    sample = make_sample(project, items=1000 + THEIRS)
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(TABLES)}")
    later = Assignment.objects.filter(sample=sample).order_by("-rank").values_list("pk", flat=True)[:THEIRS]
    aside = Assignment.objects.filter(pk__in=list(later))
    aside.update(state="leased", annotator=ana, leased_until=timezone.now())
    judge_all(sample, [member(project, "bob", "annotator")])
    aside.update(state="open", annotator=None, leased_until=None)
    judge_all(sample, [ana])
    found, plan = _explained(lambda: count(project_id=project.pk, user_id=ana.pk))
    assert (found.items if count is today_of else found[-1][1]) == THEIRS
    read = [node for node in _nodes(plan) if node.get("Relation Name") in TABLES]
    assert {node["Relation Name"] for node in read} == set(TABLES)
    rows = sum((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"] for node in read)
    assert rows <= 2 * THEIRS


def _explained(ask: Callable[[], Any]) -> tuple[Any, dict[str, Any]]:
    """What it returns, and the plan of the last statement that it ran."""
    ran: list[tuple[str, Any]] = []

    def keep(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        ran.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(keep):
        found = ask()
    sql, values = ran[-1]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", values)
        (explained,) = cursor.fetchone()
    plan: dict[str, Any] = explained[0]["Plan"]
    return found, plan


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from _nodes(part)
