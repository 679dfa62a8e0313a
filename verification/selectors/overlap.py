"""Where several people judged the same items: how far they agree, who is probably right, and how often each errs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from django.core.cache import cache
from django.db import connection

from verification.agreement import Estimate, Ints, alpha_with_interval, kappa_with_interval
from verification.dawid_skene import dawid_skene
from verification.models import QAChoice, TaskKind

MOST_ITEMS = 1000
ENOUGH_SHARED = 30
MOST_PAIRS = 20
KEPT_SECONDS = 86_400
FORMAT = 1
"""Of what is remembered: another number whenever Overlap is reckoned or laid out otherwise."""

LABELS: dict[str, tuple[str, ...]] = {
    TaskKind.TAG: ("right", "wrong"),
    TaskKind.QA: tuple(QAChoice.values),
}


@dataclass(frozen=True, slots=True)
class Pair:
    """Two people's kappa over `kappa.units` decisions that both made on `items` items."""

    first: str
    second: str
    items: int
    kappa: Estimate


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """How often one person probably errs (Dawid-Skene): for tags, wrong tags left (`missed`) and right ones marked
    (`struck`); for QA only `wrong`, any other choice than the right one. decisions: how many theirs are."""

    name: str
    decisions: int
    missed: float | None
    struck: float | None
    wrong: float


@dataclass(frozen=True, slots=True)
class Overlap:
    """One kind of task. items: judged by two or more people; overruled: decisions where Dawid-Skene finds another label
    likelier than the one with most votes."""

    kind: str
    items: int
    decisions: int
    alpha: Estimate
    pairs: list[Pair]
    rates: list[ErrorRate]
    overruled: int


@dataclass(frozen=True, slots=True)
class Votes:
    """Parallel arrays (votes,): unit, person and label, numbered from 0; item_of (units,); names of the people."""

    unit: Ints
    person: Ints
    label: Ints
    item_of: Ints
    names: list[str]

    def digest(self) -> str:
        """Equal for equal votes of people with the same names."""
        digest = sha256(json.dumps(self.names).encode())
        for array in (self.unit, self.person, self.label, self.item_of):
            digest.update(array.tobytes())
        return digest.hexdigest()


def overlaps_of(project_id: int) -> list[Overlap]:
    """For each kind of task with items that several people judged lately. One query for each kind.

    What was found for these very votes before is remembered: the intervals take most of the time.
    """
    found = []
    for kind in LABELS:
        votes = _votes(project_id, kind)
        if votes is None:
            continue
        key = f"overlap:{FORMAT}:{kind}:{votes.digest()}"
        overlap: Overlap | None = cache.get(key)
        if overlap is None:
            overlap = _overlap(kind, votes)
            cache.set(key, overlap, KEPT_SECONDS)
        found.append(overlap)
    return found


def _votes(project_id: int, kind: str) -> Votes | None:
    with connection.cursor() as cursor:
        cursor.execute(_JUDGED, {"project": project_id, "kind": kind})
        rows = cursor.fetchall()
    labels = {label: number for number, label in enumerate(LABELS[kind])}
    units: dict[tuple[int, int], int] = {}
    people: dict[int, int] = {}
    names: list[str] = []
    votes: list[tuple[int, int, int]] = []
    for item_id, user_id, name, choice, rejected, shown in rows:
        if user_id not in people:
            people[user_id] = len(people)
            names.append(name)
        said = [(0, labels.get(choice))] if kind == TaskKind.QA else [(tag, int(tag in rejected)) for tag in shown]
        for part, label in said:
            if label is not None:
                votes.append((units.setdefault((item_id, part), len(units)), people[user_id], label))
    if not votes:
        return None
    table = np.array(votes, dtype=np.int64)
    unit, person, label = table.T
    return Votes(unit, person, label, np.array([item for item, _part in units], dtype=np.int64), names)


def _overlap(kind: str, votes: Votes) -> Overlap:
    labels = len(LABELS[kind])
    counts = np.zeros((len(votes.item_of), labels), dtype=np.int64)
    np.add.at(counts, (votes.unit, votes.label), 1)
    consensus = dawid_skene(votes.unit, votes.person, votes.label, labels=labels)
    top = counts.max(axis=1)
    is_overruled = np.take_along_axis(counts, consensus.labels[:, None], axis=1)[:, 0] < top
    return Overlap(
        kind=kind,
        items=len(np.unique(votes.item_of)),
        decisions=len(counts),
        alpha=alpha_with_interval(counts, votes.item_of),
        pairs=_pairs(votes, labels),
        rates=_rates(kind, votes, consensus.errors, consensus.probabilities),
        overruled=int(is_overruled.sum()),
    )


def _pairs(votes: Votes, labels: int) -> list[Pair]:
    """Those who share most items first; only pairs that share enough."""
    label = np.full((len(votes.names), len(votes.item_of)), -1, dtype=np.int64)
    label[votes.person, votes.unit] = votes.label
    # Of 200 people there are 20,000 pairs, most of whom share nothing: these are found all at once.
    judged = (label >= 0).astype(np.float32)
    shared = np.triu(judged @ judged.T, k=1)
    found: list[tuple[int, int, Ints]] = []
    for first, second in np.argwhere(shared >= ENOUGH_SHARED).tolist():
        both = np.flatnonzero((label[first] >= 0) & (label[second] >= 0))
        if len(np.unique(votes.item_of[both])) >= ENOUGH_SHARED:
            found.append((first, second, both))
    found.sort(key=lambda one: -len(one[2]))
    return [
        Pair(
            votes.names[first],
            votes.names[second],
            len(np.unique(votes.item_of[both])),
            kappa_with_interval(label[first, both], label[second, both], votes.item_of[both], labels=labels),
        )
        for first, second, both in found[:MOST_PAIRS]
    ]


def _rates(kind: str, votes: Votes, errors: Any, probabilities: Any) -> list[ErrorRate]:
    """Those who err most first."""
    rates = []
    for number, name in enumerate(votes.names):
        theirs = votes.person == number
        right = float(probabilities[votes.unit[theirs], votes.label[theirs]].mean())
        is_tag = kind == TaskKind.TAG
        rates.append(
            ErrorRate(
                name=name,
                decisions=int(theirs.sum()),
                missed=float(errors[number, 1, 0]) if is_tag else None,
                struck=float(errors[number, 0, 1]) if is_tag else None,
                wrong=1 - right,
            )
        )
    return sorted(rates, key=lambda one: -one.wrong)


# The latest items of each person in the latest sample with overlap, as far as all who were asked have judged them.
_JUDGED = f"""
WITH sample AS (
    SELECT id, overlap,
           -- Enough for {MOST_ITEMS} items and for kappa, however many people there are.
           greatest({ENOUGH_SHARED}, least({MOST_ITEMS} / 4, 4 * {MOST_ITEMS} / greatest(1, (
               SELECT count(*) FROM projects_membership
               WHERE project_id = %(project)s AND role = 'annotator')))) AS each
    FROM verification_sample
    WHERE project_id = %(project)s AND task_kind = %(kind)s AND overlap > 1
    ORDER BY id DESC LIMIT 1
), recent AS (
    SELECT DISTINCT mine.item_id
    FROM sample
    JOIN projects_membership member ON member.project_id = %(project)s AND member.role = 'annotator'
    CROSS JOIN (VALUES (1), (0), (-1)) AS one (priority)
    CROSS JOIN LATERAL (
        SELECT slot.item_id FROM verification_assignment slot
        WHERE slot.annotator_id = member.user_id AND slot.sample_id = sample.id AND slot.state = 'done'
          AND slot.priority = one.priority
        ORDER BY slot.rank DESC LIMIT (SELECT each FROM sample)
    ) mine
), whole AS (
    SELECT slot.item_id, slot.round, array_agg(slot.verdict_id) AS verdict_ids
    FROM recent
    JOIN verification_assignment slot ON slot.item_id = recent.item_id
    JOIN verification_sampleitem item ON item.id = slot.item_id AND NOT item.is_gold
    CROSS JOIN sample
    WHERE slot.round = (SELECT max(round) FROM verification_assignment latest WHERE latest.item_id = slot.item_id)
    GROUP BY slot.item_id, slot.round
    HAVING bool_and(slot.state = 'done') AND count(*) > 1
    ORDER BY slot.item_id DESC LIMIT {MOST_ITEMS}
)
SELECT whole.item_id, verdict.annotator_id,
       coalesce(nullif(trim(person.first_name || ' ' || person.last_name), ''), person.username),
       verdict.choice, verdict.rejected_ids,
       ARRAY(SELECT (tag ->> 'concept_id')::bigint FROM jsonb_array_elements(item.shown -> 'tags') tag)
FROM whole
JOIN verification_sampleitem item ON item.id = whole.item_id
JOIN verification_verdict verdict ON verdict.id = ANY(whole.verdict_ids)
JOIN accounts_user person ON person.id = verdict.annotator_id
ORDER BY whole.item_id, verdict.id
"""  # noqa: S608  # a constant of this module
