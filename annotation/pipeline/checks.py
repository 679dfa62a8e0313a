"""What a backend may answer, checked where the answer comes in: nonsense is refused before it is stored.

Each function returns the answer in its plain form or raises BadAnswer with a reason a person can act on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from .concepts import ConceptTextError, display_text, parse_concept
from .ports import Floats, Proposals, ProposalsLike, ScoresLike, SpottingLike

OVERSHOOT: Final = 1.0
"""Pixels by which a box may leave its photo before it is refused; up to there it is clamped."""

MAX_CAPTION: Final = 2000
"""Characters of a caption, a question or an answer."""


class BadAnswer(ValueError):
    """The backend answered something that cannot be used; the message says what."""


def check_count(answers: Any, expected: int, what: str) -> None:
    """A sequence of the expected length."""
    if isinstance(answers, str | bytes) or not hasattr(answers, "__len__"):
        raise BadAnswer(f"{what}: a list of {expected} was expected, not {type(answers).__name__}")
    if len(answers) != expected:
        raise BadAnswer(f"{what}: {expected} were expected, {len(answers)} came")


def check_tags(tags: Sequence[str]) -> tuple[str, ...]:
    """Display texts of the tags, in order, without repeats. An empty or overlong tag is refused."""
    if isinstance(tags, str):
        raise BadAnswer("a list of tags was expected, not one text")
    kept: dict[str, str] = {}
    for number, tag in enumerate(tags):
        if not isinstance(tag, str):
            raise BadAnswer(f"tag {number} is a {type(tag).__name__}, not a text")
        try:
            concept = parse_concept(tag)
        except ConceptTextError as error:
            raise BadAnswer(f"tag {number}: {error}") from None
        kept.setdefault(concept.normalised, concept.display)
    return tuple(kept.values())


def check_text(text: Any, what: str, *, may_be_empty: bool = False) -> str:
    """A caption, question or answer as one line of visible text, at most MAX_CAPTION characters."""
    if not isinstance(text, str):
        raise BadAnswer(f"{what} is a {type(text).__name__}, not a text")
    shown = display_text(text)
    if not shown and not may_be_empty:
        raise BadAnswer(f"{what} is empty")
    if len(shown) > MAX_CAPTION:
        raise BadAnswer(f"{what} has {len(shown)} characters; at most {MAX_CAPTION} are allowed")
    return shown


def check_spotting(spotting: SpottingLike) -> tuple[str, tuple[str, ...]]:
    """(caption, tags) of one photo."""
    return check_text(spotting.caption, "the caption", may_be_empty=True), check_tags(spotting.tags)


def check_boxes(boxes: Any, width: int, height: int) -> Floats:
    """`(n, 4)` float64 boxes clamped to the photo and rounded to 0.01 px. Refuses what is far outside, NaN
    or empty, naming the first such box."""
    array = _numbers(boxes, "the boxes")
    if array.size == 0:
        return np.zeros((0, 4))
    if array.ndim != 2 or array.shape[1] != 4:
        raise BadAnswer(f"boxes must have the shape (n, 4), not {array.shape}")
    _refuse(~np.isfinite(array).all(axis=1), array, "is not finite")
    limits = np.array([width, height, width, height], dtype=np.float64)
    outside = (array < -OVERSHOOT) | (array > limits + OVERSHOOT)
    _refuse(outside.any(axis=1), array, f"lies outside the photo of {width} x {height} px")
    clamped: Floats = np.clip(array, 0.0, limits).round(2)
    _refuse(
        (clamped[:, 0] >= clamped[:, 2]) | (clamped[:, 1] >= clamped[:, 3]), array, "has no area (x1 < x2, y1 < y2)"
    )
    return clamped


def check_proposals(proposals: ProposalsLike, width: int, height: int) -> Proposals:
    """Proposals of one photo with clean boxes, finite scores, one list of tags and one key per box."""
    boxes = check_boxes(proposals.boxes, width, height)
    count = len(boxes)
    tags = proposals.tags if len(proposals.tags) else [()] * count
    keys = proposals.keys if len(proposals.keys) else [None] * count
    check_count(tags, count, "lists of tags")
    check_count(keys, count, "keys")
    return Proposals(
        boxes=boxes,
        scores=check_scores(proposals.scores, count, "scores of boxes"),
        tags=[_tags_of_box(number, texts) for number, texts in enumerate(tags)],
        keys=list(keys),
    )


def check_scores(scores: Any, count: int, what: str) -> Floats:
    """`(count,)` finite float64 scores."""
    array = _numbers(scores, what)
    if array.shape != (count,):
        raise BadAnswer(f"{what}: the shape ({count},) was expected, not {array.shape}")
    if not np.isfinite(array).all():
        raise BadAnswer(f"{what}: score {int(np.argmin(np.isfinite(array)))} is not finite")
    return array


def check_match(scores: ScoresLike, regions: int, shared: int, own: Sequence[int]) -> tuple[Floats, list[Floats]]:
    """Scores of one photo: `(regions, shared)` and one array of `own[i]` scores per region, all finite."""
    matrix = _numbers(scores.shared, "shared scores").reshape(-1)
    if matrix.size != regions * shared:
        raise BadAnswer(f"shared scores: {regions} x {shared} were expected, {matrix.size} came")
    check_count(scores.own, regions, "own scores")
    mine = [
        check_scores(values, count, f"own scores of region {number}")
        for number, (values, count) in enumerate(zip(scores.own, own, strict=True))
    ]
    return check_scores(matrix, regions * shared, "shared scores").reshape(regions, shared), mine


def check_covers(covers: Sequence[Floats], counts: Sequence[int]) -> list[Floats]:
    """Per region one share of the box (0 to 1) per tag."""
    check_count(covers, len(counts), "covers")
    checked = []
    for number, (values, count) in enumerate(zip(covers, counts, strict=True)):
        array = check_scores(values, count, f"covers of region {number}")
        if ((array < 0) | (array > 1)).any():
            raise BadAnswer(f"covers of region {number} leave the range 0 to 1")
        checked.append(array)
    return checked


def check_texts(texts: Sequence[str], count: int, what: str) -> tuple[str, ...]:
    """Exactly `count` texts, none empty."""
    check_count(texts, count, what)
    return tuple(check_text(text, f"{what}: number {number}") for number, text in enumerate(texts))


def _tags_of_box(number: int, texts: Sequence[str]) -> tuple[str, ...]:
    try:
        return check_tags(texts)
    except BadAnswer as error:
        raise BadAnswer(f"box {number}: {error}") from None


def _numbers(values: Any, what: str) -> Floats:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise BadAnswer(f"{what} are not numbers") from None


def _refuse(bad: Any, boxes: Floats, why: str) -> None:
    if bad.any():
        number = int(np.argmax(bad))
        values = ", ".join(f"{value:g}" for value in boxes[number])
        raise BadAnswer(f"box {number} ({values}) {why}")
