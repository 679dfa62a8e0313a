"""Stage `match`: the candidates of each region, ranked; the top 5 are what people see.

The candidates of a region are the photo's image-level ones and its own. A matcher scores them; the segmenter,
where the roster has one, modulates the scores with the share of the box that each tag covers (papers V1,
section 3.3); concepts that people rejected for the region are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from .batches import Batch, Failure
from .checks import check_covers, check_match
from .concepts import normalise
from .offensive import is_offensive
from .ports import Backends, Candidate, Floats, ImageInput, Matcher, Named, Segmenter

SHORTLIST: Final = 2
"""The segmenter sees this many times `top_k` candidates: it may lift one from below the cut."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """One entry of a ranking. raw: the matcher's score; score: after the segmenter, equal to raw without one."""

    candidate: Candidate
    raw: float
    score: float


Ranking = tuple[Ranked, ...]
"""Best first; at most `top_k` long; empty for a region without candidates."""


def match_images(
    images: Sequence[ImageInput],
    boxes: Sequence[Floats],
    shared: Sequence[Sequence[Candidate]],
    own: Sequence[Sequence[Sequence[Candidate]]],
    backends: Backends,
    *,
    rejected: Sequence[Sequence[AbstractSet[str]]] | None = None,
    top_k: int = 5,
    cover_weight: float = 1.0,
    modulate: bool = True,
) -> list[list[Ranking] | Failure]:
    """One ranking per region of each photo.

    boxes: `(n, 4)` per photo; shared: image-level candidates per photo; own: candidates per region; rejected:
    per region, the normalised texts of concepts that people rejected; modulate: let the segmenter change the
    scores here (loop 0; later matchers see the region well enough without).
    """
    batch = Batch("match", images)
    matcher = backends.matcher
    scores = _score(batch, matcher, boxes, shared, own)
    segmenter = backends.segmenter if modulate else None
    length = top_k if segmenter is None else SHORTLIST * top_k
    rankings: dict[int, list[Ranking]] = {}
    for at in batch.alive:
        matrix, mine = scores[at]
        refused: Sequence[AbstractSet[str]] = rejected[at] if rejected else [frozenset()] * len(boxes[at])
        keyed = [(normalise(candidate.text), candidate) for candidate in shared[at]]
        rankings[at] = [
            rank_region(keyed, matrix[number], own[at][number], mine[number], rejected=refused[number], length=length)
            for number in range(len(boxes[at]))
        ]
    if segmenter is not None:
        rankings = modulate_rankings(batch, segmenter, boxes, rankings, cover_weight)
    return batch.results({at: [ranking[:top_k] for ranking in rankings[at]] for at in batch.alive})


def rank_region(
    shared: Sequence[tuple[str, Candidate]],
    shared_scores: Floats,
    own: Sequence[Candidate],
    own_scores: Floats,
    *,
    rejected: AbstractSet[str] = frozenset(),
    length: int = 5,
) -> Ranking:
    """The best `length` candidates of one region, best first. `shared` comes with its normalised texts.

    A text that is both shared and the region's own counts once, with both masks and the better score. Equal
    scores: own before shared, then the order in which the candidates were given.
    """
    scores = np.concatenate((own_scores, shared_scores))
    places: dict[str, int] = {}
    candidates: list[Candidate] = []
    keys: list[str] = []
    for key, candidate in [*((normalise(mine.text), mine) for mine in own), *shared]:
        place = places.setdefault(key, len(candidates))
        if place < len(candidates):
            candidates[place] = replace(candidates[place], roles=candidates[place].roles | candidate.roles)
            scores[place] = max(scores[place], scores[len(candidates)])
        keys.append(key)
        candidates.append(candidate)
    ranking: list[Ranked] = []
    for place in np.argsort(-scores, kind="stable").tolist():
        key = keys[place]
        if places[key] == place and key not in rejected and not is_offensive(key):
            score = float(scores[place])
            ranking.append(Ranked(candidates[place], score, score))
            if len(ranking) == length:
                break
    return tuple(ranking)


def modulate_rankings(
    batch: Batch,
    segmenter: Named[Segmenter],
    boxes: Sequence[Floats],
    rankings: dict[int, list[Ranking]],
    weight: float,
) -> dict[int, list[Ranking]]:
    """Rankings in the order of raw score x (1 - weight + weight x cover of the box); photos may fail.

    Raw scores below 0 count as 0. Equal scores keep their order.
    """
    tags = {at: [[entry.candidate.text for entry in ranking] for ranking in rankings[at]] for at in batch.alive}
    covers = batch.ask(
        "segmenter",
        segmenter,
        lambda at: segmenter.backend.cover(batch.images_at(at), [boxes[i] for i in at], [tags[i] for i in at]),
        lambda at, answer: check_covers(answer, [len(texts) for texts in tags[at]]),
    )
    return {
        at: [_by_cover(ranking, cover, weight) for ranking, cover in zip(rankings[at], covers[at], strict=True)]
        for at in batch.alive
    }


def _by_cover(ranking: Ranking, cover: Floats, weight: float) -> Ranking:
    changed = [
        replace(entry, score=max(entry.raw, 0.0) * (1.0 - weight + weight * share))
        for entry, share in zip(ranking, cover.tolist(), strict=True)
    ]
    return tuple(sorted(changed, key=lambda entry: -entry.score))


def _score(
    batch: Batch,
    matcher: Named[Matcher],
    boxes: Sequence[Floats],
    shared: Sequence[Sequence[Candidate]],
    own: Sequence[Sequence[Sequence[Candidate]]],
) -> dict[int, tuple[Floats, list[Floats]]]:
    return batch.ask(
        "matcher",
        matcher,
        lambda at: matcher.backend.match(
            batch.images_at(at), [boxes[i] for i in at], [shared[i] for i in at], [own[i] for i in at]
        ),
        lambda at, answer: check_match(
            answer, len(boxes[at]), len(shared[at]), [len(candidates) for candidates in own[at]]
        ),
    )
