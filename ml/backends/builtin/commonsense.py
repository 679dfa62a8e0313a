"""What WordNet does not say: the visible parts of everyday things, and what a scene usually holds.

A short table written for this project (data/commonsense.json), not learned and not complete.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class CommonSense:
    """parts: noun -> what one can see of it; scenes: noun -> what is likely around it. Commonest first."""

    parts: dict[str, tuple[str, ...]]
    scenes: dict[str, tuple[str, ...]]


@cache
def load() -> CommonSense:
    """The table, read once per process."""
    table = json.loads(files(__package__).joinpath("data/commonsense.json").read_text(encoding="utf-8"))
    return CommonSense(
        parts={noun: tuple(parts) for noun, parts in table["parts"].items()},
        scenes={noun: tuple(things) for noun, things in table["scenes"].items()},
    )
