"""The lead's quality board: everybody who judges, how they do, and who needs help.

Nothing is counted ahead: a board reads the latest hundred verdicts and gold items of everybody, and the latest
packages; those of larger teams only so often.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db import connection

from verification.models import Standing
from verification.selectors.expert_findings import Finding, findings, score_of
from verification.selectors.gold_scores import Score, gold_scores
from webapp.projects.models import Membership, Project, Role

ENOUGH = 30
"""Fewer judged items are too few to say anything."""
LATEST_VERDICTS = 100
FAST, SLOW = 0.5, 2.0
"""Times the team's median from which on a person's speed stands out."""
TEAM = 3
"""With fewer people there is no team to compare with."""
MANY = 50
KEPT_SECONDS = 60
"""With more people than MANY the figures of the board are so old at most, and on a person's page the team's speed; who
is paused is always told at once."""
FORMAT = 1
"""Of what is remembered: another number whenever Finding, Score or Pace get other fields."""


@dataclass(frozen=True, slots=True)
class Person:
    """One line of the board.

    experts, gold: how often they were right. seconds: their median for an item; pace: that against the team's median
    for the same kinds of task, None when too little is known. trend: shares of right items by package, oldest first.
    concerns: codes of CONCERNS, gravest first.
    """

    user_id: int
    name: str
    experts: Score
    gold: Score
    seconds: float | None
    pace: float | None
    last_at: datetime | None
    trend: list[Finding]
    paused_at: datetime | None
    requalify_since: datetime | None
    concerns: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Pace:
    """seconds: the median of a person's latest verdicts; against_team: their ratio to the team's medians."""

    seconds: float
    against_team: float | None
    last_at: datetime


CONCERNS = ("errors", "gold", "package", "fast", "slow")

# What the board may be sorted by -> (key, whether the highest come first). Unknown values sort last.
SORTS: dict[str, tuple[Callable[[Person], Any], bool]] = {
    "help": (lambda one: (len(one.concerns), -min((CONCERNS.index(code) for code in one.concerns), default=9)), True),
    "name": (lambda one: one.name.casefold(), False),
    "experts": (lambda one: _known(one.experts), False),
    "gold": (lambda one: _known(one.gold), False),
    "speed": (lambda one: one.seconds if one.seconds is not None else math.inf, False),
    "last": (lambda one: one.last_at.timestamp() if one.last_at else 0.0, True),
}


def quality_board(project: Project, *, sort: str = "help") -> list[Person]:
    """Everybody with the role annotator, in six queries at most. `sort`: a key of SORTS."""
    names = _annotators(project)
    users = sorted(names)
    people = _people(project, names, _of_many(project, users) if len(users) > MANY else _figures(project, users, users))
    key, highest_first = SORTS[sort]
    people.sort(key=lambda one: one.name.casefold())
    people.sort(key=key, reverse=highest_first)
    return people


def quality_of(project: Project, user_id: int) -> Person | None:
    """One line of the board, None for who is no annotator. Six queries; of the others only their speed is read, of
    larger teams only so often."""
    names = _annotators(project)
    if user_id not in names:
        return None
    team = sorted(names)
    medians = _medians_of_many(project, team) if len(team) > MANY else None
    (person,) = _people(project, {user_id: names[user_id]}, _figures(project, [user_id], team, medians))
    return person


def _annotators(project: Project) -> dict[int, str]:
    members = Membership.objects.filter(project=project, role=Role.ANNOTATOR).select_related("user")
    return {member.user_id: member.user.display_name for member in members}


Figures = tuple[dict[int, list[Finding]], dict[int, Score], dict[int, Pace]]
"""By user id: what experts found, how gold items were judged, how fast they are."""


def _figures(project: Project, users: list[int], team: list[int], medians: dict[str, float] | None = None) -> Figures:
    return (
        findings(project_id=project.pk, user_ids=users),
        gold_scores(project_id=project.pk, user_ids=users),
        paces_of(project_id=project.pk, team=team, user_ids=users, medians=medians),
    )


def _of_many(project: Project, users: list[int]) -> Figures:
    key = f"quality-board:{FORMAT}:{project.pk}"
    kept: tuple[list[int], Figures] | None = cache.get(key)
    if kept is None or kept[0] != users:
        kept = users, _figures(project, users, users)
        cache.set(key, kept, KEPT_SECONDS)
    return kept[1]


def _medians_of_many(project: Project, team: list[int]) -> dict[str, float]:
    key = f"quality-medians:{project.pk}"
    kept: dict[str, float] | None = cache.get(key)
    if kept is None:
        kept = medians_of(project_id=project.pk, team=team)
        cache.set(key, kept, KEPT_SECONDS)
    return kept


def _people(project: Project, names: dict[int, str], figures: Figures) -> list[Person]:
    """Those in `names`, by user id."""
    by_experts, gold, paces = figures
    users = sorted(names)
    standings = {one.person_id: one for one in Standing.objects.filter(project=project, person_id__in=users)}
    people = []
    for user_id in users:
        standing = standings.get(user_id)
        pace = paces.get(user_id)
        person = Person(
            user_id=user_id,
            name=names[user_id],
            experts=score_of(by_experts[user_id]),
            gold=gold.get(user_id, Score()),
            seconds=pace.seconds if pace else None,
            pace=pace.against_team if pace else None,
            last_at=pace.last_at if pace else None,
            trend=by_experts[user_id],
            paused_at=standing.paused_at if standing else None,
            requalify_since=standing.requalify_since if standing else None,
        )
        person.concerns.extend(concerns_of(person, threshold=project.package_threshold))
        people.append(person)
    return people


def concerns_of(person: Person, *, threshold: float) -> list[str]:
    """What speaks for having a look: only what the numbers bear. threshold: the share of right items packages need."""
    found = []
    for code, score in (("errors", person.experts), ("gold", person.gold)):
        if score.judged >= ENOUGH and score.interval[1] < threshold:
            found.append(code)
    if person.trend and not person.trend[-1].accepted:
        found.append("package")
    if person.pace is not None and not FAST <= person.pace <= SLOW:
        found.append("fast" if person.pace < FAST else "slow")
    return found


def paces_of(
    *, project_id: int, team: list[int], user_ids: list[int], medians: dict[str, float] | None = None
) -> dict[int, Pace]:
    """User id -> how fast they are, from their latest verdicts; those without verdicts are left out. One query.

    Kinds of task take different times, so each verdict is held against the median of the `team` for its kind: the
    median of the medians of those who did enough of it. `medians`: these, where they are known; nothing of the others
    is read then.
    """
    values: dict[str, Any] = {"project": project_id, "team": team if medians is None else user_ids, "users": user_ids}
    known = medians or {}
    with connection.cursor() as cursor:
        cursor.execute(_PACES, {**values, "kinds": list(known), "medians": list(known.values())})
        return {user_id: Pace(*pace) for user_id, *pace in cursor.fetchall()}


def medians_of(*, project_id: int, team: list[int]) -> dict[str, float]:
    """Kind of task -> the team's median seconds, for kinds that enough people did enough of. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_MEDIANS, {"project": project_id, "team": team})
        return dict(cursor.fetchall())


def _known(score: Score) -> float:
    return score.right / score.judged if score.judged >= ENOUGH else math.inf


# The kinds of all items are looked up at once: PostgreSQL walks the index of each sample a single time, which costs a
# quarter of a look-up for each verdict.
_JUDGED = f"""
WITH latest AS MATERIALIZED (
    SELECT person.id AS user_id, verdict.item_id, verdict.seconds, verdict.created_at
    FROM unnest(%(team)s::bigint[]) person (id)
    CROSS JOIN LATERAL (
        SELECT item_id, seconds, created_at FROM verification_verdict
        WHERE annotator_id = person.id AND NOT is_withdrawal
        ORDER BY created_at DESC LIMIT {LATEST_VERDICTS}
    ) verdict
), item AS MATERIALIZED (
    SELECT item.id, sample.task_kind
    FROM verification_sampleitem item
    JOIN verification_sample sample ON sample.id = item.sample_id AND sample.project_id = %(project)s
    WHERE item.id = ANY (ARRAY(SELECT item_id FROM latest))
), judged AS MATERIALIZED (
    SELECT latest.user_id, item.task_kind, count(*) AS items, array_agg(latest.seconds) AS each,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY latest.seconds) AS seconds, max(latest.created_at) AS last_at
    FROM latest JOIN item ON item.id = latest.item_id
    GROUP BY latest.user_id, item.task_kind
)
"""  # noqa: S608  # constants of this module
_TEAM = f"""
SELECT task_kind, percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS seconds
FROM judged WHERE items >= {ENOUGH} GROUP BY task_kind HAVING count(*) >= {TEAM}
"""  # noqa: S608
_MEDIANS = _JUDGED + _TEAM
_PACES = f"""
{_JUDGED}, team AS MATERIALIZED (
    SELECT * FROM unnest(%(kinds)s::text[], %(medians)s::float8[]) known (task_kind, seconds)
    UNION ALL
    SELECT * FROM ({_TEAM}) counted WHERE cardinality(%(kinds)s::text[]) = 0
)
SELECT judged.user_id, percentile_cont(0.5) WITHIN GROUP (ORDER BY one.seconds),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY one.seconds / team.seconds), max(judged.last_at)
FROM judged
LEFT JOIN team ON team.task_kind = judged.task_kind AND judged.items >= {ENOUGH} AND team.seconds > 0
CROSS JOIN LATERAL unnest(judged.each) one (seconds)
WHERE judged.user_id = ANY (%(users)s::bigint[])
GROUP BY judged.user_id
"""  # noqa: S608
