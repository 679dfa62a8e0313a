"""How fast people are: what the database adds up is what a few lines of Python do."""

import random
import uuid
from collections import defaultdict
from datetime import datetime, timedelta
from statistics import median
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from tests.factories import make_sample
from tests.verification.questions import make_question_sample
from tests.verification.services.crowds import people
from verification.models import Assignment, Sample, Standing, Verdict
from verification.selectors import quality
from verification.selectors.quality import (
    ENOUGH,
    LATEST_VERDICTS,
    TEAM,
    Pace,
    medians_of,
    paces_of,
    quality_board,
    quality_of,
)
from webapp.projects.models import Project

pytestmark = pytest.mark.django_db

Judged = tuple[int, str, float, datetime]
"""Who, the kind of task, the seconds, when: the latest of each person, of the project alone."""


def reference(judged: list[Judged]) -> dict[int, Pace]:
    """The definition, word for word."""
    by_kind: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    seconds: dict[int, list[float]] = defaultdict(list)
    last: dict[int, datetime] = {}
    for user_id, kind, spent, at in judged:
        by_kind[kind][user_id].append(spent)
        seconds[user_id].append(spent)
        last[user_id] = max(at, last.get(user_id, at))
    ratios: dict[int, list[float]] = defaultdict(list)
    for of_people in by_kind.values():
        known = {user_id: each for user_id, each in of_people.items() if len(each) >= ENOUGH}
        team = median(median(each) for each in known.values()) if len(known) >= TEAM else 0.0
        for user_id, each in known.items():
            if team > 0:
                ratios[user_id] += [one / team for one in each]
    return {
        user_id: Pace(median(each), median(ratios[user_id]) if user_id in ratios else None, last[user_id])
        for user_id, each in seconds.items()
    }


def judge(sample: Sample, person: Any, seconds: list[float], *, since: datetime) -> list[Judged]:
    """One verdict a minute on items of the sample, whoever else had them; every ninth is withdrawn later on."""
    slots = list(Assignment.objects.filter(sample=sample).order_by("pk"))
    verdicts = []
    told = []
    for place, spent in enumerate(seconds):
        slot, at = slots[place % len(slots)], since + timedelta(minutes=place)
        verdicts.append(_verdict(slot, person, spent, at))
        told.append((person.pk, sample.task_kind, spent, at))
        if place % 9 == 0:
            verdicts.append(_verdict(slot, person, 999, at + timedelta(seconds=20), is_withdrawal=True))
    Verdict.objects.bulk_create(verdicts)
    return told


def _verdict(slot: Assignment, person: Any, seconds: float, at: datetime, **more: Any) -> Verdict:
    names = {"assignment": slot, "item_id": slot.item_id, "annotator": person, "key": uuid.uuid4()}
    return Verdict(**names, seconds=seconds, created_at=at, **more)


def latest(judged: list[Judged], project_kinds: set[str]) -> list[Judged]:
    """Of each person the latest verdicts in whatever project, and of these the ones of this project."""
    by_person = defaultdict(list)
    for one in judged:
        by_person[one[0]].append(one)
    newest = [sorted(each, key=lambda one: one[3])[-LATEST_VERDICTS:] for each in by_person.values()]
    return [one for each in newest for one in each if one[1] in project_kinds]


@pytest.mark.parametrize("seed", range(6))
def test_paces_are_those_of_the_definition(project: Any, ana: Any, seed: int) -> None:
    chance = random.Random(seed)
    tags = make_sample(project, items=40, images=1)
    questions = make_question_sample(tags)
    elsewhere = make_sample(Project.objects.create(name="Other", slug=f"other-{seed}"), items=10, images=1)
    Sample.objects.filter(pk=elsewhere.pk).update(task_kind="answer")  # told apart by its kind below
    elsewhere.refresh_from_db()
    team = [ana, *people(project, 7)]
    began = timezone.now() - timedelta(days=3)
    told: list[Judged] = []
    for person in team[:-1]:  # the last one never judged anything
        for place, sample in enumerate((tags, questions, elsewhere)):
            # Some under ENOUGH, some over LATEST_VERDICTS; whoever is slow at questions need not be at tags.
            count = chance.choice([0, 5, ENOUGH - 1, ENOUGH, 45, 130])
            pace = chance.choice([0.0, 1.5, 4.0, 20.0])
            seconds = [round(pace * chance.uniform(0.4, 2.5), 2) for _ in range(count)]
            since = began + timedelta(minutes=chance.randrange(300), seconds=place)  # no two at once
            told += judge(sample, person, seconds, since=since)
    ids = [person.pk for person in team]
    expected = reference(latest(told, {tags.task_kind, questions.task_kind}))
    found = paces_of(project_id=project.pk, team=ids, user_ids=ids)
    assert set(found) == set(expected)
    for user_id, pace in expected.items():
        assert found[user_id].seconds == pytest.approx(pace.seconds)
        assert found[user_id].against_team == pytest.approx(pace.against_team)
        assert found[user_id].last_at == pace.last_at
    medians = medians_of(project_id=project.pk, team=ids)
    for user_id in ids:  # one alone is held against the same team
        alone = {one: pace for one, pace in found.items() if one == user_id}
        assert paces_of(project_id=project.pk, team=ids, user_ids=[user_id]) == alone
        assert paces_of(project_id=project.pk, team=ids, user_ids=[user_id], medians=medians) == alone


def test_the_reference_meets_every_case() -> None:
    """What the comparison above would be worth nothing without."""
    at = timezone.now()
    three = [(person, "tag", float(person), at) for person in (1, 2, 3) for _ in range(ENOUGH)]
    assert [pace.against_team for pace in reference(three).values()] == [0.5, 1.0, 1.5]
    assert [pace.against_team for pace in reference(three[ENOUGH:]).values()] == [None, None]
    assert reference(three[1:])[1].against_team is None
    assert reference([(1, "tag", 0.0, at)])[1] == Pace(0.0, None, at)


def test_a_person_s_page_has_the_line_of_the_board(project: Any, ana: Any, django_assert_num_queries: Any) -> None:
    sample = make_sample(project, items=40, images=1)
    for place, person in enumerate([ana, *people(project, 4)]):
        judge(sample, person, [2.0 + place] * 40, since=timezone.now() - timedelta(hours=5))
    for line in quality_board(project):
        with django_assert_num_queries(6):
            assert quality_of(project, line.user_id) == line
    assert quality_of(project, 2**40) is None


def test_with_many_people_the_figures_are_read_once_but_not_who_is_paused(
    project: Any, ana: Any, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr(quality, "MANY", 3)
    sample = make_sample(project, items=40, images=1)
    crowd = [ana, *people(project, 3)]
    since = timezone.now() - timedelta(hours=5)
    for place, person in enumerate(crowd):
        judge(sample, person, [2.0 + place] * 40, since=since)
    before = {line.user_id: line for line in quality_board(project)}
    judge(sample, ana, [30.0] * 100, since=since + timedelta(hours=1))
    Standing.objects.create(project=project, person=ana, paused_at=since)
    with django_assert_num_queries(2):
        again = {line.user_id: line for line in quality_board(project)}
    assert again[ana.pk].seconds == before[ana.pk].seconds
    assert again[ana.pk].paused_at == since
    line = quality_of(project, ana.pk)  # one person's page reads them anew
    assert line is not None
    assert line.seconds == 30.0
    assert line.pace is not None
    (late,) = people(project, 1, name="late")  # who joins is on the board at once
    assert late.pk in {one.user_id for one in quality_board(project)}
    cache.clear()
    assert {one.user_id: one.seconds for one in quality_board(project)}[ana.pk] == 30.0
