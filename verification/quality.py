"""Arithmetic of judgements: what several people's votes amount to, and how sure a share is. Pure."""

from enum import Enum
from functools import lru_cache
from math import isfinite, sqrt

Z_95 = 1.959963984540054


class Outcome(Enum):
    """What the votes on one tag amount to."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    DISPUTED = "disputed"


def majority(against: int, people: int) -> Outcome:
    """The majority of `people` votes of which `against` say wrong; a tie is disputed (design §7).

    Raises ValueError for counts that cannot be.
    """
    if not 0 <= against <= people or people == 0:
        raise ValueError(f"{against} votes against of {people} people")
    if 2 * against == people:
        return Outcome.DISPUTED
    return Outcome.REJECTED if 2 * against > people else Outcome.ACCEPTED


# An export asks for millions of items, and there are few ways to vote on five tags.
@lru_cache(maxsize=4096)
def majorities(against: tuple[int, ...], people: int) -> tuple[Outcome, ...]:
    """The majority on each tag of an item; against: votes against each tag."""
    return tuple(majority(votes, people) for votes in against)


@lru_cache(maxsize=4096)
def agreement(against: tuple[int, ...], people: int) -> float:
    """Share of single votes that say what the majority says, over all tags of an item: 1.0 when nobody dissents.

    against: votes against each tag, length >= 1.
    """
    with_majority = sum(max(votes, people - votes) for votes in against)
    return with_majority / (people * len(against))


def wilson_interval(hits: int, trials: int, z: float = Z_95) -> tuple[float, float]:
    """Wilson's score interval of a share (E. B. Wilson, 1927): (low, high) within [0, 1].

    95 of 100 is (0.888, 0.978). Without trials nothing is known: (0, 1). Raises ValueError for impossible counts.
    """
    if not 0 <= hits <= trials or not (isfinite(z) and z > 0):
        raise ValueError(f"{hits} hits of {trials} trials with z = {z}")
    if trials == 0:
        return 0.0, 1.0
    share = hits / trials
    spread = z * z / trials
    centre = share + spread / 2
    half = z * sqrt(share * (1 - share) / trials + spread / (4 * trials))
    # At the ends the two terms are equal but for rounding.
    low = 0.0 if hits == 0 else max(0.0, (centre - half) / (1 + spread))
    high = 1.0 if hits == trials else min(1.0, (centre + half) / (1 + spread))
    return low, high
