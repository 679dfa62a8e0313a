"""What a loop is started with: validated once, frozen, kept with the loop."""

from __future__ import annotations

from typing import Any

from pydantic import Field, ValidationError

from .rosters import DEFAULT_ROSTER, Part, Roster, RosterError, digest_of, parse_roster


class SamplingConfig(Part):
    """How the sample that people see is drawn (design §7, papers V1 appendix B.3).

    low and high: quota of the rarest and of the most frequent concept; first_images: K, the frame's photos in
    order of id; min_frequency: concepts with fewer regions are left out; max_concepts: only so many, the most
    frequent; budget: items in all (None: what the quotas ask for); question_budget: question-answer pairs in all
    (0: none; None: one for every two tag items); seed: None draws one at random.
    """

    low: int = Field(default=6, ge=1, le=10_000)
    high: int = Field(default=90, ge=1, le=100_000)
    first_images: int = Field(default=1_000_000, ge=1, le=2_000_000_000)
    min_frequency: int = Field(default=1, ge=1, le=1_000_000_000)
    max_concepts: int | None = Field(default=None, ge=1, le=100_000_000)
    budget: int | None = Field(default=None, ge=1, le=100_000_000)
    question_budget: int | None = Field(default=None, ge=0, le=100_000_000)
    seed: int | None = Field(default=None, ge=0, lt=2**62)


class AuditConfig(Part):
    """The audits after the loop (design §7); size: items of each; overlap_share: of them judged by two experts;
    automatic: drawn when the loop is finished, without anybody asking."""

    size: int = Field(default=1_000, ge=1, le=20_000)
    overlap_share: float = Field(default=0.1, ge=0, le=1)
    automatic: bool = False


class LoopConfig(Part):
    """The frozen configuration of one pass of the engine; shard_images: photos per shard."""

    roster: Roster = DEFAULT_ROSTER
    sampling: SamplingConfig = SamplingConfig()
    audit: AuditConfig = AuditConfig()
    shard_images: int = Field(default=16, ge=1, le=10_000)

    def digest(self) -> str:
        """sha256 (hex) of the canonical JSON: equal configurations have equal digests."""
        return digest_of(self.model_dump(mode="json"))


class LoopConfigError(ValueError):
    """The configuration does not fit; the text names every wrong field."""


def parse_loop_config(value: Any) -> LoopConfig:
    """A configuration from decoded JSON. Raises LoopConfigError with one line per wrong field."""
    try:
        return LoopConfig.model_validate(value)
    except ValidationError as error:
        lines = [
            f"{'.'.join(str(part) for part in item['loc']) or 'config'}: {item['msg']}"
            for item in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        raise LoopConfigError("; ".join(lines)) from None


def roster_of(value: Any) -> Roster:
    """A project's roster; empty means the offline one. Raises LoopConfigError."""
    if not value:
        return DEFAULT_ROSTER
    try:
        return parse_roster(value)
    except RosterError as error:
        raise LoopConfigError(f"roster: {error}") from error
