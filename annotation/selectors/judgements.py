"""What people said about regions, as the pages of this app show it.

The human half lives above this app and may not be imported here. It provides its reader when it starts
(verification/apps.py); without one, nothing was judged.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Decision:
    """What people decided about one tag of a region. `concept_id` is the one they were shown."""

    concept_id: int
    is_right: bool
    role_mask: int
    loop_number: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verified region: decisions are the latest per concept; right ones first, best first.

    people: how many judged it in the latest loop that asked; the dates (UTC) span all verdicts.
    """

    loop_number: int
    people: int
    first_on: date
    last_on: date
    decisions: tuple[Decision, ...]

    @property
    def accepted(self) -> Decision | None:
        """The tag that counts, None when all were wrong."""
        return next((decision for decision in self.decisions if decision.is_right), None)


@dataclass(frozen=True, slots=True)
class VerifiedStretch:
    """Verified regions among the next ones by id: `region_ids` ascending (descending when going back).

    looked_to: the id up to which it was looked; None when there is nothing further.
    """

    region_ids: list[int]
    looked_to: int | None


class Judgements(Protocol):
    """Reader of the human half. Only regions on which all people who were asked have answered are told about."""

    def of_regions(self, *, project_id: int, region_ids: Iterable[int]) -> Mapping[int, Judgement]: ...

    def verified_from(self, *, project_id: int, key: int, forward: bool, most: int) -> VerifiedStretch:
        """Verified regions beyond `key`, looking at no more than `most` items."""
        ...


class NothingJudged:
    """Nobody was asked yet."""

    def of_regions(self, *, project_id: int, region_ids: Iterable[int]) -> Mapping[int, Judgement]:
        return {}

    def verified_from(self, *, project_id: int, key: int, forward: bool, most: int) -> VerifiedStretch:
        return VerifiedStretch([], None)


_reader: Judgements = NothingJudged()


def provide_judgements(reader: Judgements) -> None:
    """Called once, when the human half starts."""
    global _reader
    _reader = reader


def judgements() -> Judgements:
    return _reader
