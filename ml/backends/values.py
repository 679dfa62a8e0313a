"""What backends take and give: plain values that fit the application's role Protocols by shape.

Boxes are `(n, 4)` float64 arrays `x1, y1, x2, y2` in pixels of the EXIF-rotated original, x2 and y2 exclusive.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

Floats = npt.NDArray[np.float64]


class ProposalsLike(Protocol):
    @property
    def boxes(self) -> Floats: ...
    @property
    def scores(self) -> Floats: ...
    @property
    def tags(self) -> Sequence[Sequence[str]]: ...
    @property
    def keys(self) -> Sequence[str | None]: ...


class Photo(Protocol):
    """One photo: its size in pixels of the original, its pixels, and what was imported for it."""

    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def captions(self) -> Sequence[str]: ...
    @property
    def imported(self) -> ProposalsLike: ...
    def load(self) -> Image.Image:
        """RGB pixels, upright, perhaps smaller than width x height."""
        ...


class Candidate(Protocol):
    """A text that may name a region; role_names: who proposed it; rank: 0 is the proposer's first."""

    @property
    def text(self) -> str: ...
    @property
    def role_names(self) -> tuple[str, ...]: ...
    @property
    def rank(self) -> int: ...
    @property
    def parent(self) -> str | None: ...


class Prompt(Protocol):
    """Questions about the tag of one region."""

    @property
    def image(self) -> Photo: ...
    @property
    def box(self) -> tuple[float, float, float, float]: ...
    @property
    def tag(self) -> str: ...
    @property
    def questions(self) -> tuple[str, ...]: ...


def _no_boxes() -> Floats:
    return np.zeros((0, 4), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Proposals:
    """boxes `(n, 4)`; scores `(n,)`, higher is better; tags and keys per box, or empty."""

    boxes: Floats = field(default_factory=_no_boxes)
    scores: Floats = field(default_factory=lambda: np.zeros(0, dtype=np.float64))
    tags: Sequence[Sequence[str]] = ()
    keys: Sequence[str | None] = ()


@dataclass(frozen=True, slots=True)
class Spotting:
    """caption: the overall caption or ""; tags: prominent objects, most prominent first."""

    caption: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scores:
    """shared: `(regions, candidates)`; own: one array per region for its own candidates."""

    shared: Floats
    own: list[Floats]
