"""Checks of options, which a roster may give any value."""

from __future__ import annotations


def check_counts(**counts: int) -> None:
    """Raises ValueError that names the first option which is no whole number of at least 1."""
    for name, value in counts.items():
        if type(value) is not int or value < 1:
            raise ValueError(f"{name} must be a whole number of at least 1, not {value!r}")
