"""What can be wrong with the parts of an ASM or with what it is asked."""

from __future__ import annotations


class ConfigError(ValueError):
    """A configuration that cannot be built; says which field and why."""


class WeightsError(ValueError):
    """Weights that are missing or belong to another architecture; says which file and parameter."""


class PromptTooLongError(ValueError):
    """A question that leaves no room for its answer; says which one and by how much."""
