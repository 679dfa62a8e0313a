"""Identity of regions: 64-bit hashes that are the same on every machine and in every version."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Identities = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]

_SEED = np.uint64(0x9E3779B97F4A7C15)


def region_identities(boxes: npt.NDArray[np.float64], external_ids: Sequence[str] | None = None) -> Identities:
    """What tells the regions of one image and producer apart, shape (n,), from boxes (n, 4) to 0.01 px.

    An external id is part of it where there is one; the box always is, because a changed box is a new region.
    Stored in Region.identity, so it must never change.
    """
    state = np.full(len(boxes), _SEED, dtype=np.uint64)
    if external_ids is not None:
        state = _text_hashes([text.encode() for text in external_ids], state)
    hundredths = np.rint(boxes * 100).astype(np.int64).astype(np.uint64)
    for column in range(4):
        state = _mixed(state + hundredths[:, column])
    return state.astype(np.int64)


def _text_hashes(texts: Sequence[bytes], state: Words) -> Words:
    """Mix each text into its state, eight bytes at a time, then its length; an empty text changes nothing."""
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    words = -(-int(lengths.max(initial=0)) // 8)
    padded = np.array(texts, dtype=f"S{max(1, words) * 8}").view("<u8").reshape(len(texts), max(1, words))
    for column in range(words):
        state = np.where(lengths > 8 * column, _mixed(state ^ padded[:, column]), state)
    return np.where(lengths > 0, _mixed(state ^ lengths.astype(np.uint64)), state)


def _mixed(state: Words) -> Words:
    """The finaliser of splitmix64 (Steele, Lea and Flood, 2014): every bit of the input reaches every bit."""
    state = state + _SEED
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))
