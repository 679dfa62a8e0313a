"""What is known about regions, and what of it a model is trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotation.pipeline.cleaning import best_per_size_class

from .corpus import VOCABULARY, Bools, Corpus, Floats, Ints

PSEUDO_WEIGHT = 0.3
"""How often a machine's tag is learned at full confidence; a person's is learned 1."""

SURE = 0.6
"""Confidence from which an R-CLIP's own tags are learned from in later loops."""

KEPT_PER_SIZE = 2
"""Regions per picture and size class that cleaning keeps. The paper keeps 100 of photos with about 200 regions, 56 % of
all; of scenes with about nine, this is as strict."""


@dataclass(slots=True)
class Verdicts:
    """What people said. asked: (R,); accepted, rejected: (R, V); loop: (R,) in which they were asked, 0 for never."""

    asked: Bools
    accepted: Bools
    rejected: Bools
    loop: Ints

    @classmethod
    def none(cls, regions: int) -> Verdicts:
        size = (regions, len(VOCABULARY))
        return cls(np.zeros(regions, bool), np.zeros(size, bool), np.zeros(size, bool), np.zeros(regions, np.int64))

    def add(self, regions: Ints, shown: Ints, right: Bools, loop: int) -> None:
        """shown: (n, 5) concepts; right: (n, 5) whether each was let stand. A later verdict adds to an earlier one."""
        self.asked[regions] = True
        self.loop[regions] = loop
        rows = np.repeat(regions[:, None], shown.shape[1], axis=1)
        self.accepted[rows[right], shown[right]] = True
        self.rejected[rows[~right], shown[~right]] = True


@dataclass(frozen=True, slots=True)
class Tags:
    """What a model is trained on: accepted, rejected: (R, V); weight: (R,) how often each
    is learned, 0 for those that are left out."""

    accepted: Bools
    rejected: Bools
    weight: Floats

    @property
    def used(self) -> Bools:
        return self.weight > 0

    @classmethod
    def unknown(cls, allowed: Bools) -> Tags:
        """Of no region anything is known; a model sees the allowed ones all the same."""
        nothing = np.zeros((len(allowed), len(VOCABULARY)), bool)
        return cls(nothing, nothing, allowed.astype(np.float32))

    def where(self, chosen: Bools) -> Tags:
        """The chosen regions alone."""
        return Tags(
            self.accepted & chosen[:, None], self.rejected & chosen[:, None],
            np.where(chosen, self.weight, 0.0).astype(np.float32),
        )  # fmt: skip


def pseudo_tags(corpus: Corpus, probabilities: Floats, allowed: Bools, *, cleaned: bool = True) -> Tags:
    """The machine's first tags of the allowed regions, counted by their confidence.

    cleaned: only of the surest regions of each picture and size class (papers V1, appendix E.3).
    """
    best = probabilities.argmax(1)
    sure = probabilities.max(1)
    chosen = allowed & clean(corpus, sure) if cleaned else allowed
    accepted = np.zeros(probabilities.shape, bool)
    accepted[np.arange(len(best)), best] = True
    weight = np.where(chosen, PSEUDO_WEIGHT * sure, 0.0).astype(np.float32)
    return Tags(accepted & chosen[:, None], np.zeros_like(accepted), weight)


def sure_tags(probabilities: Floats, allowed: Bools) -> Tags:
    """The first tags of which an R-CLIP is sure, of the allowed regions: its confidence says how often it is right."""
    best, sure = probabilities.argmax(1), probabilities.max(1)
    chosen = allowed & (sure >= SURE)
    accepted = np.zeros(probabilities.shape, bool)
    accepted[np.flatnonzero(chosen), best[chosen]] = True
    return Tags(accepted, np.zeros_like(accepted), np.where(chosen, PSEUDO_WEIGHT * sure, 0.0).astype(np.float32))


def clean(corpus: Corpus, sure: Floats) -> Bools:
    """(R,) the regions that the pipeline's cleaning keeps."""
    kept = np.zeros(len(sure), bool)
    order = np.argsort(corpus.image, kind="stable")
    for own in np.split(order, np.flatnonzero(np.diff(corpus.image[order])) + 1):
        kept[own[best_per_size_class(corpus.boxes[own], sure[own].astype(np.float64), KEPT_PER_SIZE)]] = True
    return kept


def with_verdicts(pseudo: Tags, verdicts: Verdicts, allowed: Bools, *, negatives: bool = True) -> Tags:
    """People's verdicts of the allowed regions in place of the machine's tags.

    negatives: rejected tags count as well; without them a region with no accepted tag teaches nothing.
    """
    said = verdicts.asked & allowed
    teaches = said & (verdicts.accepted.any(1) | negatives)
    accepted = np.where(verdicts.asked[:, None], verdicts.accepted & said[:, None], pseudo.accepted)
    rejected = verdicts.rejected & said[:, None] if negatives else np.zeros_like(verdicts.rejected)
    # Asked twice and answered differently: nothing is known.
    rejected &= ~accepted
    weight = np.where(verdicts.asked, teaches.astype(np.float32), pseudo.weight).astype(np.float32)
    return Tags(accepted, rejected, weight)
