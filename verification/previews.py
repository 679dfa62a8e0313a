"""What a sample would take, told before it is drawn. Pure: frequencies in, expectations out.

The draw itself rounds quotas to whole numbers by chance (verification/sampling.py); what is told here are their means,
so it is right on average over seeds and off by less than one item per concept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from verification.estimates import effective_trials, half_width
from verification.sampling import HIGH, LOW, Floats, Ints, log_quotas, most_frequent, scale_to_budget

BOUNDS = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)
"""Where each group of frequencies begins."""


@dataclass(frozen=True, slots=True)
class PreviewGroup:
    """Concepts whose frequency is in [low, high), high None for the last group; items: expected."""

    low: int
    high: int | None
    concepts: int
    regions: int
    items: float


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One concept: how often it stands first, how many of its regions are taken on average, each one's chance."""

    concept_id: int
    text: str
    frequency: int
    quota: float

    @property
    def chance(self) -> float:
        return min(self.quota / self.frequency, 1.0)


@dataclass(frozen=True, slots=True)
class SamplePreview:
    """regions and concepts: of the frame; seen: concepts of which at least one region is expected to be taken.

    is_exact: counted, with what people verified left out; else at most so many. half_width: of the 95 % interval of an
    estimate for all regions of the frame from this sample, at the middle of the scale, where it is widest. *_below and
    *_cut: left out by the minimum frequency and by the number of concepts; verified_before: regions left out because
    people judged them, or because they measure the models.
    """

    items: int
    regions: int
    concepts: int
    seen: int
    is_exact: bool
    effective: float
    half_width: float
    groups: tuple[PreviewGroup, ...]
    rows: tuple[PreviewRow, ...]
    concepts_below: int
    regions_below: int
    concepts_cut: int
    regions_cut: int
    verified_before: int | None


@dataclass(frozen=True, slots=True)
class Frame:
    """What could be drawn from: (n,) frequencies, and some concepts by name: (id, text, frequency).

    verified_before: how many regions are left out of it already; None when nobody has looked.
    """

    frequencies: Ints
    examples: Sequence[tuple[int, str, int]]
    is_exact: bool
    verified_before: int | None = None


def preview_sample(
    frame: Frame,
    *,
    min_frequency: int = 1,
    max_concepts: int | None = None,
    low: int = LOW,
    high: int = HIGH,
    budget: int | None = None,
) -> SamplePreview:
    """What a draw with these settings takes from the frame, on average."""
    found = frame.frequencies
    frequent = found[found >= min_frequency]
    chosen = frequent[most_frequent(frequent, max_concepts)]
    quotas = scale_to_budget(log_quotas(chosen, low=low, high=high), budget)
    effective = effective_trials(chosen / np.maximum(quotas, 1e-12), quotas)
    least = int(chosen.min()) if len(chosen) else 0
    quota_of = dict(zip(chosen.tolist(), quotas.tolist(), strict=True))
    return SamplePreview(
        items=round(float(quotas.sum())),
        regions=int(chosen.sum()),
        concepts=len(chosen),
        seen=round(float(np.minimum(quotas, 1.0).sum())),
        is_exact=frame.is_exact,
        effective=effective,
        half_width=half_width(0.5, effective),
        groups=_groups(chosen, quotas),
        rows=tuple(
            PreviewRow(concept_id, text, frequency, quota_of[frequency])
            for concept_id, text, frequency in frame.examples
            if frequency >= least and frequency in quota_of
        ),
        concepts_below=len(found) - len(frequent),
        regions_below=int(found.sum() - frequent.sum()),
        concepts_cut=len(frequent) - len(chosen),
        regions_cut=int(frequent.sum() - chosen.sum()),
        verified_before=frame.verified_before,
    )


def chosen_examples(frequencies: Ints, *, most: int = 12, of_each: int = 3) -> Ints:
    """Places of concepts that show what the frame holds: the most frequent ones, then some of each power of ten."""
    order = np.argsort(-frequencies, kind="stable")
    wanted = dict.fromkeys(order[:most].tolist())
    powers = np.floor(np.log10(np.maximum(frequencies[order], 1)))
    for power in np.unique(powers)[::-1]:
        wanted |= dict.fromkeys(order[powers == power][:of_each].tolist())
    wanted |= dict.fromkeys(order[-of_each:].tolist())
    return np.array(list(wanted), dtype=np.int64)


def _groups(frequencies: Ints, quotas: Floats) -> tuple[PreviewGroup, ...]:
    if not len(frequencies):
        return ()
    places = np.searchsorted(np.array(BOUNDS), frequencies, side="right") - 1
    count = int(places.max()) + 1
    concepts = np.bincount(places, minlength=count)
    regions = np.bincount(places, weights=frequencies.astype(np.float64), minlength=count)
    items = np.bincount(places, weights=quotas, minlength=count)
    return tuple(
        PreviewGroup(
            low=BOUNDS[place],
            high=BOUNDS[place + 1] if place + 1 < len(BOUNDS) else None,
            concepts=int(concepts[place]),
            regions=int(regions[place]),
            items=float(items[place]),
        )
        for place in range(count)
    )
