"""Algorithm 2 (papers V1, appendix B.4): annotate, ask people, fine-tune, annotate again."""

from __future__ import annotations

import math
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bench.world.singles import Singles
from ml.rclip.model import RClip

from .corpus import Bools, Corpus, Floats, Ints
from .features import Features
from .fitting import Fit, fit
from .people import Annotators, Audit
from .samples import concept_wise
from .scoring import crop_probabilities, region_probabilities, top_five
from .targets import Tags, Verdicts, pseudo_tags, sure_tags, with_verdicts

LOOPS = 3
"""After loop 0."""

PEOPLE_SEE = 0.10
"""Largest share of the regions that people see in a loop."""

HELD_BACK = 0.12
"""Share of the regions that people see which decide whether a new checkpoint may annotate: they are shown again, with
its own five tags, and its first tag must not stand less often than its parent's. Nothing learns from them. Judging the
new checkpoint by what was said of its parent's five tags would favour the parent: where all are wrong, nobody has said
what is right."""


LOSES = 0.1
"""Chance below which a new checkpoint's smaller share counts as a loss. A hundred regions cannot tell two points."""


@dataclass(frozen=True, slots=True)
class Settings:
    """loops: after loop 0; audited: regions of the corpus without verdicts, ever, that each loop is measured on;
    views: of every region, the unchanged one included, to learn from."""

    loops: int = LOOPS
    audited: int = 2000
    adapting: Fit = field(default_factory=lambda: Fit(steps=700))
    first: Fit = field(default_factory=lambda: Fit(steps=700))
    later: Fit = field(default_factory=lambda: Fit(steps=900))
    views: int = 4
    seed: int = 0
    device: str = "cpu"


@dataclass(frozen=True, slots=True)
class Engine:
    """What does not change from loop to loop. The truth is behind `annotators` and the two audits alone."""

    corpus: Corpus
    features: Features
    starter: RClip
    singles: Singles
    annotators: Annotators
    audit: Audit
    holdout: Audit
    settings: Settings

    @property
    def open(self) -> Bools:
        """(R,) regions that may be sampled and learned from: neither held out nor audited."""
        allowed = ~self.corpus.held_out
        allowed[self.audit.regions] = False
        return allowed

    @property
    def budget(self) -> int:
        """Regions that people see in a loop: a tenth of the corpus, the hold-out not counted."""
        return int(PEOPLE_SEE * int((~self.corpus.held_out).sum()))


@dataclass(slots=True)
class State:
    """After a loop: its model, the annotations (R, V) that people are shown, what the model itself says (the same, but
    after loop 0, where the starter annotates), and all verdicts so far."""

    model: RClip
    probabilities: Floats
    own: Floats
    verdicts: Verdicts


def audited_regions(corpus: Corpus, count: int, seed: int) -> Ints:
    """A uniform sample of the corpus without the hold-out, drawn before anybody is asked."""
    places = np.flatnonzero(~corpus.held_out)
    random = np.random.default_rng([seed, 29])
    return np.sort(random.choice(places, min(count, len(places) // 4), replace=False))


def loop_zero(engine: Engine) -> tuple[State, dict[str, Any]]:
    """A_0 by the starter on crops, and M_0 trained on it."""
    started = time.perf_counter()
    settings = engine.settings
    probabilities = crop_probabilities(engine.starter, engine.corpus, settings.device)
    annotated = time.perf_counter()
    adapted = adapt(engine)
    said = region_probabilities(adapted, engine.features, settings.device)
    tags = agreed(pseudo_tags(engine.corpus, probabilities, engine.open), said)
    model = fit(adapted, engine.features, tags, engine.singles, settings.first, settings.device)
    trained = time.perf_counter()
    untrained = region_probabilities(engine.starter, engine.features, settings.device)
    own = region_probabilities(model, engine.features, settings.device)
    figures = {
        "loop": 0,
        **_measured(engine, probabilities),
        "model": _measured(engine, own),
        "starter_by_roi_align": engine.audit.accuracy(untrained)["top1"],
        "adapted_by_roi_align": engine.audit.accuracy(said)["top1"],
        "regions_trained_on": int(tags.used.sum()),
        "seconds": {
            "annotate": round(annotated - started, 1),
            "train": round(trained - annotated, 1),
            "all": round(time.perf_counter() - started, 1),
        },
    }
    _tell(figures)
    return State(model, probabilities, own, Verdicts.none(len(probabilities))), figures


def adapt(engine: Engine) -> RClip:
    """The starter after learning from starter things alone, turned, recoloured and partly hidden: nothing is said of
    the corpus, whose regions only pass through the network (its batch norms see them)."""
    settings = engine.settings
    nothing = Tags.unknown(engine.open)
    return fit(engine.starter, engine.features, nothing, engine.singles, settings.adapting, settings.device)


def agreed(tags: Tags, probabilities: Floats) -> Tags:
    """Tags that another annotator gives first as well."""
    return tags.where(tags.accepted[np.arange(len(probabilities)), probabilities.argmax(1)])


def next_loop(engine: Engine, state: State, number: int) -> tuple[State, dict[str, Any]]:
    """Loop `number`: people judge a sample of the last annotations, the model learns, the corpus is annotated.

    Adds to the verdicts of `state`.
    """
    started = time.perf_counter()
    settings, corpus, verdicts = engine.settings, engine.corpus, state.verdicts
    random = np.random.default_rng([settings.seed, number])
    frame = engine.open & ~verdicts.accepted.any(1)
    shown = top_five(_without_rejected(state.probabilities, verdicts))
    regions = concept_wise(shown[:, 0], frame, engine.budget, random)
    right = engine.annotators.judge_tags(regions, shown[regions])
    verdicts.add(regions, shown[regions], right, number)
    back = held_back(corpus, settings.seed)
    pseudo = sure_tags(state.own, engine.open & ~verdicts.asked)
    tags = with_verdicts(pseudo, verdicts, ~back)
    asked = time.perf_counter()
    model = fit(state.model, engine.features, tags, engine.singles, settings.later, settings.device)
    trained = time.perf_counter()
    probabilities = region_probabilities(model, engine.features, settings.device)
    tested = regions[back[regions]]
    second = top_five(probabilities)[tested]
    right_again = engine.annotators.judge_tags(tested, second)
    verdicts.add(tested, second, right_again, number)
    parent, child = right[back[regions], 0], right_again[:, 0]
    annotates, own = not loses(parent, child), probabilities
    if not annotates:
        model, probabilities, own = state.model, state.probabilities, state.own
    figures = {
        "loop": number,
        **_measured(engine, probabilities),
        "asked": len(regions),
        "asked_share": round(len(regions) / int((~corpus.held_out).sum()), 4),
        "with_an_accepted_tag": round(float(verdicts.accepted[regions].any(1).mean()), 3),
        "held_back": {"n": len(tested), "parent": _share(parent), "child": _share(child), "annotates": annotates},
        "regions_trained_on": {"verified": int((tags.used & verdicts.asked).sum()), "pseudo": int(pseudo.used.sum())},
        "seconds": {"train": round(trained - asked, 1), "all": round(time.perf_counter() - started, 1)},
    }
    _tell(figures)
    return State(model, probabilities, own, verdicts), figures


def held_back(corpus: Corpus, seed: int) -> Bools:
    """(R,) regions that never teach, whoever is asked about them; a region stays what it is for good."""
    return np.random.default_rng([seed, 31]).random(len(corpus.boxes)) < HELD_BACK


def loses(parent: Bools, child: Bools) -> bool:
    """Whether the child is worse on the same regions, beyond what chance does (exact one-sided sign test)."""
    worse, better = int((parent & ~child).sum()), int((child & ~parent).sum())
    pairs = worse + better
    at_most = sum(math.comb(pairs, count) for count in range(better + 1)) / 2**pairs
    return worse > better and at_most < LOSES


def _share(marks: Bools) -> float:
    return round(float(marks.mean()), 4) if len(marks) else 0.0


def _without_rejected(probabilities: Floats, verdicts: Verdicts) -> Floats:
    return np.where(verdicts.rejected & ~verdicts.accepted, np.float32(-1), probabilities)


def _measured(engine: Engine, probabilities: Floats) -> dict[str, Any]:
    return {"audit": engine.audit.accuracy(probabilities), "holdout": engine.holdout.accuracy(probabilities)}


def _tell(figures: dict[str, Any]) -> None:
    print(figures, file=sys.stderr, flush=True)
