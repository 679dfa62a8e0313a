"""How right the human-verified set is: the majority of three people of whom each errs on some items."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.world.crowd import EXPERTS, Crowd
from bench.world.oracle import Oracle
from verification.quality import Outcome, majority, wilson_interval

from .corpus import VOCABULARY, Corpus, Floats
from .scoring import top_five

ITEMS = 1000
OVERLAP = 3


def verified_set(oracle: Oracle, corpus: Corpus, probabilities: Floats, seed: int) -> dict[str, Any]:
    """1,000 regions with their five tags, judged by three annotators of whom each errs on 10 % of the items, and by an
    expert who errs on 2 %.

    An item counts as right only if every one of its five marks is the truth's. `by_majority`: what three people say;
    `experts`: one expert; `top1`: of the tags that the majority accepted first, which are true.
    """
    random = np.random.default_rng([seed, 37])
    regions = np.sort(random.choice(len(corpus.boxes), min(ITEMS, len(corpus.boxes)), replace=False))
    shown = top_five(probabilities[regions])
    crowd = Crowd(oracle, [f"annotator {number}" for number in range(20)], seed=seed)
    experts = Crowd(oracle, [f"expert {number}" for number in range(5)], rates=EXPERTS, careless=0.0, seed=seed + 1)
    items = single = expert_items = tags = tags_right = 0
    for region, concepts in zip(regions.tolist(), shown.tolist(), strict=True):
        image, box = corpus.name(region), corpus.box(region)
        names = [VOCABULARY[concept] for concept in concepts]
        truth = oracle.judge_tags(image, box, names)
        people = random.choice(crowd.people, OVERLAP, replace=False).tolist()
        marks = [crowd.judge_tags(person, image, box, names) for person in people]
        against = [sum(not one[place] for one in marks) for place in range(len(names))]
        said = [majority(votes, OVERLAP) is Outcome.ACCEPTED for votes in against]
        items += said == truth
        single += marks[0] == truth
        expert_items += experts.judge_tags(experts.people[region % 5], image, box, names) == truth
        tags += sum(said)
        tags_right += sum(right for right, stands in zip(truth, said, strict=True) if stands)
    return {
        "n": len(regions), "by_majority": _share(items, len(regions)), "one_annotator": _share(single, len(regions)),
        "one_expert": _share(expert_items, len(regions)), "accepted_tags": _share(tags_right, tags),
    }  # fmt: skip


def _share(hits: int, trials: int) -> dict[str, Any]:
    low, high = wilson_interval(hits, trials)
    return {
        "n": trials, "percent": round(100 * hits / max(trials, 1), 2),
        "interval": [round(100 * low, 1), round(100 * high, 1)],
    }  # fmt: skip
