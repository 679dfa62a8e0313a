"""Region-text InfoNCE over unique texts, rejected tags as extra negatives (papers V1 appendix E.3).

Where no two regions share a text and nobody rejected anything it is the loss of CLIP (Radford et al., 2021).

*Image to text.* Region i is compared with every text that is some region's positive, each counted once, and with the
tags rejected for i. Other accepted tags of i are left out; what is rejected for another region alone does not count.

*Text to image.* A text that is somebody's positive is compared with the regions. Its term is the mean of
-log p(region) over its positives ("out" in SupCon, Khosla et al., 2020, eq. 2): every one of them is pulled, where the
logarithm of the summed probability would be content with the easiest. Left out are regions that accept the text
though their positive is another, and regions without any accepted tag, which may show what the text says, unless they
rejected it.

Both are means over the regions with a positive, by weight, so that a tag counts as often as it occurs. Weights do not
change who is compared with whom.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

Integers = np.ndarray[Any, np.dtype[np.int64]]
Floats = np.ndarray[Any, np.dtype[np.float64]]

NONE: Final = -1
"""The positive of a region without an accepted tag."""


class TargetError(ValueError):
    """Targets that contradict themselves or their sizes. The text names the region."""


@dataclass(frozen=True)
class Targets:
    """How N regions stand to `texts` unique texts. Arrays of the host: what is compared is known without the network.

    positive: (N,) each region's text, or NONE. accepted: (A, 2) pairs (region, text), with or without the positive.
    rejected: (R, 2) likewise; repeated pairs count once. weights: (N,), at least 0. Raises TargetError.
    """

    texts: int
    positive: Integers
    accepted: Integers
    rejected: Integers
    weights: Floats

    def __post_init__(self) -> None:
        regions = len(self.positive)
        if self.weights.shape != (regions,) or not (np.isfinite(self.weights) & (self.weights >= 0)).all():
            raise TargetError(f"there must be {regions} weights, finite and at least 0")
        _check_range("positive", self.positive, NONE, self.texts)
        for name in ("accepted", "rejected"):
            pairs = getattr(self, name)
            if pairs.ndim != 2 or pairs.shape[1] != 2:
                raise TargetError(f"{name} must be pairs (region, text), not of shape {pairs.shape}")
            _check_range(f"{name} region", pairs[:, 0], 0, regions)
            _check_range(f"{name} text", pairs[:, 1], 0, self.texts)
        without = self.accepted[self.positive[self.accepted[:, 0]] == NONE]
        if len(without):
            raise TargetError(f"region {without[0, 0]} accepts text {without[0, 1]}, but has no positive")
        anchors = np.flatnonzero(self.positive != NONE)
        accepted = np.concatenate([self.accepted, np.stack([anchors, self.positive[anchors]], 1)])
        both = np.intersect1d(self._keys(accepted), self._keys(self.rejected))
        if len(both):
            region, text = divmod(int(both[0]), self.texts)
            raise TargetError(f"region {region} both accepts and rejects text {text}")

    def _keys(self, pairs: Integers) -> Integers:
        keys: Integers = pairs[:, 0] * self.texts + pairs[:, 1]
        return keys


@dataclass(frozen=True)
class ContrastiveLoss:
    """Scalars. `total` is the mean of the two terms; `accuracy` the share of regions with a positive that score it
    above everything they are compared with. All are 0 where no region has a positive."""

    total: Tensor
    image_to_text: Tensor
    text_to_image: Tensor
    accuracy: Tensor


def region_text_loss(
    regions: Tensor,
    texts: Tensor,
    scale: Tensor,
    targets: Targets,
    *,
    negatives_without_accepted: bool = False,
    share: tuple[int, int] = (0, 1),
) -> ContrastiveLoss:
    """The loss of N regions and U unique texts.

    regions: (N, D) and texts: (U, D), L2-normalised, of any float type; logits are at least float32. scale: what
    cosines are multiplied with. negatives_without_accepted: a region with rejected tags alone adds the term
    -log(1 - p(any of them)) to image-to-text, where p is the softmax over what it is compared with.
    share: (number, count) computes one of `count` parts, which sum to the loss; each needs its part of the memory.
    """
    if regions.shape[0] != len(targets.positive) or texts.shape[0] != targets.texts:
        raise TargetError(
            f"targets are of {len(targets.positive)} regions and {targets.texts} texts, "
            f"embeddings of {regions.shape[0]} and {texts.shape[0]}"
        )
    with torch.autocast(regions.device.type, enabled=False):
        dtype = torch.promote_types(regions.dtype, torch.float32)
        comparison = _Comparison(regions.to(dtype), texts.to(dtype), scale.to(dtype), _Plan(targets))
        return _loss(comparison, negatives_without_accepted, share)


def _loss(comparison: _Comparison, bystanders_too: bool, share: tuple[int, int]) -> ContrastiveLoss:
    plan = comparison.plan
    anchors = plan.anchors
    bystanders = plan.bystanders if bystanders_too else plan.bystanders[:0]
    anchor_weight = float(plan.weights[anchors].sum())
    if anchor_weight == 0:
        zero = comparison.zero()
        return ContrastiveLoss(zero, zero.detach(), zero.detach(), zero.detach())
    own = _part(anchors, share)
    losses, hits = comparison.anchor_terms(own)
    image_to_text = comparison.weighted(losses, own)
    if len(bystanders):
        others = _part(bystanders, share)
        image_to_text = image_to_text + comparison.weighted(comparison.bystander_terms(others), others)
    image_to_text = image_to_text / (anchor_weight + float(plan.weights[bystanders].sum()))
    columns = _part(np.arange(len(plan.in_batch)), share)
    text_to_image = comparison.column_terms(columns) / anchor_weight
    return ContrastiveLoss(
        (image_to_text + text_to_image) / 2, image_to_text.detach(), text_to_image.detach(), hits.sum() / len(anchors)
    )


class _Plan:
    """What is compared with what, by number. A column is the place of a text among those in the batch."""

    def __init__(self, targets: Targets) -> None:
        self.weights = targets.weights
        self.anchors: Integers = np.flatnonzero(targets.positive != NONE)
        self.in_batch: Integers = np.unique(targets.positive[self.anchors])
        column = np.full(targets.texts, NONE, np.int64)
        column[self.in_batch] = np.arange(len(self.in_batch))
        self.column_of_anchor: Integers = column[targets.positive[self.anchors]]
        accepted = targets.accepted[targets.accepted[:, 1] != targets.positive[targets.accepted[:, 0]]]
        self.masked = _in_columns(accepted, column)
        rejected: Integers = np.unique(targets.rejected, axis=0).reshape(-1, 2)
        self.rejected = _in_columns(rejected, column)
        self.extra: Integers = rejected[column[rejected[:, 1]] == NONE]
        self.lonely: Integers = np.flatnonzero(targets.positive == NONE)
        known = np.bincount(self.rejected[:, 0], minlength=len(targets.positive))
        judged = np.bincount(rejected[:, 0], minlength=len(targets.positive)) > 0
        # One that rejects every text of the batch has nothing left that it could be.
        self.bystanders: Integers = self.lonely[judged[self.lonely] & (known[self.lonely] < len(self.in_batch))]

    def extra_of(self, rows: Integers) -> tuple[Integers, np.ndarray[Any, np.dtype[np.bool_]]]:
        """(n, K) texts that only these regions are compared with, and which of the places are filled."""
        at = _places(rows, len(self.weights))
        own = self.extra[at[self.extra[:, 0]] != NONE]
        row = at[own[:, 0]]
        counts = np.bincount(row, minlength=len(rows))
        texts = np.zeros((len(rows), int(counts.max(initial=0))), np.int64)
        filled = np.arange(texts.shape[1]) < counts[:, None]
        texts[filled] = own[np.argsort(row, kind="stable"), 1]
        return texts, filled


@dataclass(frozen=True)
class _Comparison:
    regions: Tensor
    texts: Tensor
    scale: Tensor
    plan: _Plan

    def zero(self) -> Tensor:
        """0, with a graph to everything."""
        return (self.regions.sum() + self.texts.sum() + self.scale.sum()) * 0.0

    def weighted(self, terms: Tensor, rows: Integers) -> Tensor:
        return (terms * self._host(self.plan.weights[rows]).to(terms.dtype)).sum()

    def anchor_terms(self, rows: Integers) -> tuple[Tensor, Tensor]:
        """Image to text for regions with a positive: (n,) -log p(positive), and which of them score it highest."""
        logits, all_logits = self._rows(rows)
        columns = self.plan.column_of_anchor[np.searchsorted(self.plan.anchors, rows)]
        right = logits.gather(1, self._host(columns)[:, None])[:, 0]
        with torch.no_grad():
            hits = right >= all_logits.amax(1)
        return all_logits.logsumexp(1) - right, hits.to(right.dtype)

    def bystander_terms(self, rows: Integers) -> Tensor:
        """Image to text for regions with rejected tags alone: (n,) -log(1 - p(any rejected))."""
        logits, all_logits = self._rows(rows)
        rejected = self._mask(self.plan.rejected, rows, np.arange(len(self.plan.in_batch)))
        return all_logits.logsumexp(1) - logits.masked_fill(rejected, -torch.inf).logsumexp(1)

    def column_terms(self, columns: Integers) -> Tensor:
        """Text to image: the weighted sum of -log p(region) over the regions whose positive is one of `columns`."""
        plan = self.plan
        texts = self.texts[self._host(plan.in_batch[columns])]
        logits = self.scale * (self.regions @ texts.T)
        everybody = np.arange(len(self.regions))
        hidden = self._mask(plan.masked, everybody, columns)
        lonely = torch.zeros_like(hidden)
        lonely[self._host(plan.lonely)] = True
        hidden = hidden | (lonely & ~self._mask(plan.rejected, everybody, columns))
        at = _places(columns, len(plan.in_batch))[plan.column_of_anchor]
        regions, at = plan.anchors[at != NONE], at[at != NONE]
        right = logits[self._host(regions), self._host(at)]
        totals = logits.masked_fill(hidden, -torch.inf).logsumexp(0)
        return self.weighted(totals[self._host(at)] - right, regions)

    def _rows(self, rows: Integers) -> tuple[Tensor, Tensor]:
        """Logits of `rows` with the texts in the batch (n, P), and with all they are compared with (n, P + K)."""
        chosen = self.regions[self._host(rows)]
        logits = self.scale * (chosen @ self.texts[self._host(self.plan.in_batch)].T)
        hidden = self._mask(self.plan.masked, rows, np.arange(len(self.plan.in_batch)))
        texts, filled = self.plan.extra_of(rows)
        extra = self.scale * torch.einsum("nd,nkd->nk", chosen, self.texts[self._host(texts)])
        extra = extra.masked_fill(~self._host(filled), -torch.inf)
        return logits, torch.cat([logits.masked_fill(hidden, -torch.inf), extra], 1)

    def _mask(self, pairs: Integers, rows: Integers, columns: Integers) -> Tensor:
        """(n, m) bool: which (row, column) are among `pairs` (region, column)."""
        row = _places(rows, len(self.plan.weights))[pairs[:, 0]]
        column = _places(columns, len(self.plan.in_batch))[pairs[:, 1]]
        inside = (row != NONE) & (column != NONE)
        mask = torch.zeros(len(rows), len(columns), dtype=torch.bool, device=self.regions.device)
        mask[self._host(row[inside]), self._host(column[inside])] = True
        return mask

    def _host(self, values: np.ndarray[Any, Any]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(self.regions.device, non_blocking=True)


def _in_columns(pairs: Integers, column: Integers) -> Integers:
    """Pairs (region, text) whose text is in the batch, as (region, column)."""
    columns = column[pairs[:, 1]]
    known: Integers = np.stack([pairs[:, 0], columns], 1)[columns != NONE]
    return known


def _places(chosen: Integers, count: int) -> Integers:
    """(count,): where each number stands in `chosen`, or NONE."""
    places = np.full(count, NONE, np.int64)
    places[chosen] = np.arange(len(chosen))
    return places


def _part(values: Integers, share: tuple[int, int]) -> Integers:
    number, count = share
    return values[len(values) * number // count : len(values) * (number + 1) // count]


def _check_range(name: str, values: Integers, low: int, high: int) -> None:
    outside = values[(values < low) | (values >= high)]
    if len(outside):
        raise TargetError(f"{name} {outside[0]} is not in {low} ... {high - 1}")
