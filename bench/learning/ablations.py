"""Ablations of the loop (papers V1, Tables 11 to 13), each arm beside its control on the same starter and scenes."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import torch

from ml.rclip.model import RClip

from .corpus import Corpus, Floats, Ints
from .features import Features
from .fitting import Fit, fit
from .people import Audit
from .rounds import Engine, agreed
from .samples import concept_wise, uniform
from .scoring import crop_probabilities, region_probabilities, top_five
from .targets import Tags, Verdicts, pseudo_tags, sure_tags, with_verdicts

PAIRS: Final = {
    "hard_negatives": ("human", "positives_only"),
    "human_fine_tuning": ("human", "no_human"),
    "cleaning": ("cleaned", "uncleaned"),
    "roi_align_over_crops": ("cleaned", "crops"),
    "concept_wise_sampling": ("human", "uniform_sample"),
    "two_units_over_one": ("two_units", "one_unit"),
    "five_units_over_two": ("cleaned", "two_units"),
}
"""What is compared: the arm and its control."""

RARE: Final = ("concept_wise_sampling",)
"""Comparisons that are also made on the rarest third of the concepts."""

SPEED: Final = 120
"""Pictures on which the speed of RoIAlign and of crops is measured; with 300 boxes each, on a fortieth of them."""


@dataclass(frozen=True, slots=True)
class Bench:
    """One seed. `unseen`: the audited regions and the hold-out together, for narrower intervals. `adapted`: the starter
    after starter things alone, from which every arm starts."""

    engine: Engine
    adapted: RClip
    unseen: Audit

    @classmethod
    def of(cls, engine: Engine, adapted: RClip) -> Bench:
        regions = np.concatenate([engine.audit.regions, engine.holdout.regions])
        return cls(engine, adapted, Audit(engine.audit.oracle, engine.corpus, regions))

    def measured(self, probabilities: Floats) -> dict[str, float]:
        found = self.unseen.accuracy(probabilities)
        return {"top1": float(found["top1"]), "rare_third": float(found["rare_third"])}  # type: ignore[arg-type]

    def trained(self, start: RClip, tags: Tags, options: Fit) -> tuple[RClip, Floats]:
        engine, device = self.engine, self.engine.settings.device
        model = fit(start, engine.features, tags, engine.singles, options, device)
        return model, region_probabilities(model, engine.features, device)


def one_seed(engine: Engine, adapted: RClip) -> dict[str, Any]:
    """Every arm once. Accuracies in percent of regions that nobody saw and nothing learned from."""
    bench = Bench.of(engine, adapted)
    settings = engine.settings
    started = time.perf_counter()
    crops = crop_probabilities(engine.starter, engine.corpus, settings.device)
    said = region_probabilities(adapted, engine.features, settings.device)
    arms = {"crops": bench.measured(crops), "adapted": bench.measured(said)}
    for name, tags in _without_people(engine, crops, said).items():
        model, probabilities = bench.trained(adapted, tags, settings.first)
        arms[name] = bench.measured(probabilities)
        _tell(engine, name, arms[name], started)
        if name == "cleaned":
            base, own = model, probabilities
    for name, tags in _with_people(engine, crops, own).items():
        arms[name] = bench.measured(bench.trained(base, tags, settings.later)[1])
        _tell(engine, name, arms[name], started)
    return {
        "seed": settings.seed,
        "regions": len(engine.corpus.boxes),
        "measured_on": int(bench.unseen.shows.sum()),
        "asked": engine.budget,
        "arms": arms,
        "speed": speed(engine),
        "seconds": round(time.perf_counter() - started, 1),
    }


def _without_people(engine: Engine, crops: Floats, said: Floats) -> dict[str, Tags]:
    """Training sets of M_0: the machine's own tags. Cleaning keeps what the surest of their size and picture say, and
    of it what the adapted starter says as well."""
    unit = np.random.default_rng([engine.settings.seed, 41]).permutation(len(engine.corpus.images)) % 5
    part = unit[engine.corpus.image]
    cleaned = agreed(pseudo_tags(engine.corpus, crops, engine.open), said)
    return {
        "cleaned": cleaned,
        "uncleaned": pseudo_tags(engine.corpus, crops, engine.open, cleaned=False),
        "one_unit": cleaned.where(part < 1),
        "two_units": cleaned.where(part < 2),
    }


def _with_people(engine: Engine, crops: Floats, own: Floats) -> dict[str, Tags]:
    """Training sets of M_1: what people said of the first annotations, or nothing, and M_0's own tags of the rest."""
    shown = top_five(crops)
    by_concept = _asked(engine, shown, concept_wise)
    at_random = _asked(engine, shown, uniform)
    nobody = Verdicts.none(len(shown))

    def tags(verdicts: Verdicts, *, negatives: bool = True) -> Tags:
        pseudo = sure_tags(own, engine.open & ~verdicts.asked)
        return with_verdicts(pseudo, verdicts, verdicts.asked, negatives=negatives)

    return {
        "human": tags(by_concept),
        "positives_only": tags(by_concept, negatives=False),
        "no_human": tags(nobody),
        "uniform_sample": tags(at_random),
    }


def _asked(engine: Engine, shown: Ints, sample: Any) -> Verdicts:
    random = np.random.default_rng([engine.settings.seed, 1])
    regions = sample(shown[:, 0], engine.open, engine.budget, random)
    verdicts = Verdicts.none(len(shown))
    verdicts.add(regions, shown[regions], engine.annotators.judge_tags(regions, shown[regions]), 1)
    return verdicts


def speed(engine: Engine) -> dict[str, float]:
    """Regions per second of the same weights on the same boxes, from whole pictures and from crops (already cut out):
    with as many boxes as the scenes have, and with 300 a picture, as the paper's proposals are."""
    corpus = engine.corpus
    own = np.flatnonzero(corpus.image < SPEED)
    few = np.flatnonzero(corpus.image < SPEED // 40)
    rates: dict[str, float] = {}
    for name, regions, repeats in (("own", own, 1), ("300", few, 300 * (SPEED // 40) // max(1, len(few)))):
        places = np.repeat(regions, repeats)
        places = places[np.argsort(corpus.image[places], kind="stable")]
        part = replace(
            corpus, images=corpus.images[: int(corpus.image[places].max()) + 1], boxes=corpus.boxes[places],
            image=corpus.image[places], crops=corpus.crops[places],
        )  # fmt: skip
        for way, scored in (("roi_align", _by_roi_align), ("crops", _by_crops)):
            started = time.perf_counter()
            scored(engine.starter, part, engine.settings.device)
            rates[f"{way}_{name}"] = round(len(places) / (time.perf_counter() - started), 1)
        rates[f"ratio_{name}"] = round(rates[f"roi_align_{name}"] / rates[f"crops_{name}"], 2)
    return rates


def _by_roi_align(model: RClip, corpus: Corpus, device: str) -> None:
    features = Features.of(model, corpus, views=1, seed=0, device=device)
    region_probabilities(model, features, device)


def _by_crops(model: RClip, corpus: Corpus, device: str) -> None:
    with torch.autocast(device, torch.bfloat16):
        crop_probabilities(model, corpus, device)


def _tell(engine: Engine, name: str, figures: dict[str, float], started: float) -> None:
    seconds = round(time.perf_counter() - started)
    print(f"ablation seed {engine.settings.seed}: {name} {figures} {seconds} s", file=sys.stderr, flush=True)
