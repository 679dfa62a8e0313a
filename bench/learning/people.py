"""Whom the engine asks: simulated annotators for verdicts, and experts who do not err for audits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bench.world.concepts import rare_third
from bench.world.crowd import Crowd
from bench.world.oracle import Oracle
from verification.quality import Outcome, majority, wilson_interval

from .corpus import VOCABULARY, Bools, Corpus, Floats, Ints


@dataclass(frozen=True, slots=True)
class Annotators:
    """A crowd that judges what is shown of the corpus. Each item goes to `overlap` of them, all different."""

    crowd: Crowd
    corpus: Corpus
    overlap: int = 1
    seed: int = 0

    def judge_tags(self, regions: Ints, shown: Ints) -> Bools:
        """(n, 5) whether each shown tag is right, by majority; a tie counts as wrong."""
        random = np.random.default_rng([self.seed, len(regions), 23])
        people = self.crowd.people
        right = np.zeros(shown.shape, bool)
        for row, (region, concepts) in enumerate(zip(regions.tolist(), shown.tolist(), strict=True)):
            tags = [VOCABULARY[concept] for concept in concepts]
            image, box = self.corpus.name(region), self.corpus.box(region)
            asked = random.choice(len(people), self.overlap, replace=False)
            marks = np.array([self.crowd.judge_tags(people[person], image, box, tags) for person in asked])
            against = (~marks).sum(0).tolist()
            right[row] = [majority(votes, self.overlap) is Outcome.ACCEPTED for votes in against]
        return right


@dataclass(frozen=True)
class Audit:
    """Experts' judgements of `regions`, against which every loop is measured. It is never learned from."""

    oracle: Oracle
    corpus: Corpus
    regions: Ints

    @cached_property
    def right(self) -> Bools:
        """(n, V) which candidates are right."""
        return np.array(
            [
                self.oracle.judge_tags(self.corpus.name(region), self.corpus.box(region), VOCABULARY)
                for region in self.regions.tolist()
            ]
        ).reshape(len(self.regions), len(VOCABULARY))

    @cached_property
    def shows(self) -> Bools:
        """(n,) which regions show a thing at all; on the others every tag is wrong."""
        return np.asarray(self.right.any(axis=1))

    @cached_property
    def rare(self) -> Bools:
        """(n,) which show a concept of the rarest third."""
        rare = rare_third()
        shown: Bools = self.right @ np.array([name in rare for name in VOCABULARY])
        return shown

    def accuracy(self, probabilities: Floats) -> dict[str, float | int | list[float]]:
        """Of the first tag and of the first five, (R, V) given; over regions that show a thing, `of_all` over all."""
        order = np.argsort(-probabilities[self.regions], axis=1, kind="stable")[:, :5]
        hits = np.take_along_axis(self.right, order, axis=1)
        first, five = hits[self.shows, 0], np.asarray(hits[self.shows].any(axis=1))
        low, high = wilson_interval(int(first.sum()), len(first))
        return {
            "n": len(first), "top1": _percent(first), "interval": [round(100 * low, 1), round(100 * high, 1)],
            "top5": _percent(five), "rare_third": _percent(hits[self.rare, 0]), "of_all": _percent(hits[:, 0]),
        }  # fmt: skip


def _percent(hits: Bools) -> float:
    return round(100 * float(hits.mean()), 2) if len(hits) else 0.0
