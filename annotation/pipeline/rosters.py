"""A roster says which backend does which job, with which options; a validated config, kept with the loop."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

BackendName = Annotated[str, StringConstraints(pattern=r"^[a-z]+:[A-Za-z0-9][A-Za-z0-9_./@-]{0,199}$")]
OptionName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,49}$")]
OptionValue = bool | int | float | Annotated[str, StringConstraints(max_length=2000)]
SourceKind = Literal["class_agnostic", "closed_set", "grounding", "imported"]


class RosterError(ValueError):
    """The roster's JSON does not fit; the text names every wrong field."""


class Part(BaseModel):
    """Frozen, and strict about names: a misspelt field is refused instead of ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class BackendChoice(Part):
    """A backend by name (`builtin:spotter`) and the options it is built with."""

    backend: BackendName
    options: dict[OptionName, OptionValue] = Field(default_factory=dict)


class Source(BackendChoice):
    """A proposal source. Sources are merged in the order in which the roster lists them."""

    kind: SourceKind


class Roster(Part):
    """Who does what in the automatic pipeline.

    iou_threshold: Algorithm 1 merges above it; max_boxes: best-scored boxes taken from one source on one
    photo; max_tags: image-level candidates per photo; top_k: tags kept per region; max_per_size_class:
    regions kept per photo and size class (appendix E.3); cover_weight: how much the segmenter's cover of the
    box counts in a score (0 = not at all, 1 = the score is multiplied by it); max_described: regions per
    photo that get questions, answers and a caption, best first.
    """

    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    sources: Annotated[tuple[Source, ...], Field(min_length=1, max_length=20)]
    spotter: BackendChoice
    ocr: BackendChoice | None = None
    imaginator: BackendChoice | None = None
    splitter: BackendChoice | None = None
    magnifier: BackendChoice | None = None
    matcher: BackendChoice
    segmenter: BackendChoice | None = None
    questioner: BackendChoice
    responder: BackendChoice
    writer: BackendChoice
    iou_threshold: float = Field(default=0.75, gt=0, lt=1)
    max_boxes: int = Field(default=1000, ge=1, le=10_000)
    max_tags: int = Field(default=200, ge=1, le=2000)
    top_k: int = Field(default=5, ge=1, le=5)
    max_per_size_class: int = Field(default=100, ge=1, le=1000)
    cover_weight: float = Field(default=1.0, ge=0, le=1)
    max_described: int = Field(default=600, ge=0, le=10_000)

    @model_validator(mode="after")
    def _sources_are_different(self) -> Self:
        seen = [canonical_json(source.model_dump(mode="json")) for source in self.sources]
        if len(set(seen)) < len(seen):
            raise ValueError("the same proposal source stands in the roster twice")
        return self

    def digest(self) -> str:
        """sha256 (hex) of the canonical JSON: equal rosters have equal digests."""
        return digest_of(self.model_dump(mode="json"))


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: one text per value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest_of(value: Any) -> str:
    """sha256 (hex) of `canonical_json(value)`."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def parse_roster(value: Any) -> Roster:
    """A roster from decoded JSON. Raises RosterError with one line per wrong field."""
    try:
        return Roster.model_validate(value)
    except ValidationError as error:
        lines = [
            f"{'.'.join(str(part) for part in item['loc']) or 'roster'}: {item['msg']}"
            for item in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        raise RosterError("; ".join(lines)) from None


DEFAULT_ROSTER: Final = Roster(
    name="offline",
    # Imported boxes first: docs/decisions/0003-imported-boxes-first.md.
    sources=(
        Source(kind="imported", backend="import:boxes"),
        Source(kind="class_agnostic", backend="builtin:proposals"),
    ),
    spotter=BackendChoice(backend="builtin:spotter"),
    imaginator=BackendChoice(backend="builtin:imaginator"),
    splitter=BackendChoice(backend="builtin:splitter"),
    matcher=BackendChoice(backend="builtin:matcher"),
    questioner=BackendChoice(backend="builtin:questioner"),
    responder=BackendChoice(backend="builtin:responder"),
    writer=BackendChoice(backend="builtin:writer"),
)
"""Runs anywhere, without downloaded weights: `builtin:` and `import:` backends only."""
