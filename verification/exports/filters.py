"""Which verified records leave: an allow-list of filters, as people give them and as they are stored. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Self

from annotation.pipeline.cleaning import LOWER_BOUNDS, SizeClass
from annotation.pipeline.roles import Role
from verification.selectors.verified import VerifiedRegion
from verification.selectors.verified_batches import RegionColumns

SIZES: Final = {size.name.lower(): size for size in SizeClass}
SOURCES: Final = {str(role.name).lower(): role for role in Role if role}
MOST_CONCEPTS: Final = 200


@dataclass(frozen=True, slots=True)
class Filters:
    """All that are set must hold; empty and None mean any.

    loop: the loop that last judged it; concepts: normalised names of its tag; sizes: names of size classes; sources:
    who proposed the tag (annotation/pipeline/roles.py); since, until: days (UTC) of the last judgement, both included.
    """

    loop: int | None = None
    concepts: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """What `to_json` made."""
        return cls(
            loop=values.get("loop"),
            concepts=tuple(values.get("concepts", ())),
            sizes=tuple(values.get("sizes", ())),
            sources=tuple(values.get("sources", ())),
            since=_day(values.get("since")),
            until=_day(values.get("until")),
        )

    def to_json(self) -> dict[str, Any]:
        """Only what is set, so that equal filters are equal values."""
        values: dict[str, Any] = {} if self.loop is None else {"loop": self.loop}
        for name in ("concepts", "sizes", "sources"):
            if listed := getattr(self, name):
                values[name] = list(listed)
        for name in ("since", "until"):
            if (day := getattr(self, name)) is not None:
                values[name] = day.isoformat()
        return values


class Sieve:
    """Filters made ready: names of concepts have become the ids that they stand for in the snapshot."""

    def __init__(self, filters: Filters, *, concept_ids: frozenset[int], canonical: Callable[[int], int]) -> None:
        self._filters = filters
        self._concept_ids = concept_ids
        self._canonical = canonical
        self._sizes = frozenset(SIZES[name] for name in filters.sizes)
        self._mask = 0
        for name in filters.sources:
            self._mask |= SOURCES[name]
        self.passes_all = not filters.to_json()

    def takes_region(self, columns: RegionColumns, decided: VerifiedRegion) -> bool:
        """Whether a verified region leaves; its effective tag is what concepts and sources are asked of."""
        if self.passes_all:
            return True
        if not self.takes(decided.loop_number, decided.last_on, columns):
            return False
        if not self._filters.concepts and not self._mask:
            return True
        tag = decided.effective
        if tag is None or not self.takes_concept(tag.concept_id):
            return False
        return not self._mask or bool(tag.role_mask & self._mask)

    def takes(self, loop: int, day: date, columns: RegionColumns) -> bool:
        """Loop, day of the last judgement, and size."""
        filters = self._filters
        return (
            (filters.loop is None or loop == filters.loop)
            and (filters.since is None or day >= filters.since)
            and (filters.until is None or day <= filters.until)
            and (not self._sizes or size_class(columns) in self._sizes)
        )

    def takes_concept(self, concept_id: int) -> bool:
        return not self._filters.concepts or self._canonical(concept_id) in self._concept_ids


def size_class(columns: RegionColumns) -> SizeClass:
    """Of a box, by the root of its area in pixels (papers V1, appendix E.3); as `annotation.pipeline.cleaning` says."""
    area = (columns.x2 - columns.x1) * (columns.y2 - columns.y1)
    return SizeClass(sum(area >= bound * bound for bound in LOWER_BOUNDS) - 1)


def _day(value: str | None) -> date | None:
    return None if value is None else date.fromisoformat(value)
