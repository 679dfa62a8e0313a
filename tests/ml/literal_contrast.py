"""The contrastive loss as its definition reads: loops over sets, in float64, one region and one text at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.contrastive import NONE, Targets

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LiteralLoss:
    total: float
    image_to_text: float
    text_to_image: float
    accuracy: float


def literal_loss(
    regions: Floats, texts: Floats, scale: float, targets: Targets, *, negatives_without_accepted: bool = False
) -> LiteralLoss:
    score = [[scale * float(np.dot(region, text)) for text in texts] for region in regions]
    positive = [int(text) for text in targets.positive]
    accepted: list[set[int]] = [set() for _ in regions]
    rejected: list[set[int]] = [set() for _ in regions]
    for region, text in targets.accepted.tolist():
        accepted[region].add(text)
    for region, text in targets.rejected.tolist():
        rejected[region].add(text)
    weights = targets.weights.tolist()
    in_batch = {text for text in positive if text != NONE}
    anchors = [region for region, text in enumerate(positive) if text != NONE]
    anchor_weight = sum(weights[region] for region in anchors)
    if anchor_weight == 0:
        return LiteralLoss(0.0, 0.0, 0.0, 0.0)

    image_to_text, image_weight, hits = 0.0, 0.0, 0
    for region in range(len(regions)):
        if positive[region] != NONE:
            others = accepted[region] - {positive[region]}
            compared = (in_batch - others) | rejected[region]
            right = {positive[region]}
            hits += all(score[region][positive[region]] >= score[region][text] for text in compared)
        else:
            compared = in_batch | rejected[region]
            right = in_batch - rejected[region]
            if not negatives_without_accepted or not rejected[region] or not right:
                continue
        everything = sum(math.exp(score[region][text]) for text in compared)
        probability = sum(math.exp(score[region][text]) for text in right) / everything
        image_to_text -= weights[region] * math.log(probability)
        image_weight += weights[region]

    text_to_image = 0.0
    for text in in_batch:
        compared = set()
        for region in range(len(regions)):
            if positive[region] == text:
                compared.add(region)
            elif positive[region] == NONE:
                if text in rejected[region]:
                    compared.add(region)
            elif text not in accepted[region]:
                compared.add(region)
        everything = sum(math.exp(score[region][text]) for region in compared)
        for region in anchors:
            if positive[region] == text:
                text_to_image -= weights[region] * math.log(math.exp(score[region][text]) / everything)

    image_to_text /= image_weight
    text_to_image /= anchor_weight
    return LiteralLoss((image_to_text + text_to_image) / 2, image_to_text, text_to_image, hits / len(anchors))
