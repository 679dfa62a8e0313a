"""What every format is given, and what it must do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO, NamedTuple, Protocol

from verification.exports.records import Record


class Line(NamedTuple):
    """A record, its photo's id, and the concept of its tag with aliases resolved; None where it has no tag."""

    image_id: int
    concept_id: int | None
    record: Record


class Sink(Protocol):
    """Where the bytes go; they are never read again."""

    def write(self, data: bytes, /) -> object: ...


class Writer(Protocol):
    """One file being written. Records of a photo come one after the other."""

    def write(self, lines: Sequence[Line], /) -> None: ...

    def finish(self) -> None:
        """Write what only the end knows. The sink stays open."""
        ...


class Classes(Protocol):
    """The class list of formats that number their classes from 0 without gaps."""

    def numbers(self, concept_ids: Iterable[int], /) -> dict[int, int]: ...

    def names(self) -> Iterable[tuple[int, str]]:
        """Every class of the list, in order of its number, used in this file or not."""
        ...


@dataclass(frozen=True, slots=True)
class Setting:
    """What a file is made with.

    sink: the file; spool: makes a temporary file beside it, for what comes later in the file than it is known; photo:
    the bytes and suffix of a stored photo, None where there are none; absent when photos are not wanted.
    """

    sink: Sink
    kind: str
    schema: str
    project: str
    taken_at: datetime
    version: str
    spool: Callable[[], IO[bytes]]
    classes: Classes
    photo: Callable[[Line], tuple[bytes, str] | None] | None = None
