"""How accurate annotations are, from judged audit items (papers V1, Table 8 and Figure 5). Pure.

Items weigh as much as they stand for; two experts' judgements of one item count half each; candidates and pairs of one
region are clustered. Items that an expert could not tell are left out and counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from annotation.pipeline.cleaning import LOWER_BOUNDS, SizeClass
from annotation.pipeline.roles import Role
from verification.estimates import Share, kappa, weighted_share

SOURCES: tuple[Role, ...] = (
    Role.DETECTOR,
    Role.GROUNDING,
    Role.IMPORTED,
    Role.SPOTTER,
    Role.IMAGINATOR,
    Role.SPLITTER,
    Role.MAGNIFIER,
    Role.OCR,
    Role.CLASS_AGNOSTIC,
    Role.HUMAN,
)
"""Rows of the heat table. A tag that several proposed stands in each of their rows."""
SIZES = tuple(SizeClass)
BAND_COUNT = 4


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one expert said: the right concepts of a tag item, or whether an answer is correct; None: cannot be told."""

    right: frozenset[int] | bool | None


@dataclass(frozen=True, slots=True)
class JudgedItem:
    """claims: (concept, whether the row says it is right), best first; empty for a question with its answer."""

    region_id: int
    weight: float
    source_mask: int
    size_class: int
    band: int
    claims: tuple[tuple[int, bool], ...]
    judgements: tuple[Judgement, ...]

    @property
    def told(self) -> list[frozenset[int] | bool]:
        return [one.right for one in self.judgements if one.right is not None]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of two experts on the same items: how many single answers both gave, the share that agree, Cohen's kappa."""

    items: int
    answers: int
    share: float
    kappa: float | None


@dataclass(frozen=True, slots=True)
class Accuracy:
    """first: the first tag is right, or the answer is correct; candidates: single tags are what the row says of them;
    any_of_five: one of the tags is right. None where nothing is judged, or for answers."""

    first: Share | None
    candidates: Share | None
    any_of_five: Share | None
    judged: int
    unclear: int
    agreement: Agreement | None


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the heat table. step: 0 (few errors) to 5 (many), None when there are too few items to say."""

    share: Share | None
    items: int
    step: int | None


@dataclass(frozen=True, slots=True)
class Heat:
    """Accuracy of the first tag by source (rows) and by `columns`; rows without items are left out."""

    columns: tuple[int, ...]
    rows: tuple[tuple[Role, tuple[Cell, ...]], ...]

    @property
    def weakest(self) -> list[tuple[Role, int, Share]]:
        """The two cells with enough items and the lowest shares."""
        told = [
            (role, column, cell.share)
            for role, cells in self.rows
            for column, cell in zip(self.columns, cells, strict=True)
            if cell.step is not None and cell.share is not None
        ]
        return sorted(told, key=lambda one: one[2].value)[:2]


def accuracy_of(items: Sequence[JudgedItem]) -> Accuracy:
    """All figures of one audit."""
    told = [item for item in items if item.told]
    is_tags = any(item.claims for item in items)
    return Accuracy(
        first=_share(told, first_is_right),
        candidates=_share([item for item in told if item.claims], *[_claim_holds(place) for place in range(5)])
        if is_tags
        else None,
        any_of_five=_share(told, _any_is_right) if is_tags else None,
        judged=len(told),
        unclear=sum(bool(item.judgements) and not item.told for item in items),
        agreement=agreement_of(items),
    )


def heat_by(items: Iterable[JudgedItem], columns: Sequence[int], column_of: Callable[[JudgedItem], int]) -> Heat:
    """The heat table of the first tags (or answers) by source and column."""
    told = [item for item in items if item.told]
    rows = []
    for role in SOURCES:
        of_role = [item for item in told if item.source_mask & role]
        if of_role:
            rows.append((role, tuple(_cell([item for item in of_role if column_of(item) == one]) for one in columns)))
    return Heat(tuple(columns), tuple(rows))


def agreement_of(items: Iterable[JudgedItem]) -> Agreement | None:
    """What two experts said of the same items: on each shown tag, or on the answer. None without such items."""
    pairs: list[tuple[object, object]] = []
    count = 0
    for item in items:
        if len(item.told) < 2:
            continue
        first, second = item.told[:2]
        count += 1
        if isinstance(first, frozenset) and isinstance(second, frozenset):
            pairs += [(concept in first, concept in second) for concept, _claim in item.claims]
        else:
            pairs.append((first, second))
    if not pairs:
        return None
    return Agreement(count, len(pairs), sum(one == other for one, other in pairs) / len(pairs), kappa(pairs))


def size_bounds(size: int) -> tuple[int, int | None]:
    """Root of the area, px, from which to which a size class goes."""
    upper = LOWER_BOUNDS[size + 1] if size + 1 < len(LOWER_BOUNDS) else None
    return LOWER_BOUNDS[size], upper


Question = Callable[[JudgedItem, "frozenset[int] | bool"], "bool | None"]


def first_is_right(item: JudgedItem, said: frozenset[int] | bool) -> bool | None:
    """Whether the first tag is right, or the answer correct."""
    if isinstance(said, frozenset):
        return item.claims[0][0] in said if item.claims else None
    return said


def _any_is_right(item: JudgedItem, said: frozenset[int] | bool) -> bool | None:
    if not isinstance(said, frozenset):
        return None
    return any(claim and concept in said for concept, claim in item.claims)


def _claim_holds(place: int) -> Question:
    def holds(item: JudgedItem, said: frozenset[int] | bool) -> bool | None:
        if place >= len(item.claims) or not isinstance(said, frozenset):
            return None
        concept, claim = item.claims[place]
        return (concept in said) == claim

    return holds


def _share(items: Iterable[JudgedItem], *questions: Question) -> Share | None:
    values, weights, clusters = [], [], []
    for item in items:
        for question in questions:
            answers = [answer for answer in (question(item, said) for said in item.told) if answer is not None]
            if answers:
                values.append(sum(answers) / len(answers))
                weights.append(item.weight)
                clusters.append(item.region_id)
    return weighted_share(np.array(values), np.array(weights), np.array(clusters, dtype=np.int64))


def _cell(items: list[JudgedItem]) -> Cell:
    share = _share(items, first_is_right)
    if share is None or not share.is_told:
        return Cell(share, len(items), None)
    return Cell(share, len(items), heat_step(share.value))


def heat_step(share: float) -> int:
    """0 from 85 % on, then a step for every 10 points less: 5 below 45 %."""
    return min(5, max(0, int(np.ceil(round((0.85 - share) / 0.1, 9)))))
