"""From verdicts on tags to the joint contrastive loss: which texts a batch has, and how its regions stand to them.

Whatever embeds regions and texts can learn from it. Texts are equal when they are as concepts: normalised by NFKC, case
and spaces. They are known by a hash of that form, so that processes recognise each other's texts without sending them.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor

from ml.contrastive import NONE, ContrastiveLoss, Floats, Integers, Targets, region_text_loss
from ml.data.manifests import TagVerdict
from ml.gathering import gathered_rows, gathered_values, place, summed

_DIGEST_BYTES: Final = 8


class ContradictoryTags(ValueError):
    """A tag that one region both accepts and rejects."""


@dataclass(frozen=True)
class RegionTags:
    """One region's verdict after the draw. positive: one of `accepted`, or None where there is none."""

    positive: str | None
    accepted: tuple[str, ...]
    rejected: tuple[str, ...]
    weight: float


def drawn(verdict: TagVerdict, generator: np.random.Generator, *, weight: float = 1.0) -> RegionTags:
    """One random accepted tag becomes the positive (papers V1 appendix E.3). `weight` multiplies the verdict's.

    Raises ContradictoryTags."""
    accepted = {text_id(text) for text in verdict.accepted}
    for text in verdict.rejected:
        if text_id(text) in accepted:
            raise ContradictoryTags(f"the tag {text!r} is both accepted and rejected for one region")
    positive = verdict.accepted[generator.integers(len(verdict.accepted))] if verdict.accepted else None
    return RegionTags(positive, verdict.accepted, verdict.rejected, verdict.weight * weight)


@dataclass(frozen=True)
class RegionTexts:
    """How the N regions of a batch stand to texts, which are named by their ids.

    texts: (U,) ids of the texts that are embedded, in the order of their embeddings; ids may repeat once batches are
    joined. positive: (N,) ids, or NONE. accepted, rejected: (A, 2) and (R, 2) pairs (region, id), of embedded texts or
    not. weights: (N,).
    """

    texts: Integers
    positive: Integers
    accepted: Integers
    rejected: Integers
    weights: Floats


def region_texts(regions: Sequence[RegionTags], *, negatives_without_accepted: bool) -> tuple[list[str], RegionTexts]:
    """The unique texts that the regions need embedded, in order of appearance, and how the regions stand to them.

    Needed are positives, and what is rejected where it is compared: without `negatives_without_accepted` the rejected
    tags of a region that accepts none only matter if they are some other region's positive.
    """
    texts: dict[int, str] = {}
    for region in regions:
        needed = region.rejected if region.positive is not None or negatives_without_accepted else ()
        for text in ((region.positive,) if region.positive is not None else ()) + needed:
            texts.setdefault(text_id(text), text)
    return list(texts.values()), RegionTexts(
        np.fromiter(texts, np.int64, len(texts)),
        np.array([NONE if one.positive is None else text_id(one.positive) for one in regions], np.int64),
        _pairs(one.accepted for one in regions),
        _pairs(one.rejected for one in regions),
        np.array([one.weight for one in regions], np.float64),
    )


def joined(batches: Sequence[RegionTexts]) -> RegionTexts:
    """Several batches as one, their regions and texts one after the other."""
    starts = np.cumsum([0, *(len(batch.positive) for batch in batches)]).tolist()
    return RegionTexts(
        np.concatenate([batch.texts for batch in batches]),
        np.concatenate([batch.positive for batch in batches]),
        np.concatenate([_moved(batch.accepted, start) for batch, start in zip(batches, starts, strict=False)]),
        np.concatenate([_moved(batch.rejected, start) for batch, start in zip(batches, starts, strict=False)]),
        np.concatenate([batch.weights for batch in batches]),
    )


def joint_loss(
    regions: Sequence[Tensor],
    texts: Sequence[Tensor],
    batches: Sequence[RegionTexts],
    scale: Tensor,
    *,
    negatives_without_accepted: bool = False,
) -> ContrastiveLoss:
    """The loss of all micro-batches of all processes together, from the parallel lists of this process.

    regions: (n, D) each, texts: (u, D) each, of the batch's `texts`. A text that several batches embed counts once, and
    is taken from the first. scale: what cosines are multiplied with. Each process computes its part of the comparisons;
    values are those of the whole everywhere, and so is the mean over processes of the parameters' gradients.
    """
    rank, processes = place()
    own_regions, own_texts = torch.cat(list(regions)), torch.cat(list(texts))
    parts = gathered_values(joined(batches))
    # One collective for both, since a backward of two could run in another order elsewhere.
    rows = gathered_rows(torch.cat([own_regions, own_texts]), [len(part.positive) + len(part.texts) for part in parts])
    joint = joined(parts)
    numbers, first = np.unique(joint.texts, return_index=True)
    region_rows, text_rows = _rows_of(parts)
    loss = region_text_loss(
        rows[torch.from_numpy(region_rows).to(rows.device)],
        rows[torch.from_numpy(text_rows[first]).to(rows.device)],
        scale,
        _targets(joint, numbers),
        negatives_without_accepted=negatives_without_accepted,
        share=(rank, processes),
    )
    return loss if processes == 1 else _shared(loss, processes)


def text_id(text: str) -> int:
    """63 bits that are the same in every process and run."""
    plain = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return int.from_bytes(hashlib.blake2b(plain.encode(), digest_size=_DIGEST_BYTES).digest()) >> 1


def _moved(pairs: Integers, start: int) -> Integers:
    """Pairs (region, id) with regions numbered from `start`."""
    return np.stack([pairs[:, 0] + start, pairs[:, 1]], 1)


def _targets(joint: RegionTexts, numbers: Integers) -> Targets:
    positive = np.where(joint.positive == NONE, NONE, np.searchsorted(numbers, joint.positive))
    return Targets(
        len(numbers), positive, _known(joint.accepted, numbers), _known(joint.rejected, numbers), joint.weights
    )


def _known(pairs: Integers, numbers: Integers) -> Integers:
    """Pairs (region, id) of the texts `numbers` (sorted) as (region, text)."""
    inside = pairs[np.isin(pairs[:, 1], numbers)]
    return np.stack([inside[:, 0], np.searchsorted(numbers, inside[:, 1])], 1)


def _rows_of(parts: Sequence[RegionTexts]) -> tuple[Integers, Integers]:
    """Which of the gathered rows are regions, and which texts: each process has its regions before its texts."""
    is_region = np.concatenate([np.repeat([True, False], [len(part.positive), len(part.texts)]) for part in parts])
    return np.flatnonzero(is_region), np.flatnonzero(~is_region)


def _shared(loss: ContrastiveLoss, processes: int) -> ContrastiveLoss:
    """From one process' part: the value of the whole, and a gradient whose mean over processes is that of the whole."""
    whole = summed(torch.stack([loss.total, loss.image_to_text, loss.text_to_image, loss.accuracy]))
    total = loss.total * processes
    return ContrastiveLoss(total + (whole[0] - total.detach()), whole[1], whole[2], whole[3])


def _pairs(texts: Iterable[Sequence[str]]) -> Integers:
    pairs = [(region, text_id(text)) for region, mine in enumerate(texts) for text in mine]
    return np.array(pairs, np.int64).reshape(-1, 2)
