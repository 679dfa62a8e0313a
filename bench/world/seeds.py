"""Random streams by name: every drawing of the world has a stream of its own, and no two domains share one."""

from __future__ import annotations

import hashlib
from typing import Final

import numpy as np

DOMAINS: Final = ("starter", "corpus", "holdout")
"""What a picture is for: training the starter models; the corpus that is annotated; measuring only."""


class WorldError(ValueError):
    """A wish that the world cannot grant; says which ones it can."""


def checked_domain(domain: str) -> str:
    if domain not in DOMAINS:
        raise WorldError(f"There is no domain “{domain}”: take one of {', '.join(DOMAINS)}.")
    return domain


def stream_key(domain: str, seed: int, index: int, part: str) -> int:
    """The 128-bit Philox key of a stream. The name that is hashed differs wherever an argument does."""
    name = f"{checked_domain(domain)}/{seed:d}/{index:d}/{part}"
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:16], "big")


def generator(domain: str, seed: int, index: int, part: str) -> np.random.Generator:
    """The stream of `part` (objects, background, …) of picture `index` of a world."""
    return np.random.Generator(np.random.Philox(key=stream_key(domain, seed, index, part)))
