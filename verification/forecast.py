"""What a loop will ask of people: items, hours, money. Pure: numbers in, numbers out.

Papers V1 appendix C.3 measured about 10 seconds per region for the tag task (2,750 hours for a million regions);
appendix A, Q25 gives the pay per item. A project's own median replaces the 10 seconds once it is known well enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

import numpy as np

from verification.sampling import Ints

SECONDS_PER_TAG_ITEM = 10.0
SECONDS_PER_QUESTION = 15.0
"""Papers V1 appendix C.3: "15 seconds for each VQA annotation"."""
WRONG_ANSWERS = 1 / 3
"""The share of answers that somebody has to write anew, before any audit has told it."""
ENOUGH_VERDICTS = 30
"""Fewer judged items are too few to say how long one takes."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """verdicts: items times people per item. hours and pay are for all people together; pay in whole cents.

    hours_each: per annotator when the work is shared evenly; None without annotators. is_measured: whether
    `seconds` is this project's own median.
    """

    items: int
    verdicts: int
    seconds: float
    is_measured: bool
    hours: float
    hours_each: float | None
    pay: Decimal


@dataclass(frozen=True, slots=True)
class TagSpread:
    """How regions spread over concepts: `frequencies` (n,) regions per concept, exact or estimated."""

    frequencies: Ints
    is_exact: bool

    @property
    def regions(self) -> int:
        return int(self.frequencies.sum())


def forecast_tag_task(
    *, items: int, overlap: int, rate: Decimal, annotators: int, median_seconds: float | None = None, judged: int = 0
) -> Forecast:
    """`rate`: pay per verdict; `median_seconds` over `judged` verdicts of this project, where there are some."""
    is_measured = median_seconds is not None and judged >= ENOUGH_VERDICTS
    seconds = median_seconds if is_measured and median_seconds is not None else SECONDS_PER_TAG_ITEM
    verdicts = items * overlap
    hours = verdicts * seconds / 3600
    return Forecast(
        items=items,
        verdicts=verdicts,
        seconds=seconds,
        is_measured=is_measured,
        hours=hours,
        hours_each=hours / annotators if annotators else None,
        pay=(verdicts * rate).quantize(Decimal("0.01"), ROUND_HALF_UP),
    )


@dataclass(frozen=True, slots=True)
class QuestionForecast:
    """The QA checks of a loop and the answers that follow from them. answers: about how many are wrong and are written
    anew; hours and pay: of both together."""

    items: int
    verdicts: int
    answers: int
    hours: float
    pay: Decimal


def forecast_questions(
    *, items: int, overlap: int, rate: Decimal, answer_rate: Decimal, wrong: float = WRONG_ANSWERS
) -> QuestionForecast:
    """`rate`: pay per check; `answer_rate`: per written answer; `wrong`: the share of answers that are wrong."""
    verdicts, answers = items * overlap, round(items * wrong) * overlap
    return QuestionForecast(
        items=items,
        verdicts=verdicts,
        answers=answers,
        hours=(verdicts + answers) * SECONDS_PER_QUESTION / 3600,
        pay=(verdicts * rate + answers * answer_rate).quantize(Decimal("0.01"), ROUND_HALF_UP),
    )


@dataclass(frozen=True, slots=True)
class Consumption:
    """What judging `regions` takes (papers V1 appendix C.3): hours of one person; days for all `people` together;
    pay in whole cents. A day is `hours_a_day` long."""

    regions: int
    hours: float
    days: float
    pay: Decimal


def consumption(
    *, regions: int, seconds: float, people: int, hours_a_day: float, rate: Decimal, overlap: int = 1
) -> Consumption:
    """A million regions at 10 seconds: 2,778 hours ("about 2,750"); 50 people take 15 days of 3.7 hours.

    seconds: per verdict; rate: pay per verdict; overlap: people per region. Raises ValueError without people or time.
    """
    if people < 1 or hours_a_day <= 0 or seconds <= 0 or regions < 0 or overlap < 1:
        raise ValueError("somebody has to work for some time")
    hours = regions * overlap * seconds / 3600
    return Consumption(
        regions=regions,
        hours=hours,
        days=hours / (people * hours_a_day),
        pay=(regions * overlap * rate).quantize(Decimal("0.01"), ROUND_HALF_UP),
    )


def spread_from_statistics(rows: int, distinct: float, common: Sequence[float]) -> TagSpread:
    """The spread as PostgreSQL's statistics see it: `rows` regions, the shares of the most common concepts, and
    `distinct` concepts (negative: as a share of the rows, as in pg_stats), the rest of them equally frequent."""
    concepts = round(-distinct * rows) if distinct < 0 else round(distinct)
    known = np.rint(np.array(common, dtype=np.float64) * rows).astype(np.int64)
    others = max(concepts - len(known), 0)
    left = max(rows - int(known.sum()), 0)
    rest = np.full(others, max(round(left / others), 1), dtype=np.int64) if others else np.zeros(0, dtype=np.int64)
    return TagSpread(np.maximum(np.concatenate([known, rest]), 1), is_exact=False)


def seconds_left(done: int, total: int, elapsed: float) -> float | None:
    """How long the rest takes at the pace so far; None while nothing is done."""
    if done <= 0 or elapsed <= 0:
        return None
    return max(total - done, 0) * elapsed / done
