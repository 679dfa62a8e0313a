"""From a model's logits to a matcher's scores.

A score is the model's probability that a text names the region, among all the texts that anybody proposed on the
photo: a softmax of cosine x temperature over them. All regions of a photo share its denominator, so that their scores
can be compared; the order within a region is that of the cosines.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from .values import Candidate, Scores


def proposed_texts(shared: Sequence[Candidate], own: Sequence[Sequence[Candidate]]) -> list[str]:
    """Every text once, in order of first mention."""
    return list(dict.fromkeys(candidate.text for group in (shared, *own) for candidate in group))


def scores_of(
    logits: Tensor, texts: Sequence[str], shared: Sequence[Candidate], own: Sequence[Sequence[Candidate]]
) -> Scores:
    """logits: (n, t) of the photo's n regions and its `proposed_texts`."""
    values = logits.double().cpu().numpy()
    if values.size:
        values = np.exp(values - values.max(axis=1, keepdims=True))
        values /= values.sum(axis=1, keepdims=True)
    column = {text: number for number, text in enumerate(texts)}
    return Scores(
        shared=values[:, [column[candidate.text] for candidate in shared]],
        own=[row[[column[candidate.text] for candidate in mine]] for row, mine in zip(values, own, strict=True)],
    )


class Prompt:
    """A text around each tag: "a photo of a {}". Raises ValueError for one without a place for the tag."""

    def __init__(self, template: str) -> None:
        if "{}" not in template:
            raise ValueError(f"prompt must hold {{}} where the tag goes, as in 'a photo of a {{}}', not {template!r}")
        self._template = template

    def __call__(self, texts: Sequence[str]) -> list[str]:
        return [self._template.replace("{}", text) for text in texts]
