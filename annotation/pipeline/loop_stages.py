"""The table of a loop's stages, in order. What the reconciler does next follows from it and from the rows.

A stage that is not installed stands here as well, so that pages can say what a loop will do once it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Work(Enum):
    """How a stage's work is done."""

    IMAGES = "images"
    """In shards of images, each a StageRun."""
    ONCE = "once"
    """By one StageRun without images."""
    PEOPLE = "people"
    """By people; it is over when nothing is left to do or the lead closes it."""


@dataclass(frozen=True, slots=True)
class LoopStage:
    """A row of the table; name: a value of annotation.models.Stage."""

    name: str
    work: Work
    installed: bool = True


FIRST_LOOP: Final[tuple[LoopStage, ...]] = (
    LoopStage("tag", Work.IMAGES),
    LoopStage("localize", Work.IMAGES),
    LoopStage("match", Work.IMAGES),
    LoopStage("clean", Work.IMAGES),
    LoopStage("describe", Work.IMAGES),
    LoopStage("train", Work.ONCE, installed=False),
    LoopStage("audit", Work.PEOPLE, installed=False),
    LoopStage("report", Work.ONCE, installed=False),
)
"""Loop 0: the automatic pipeline writes the annotations A_0 (papers V1, algorithm 2, line 1)."""

LATER_LOOPS: Final[tuple[LoopStage, ...]] = (
    LoopStage("sample", Work.ONCE),
    LoopStage("verify", Work.PEOPLE),
    LoopStage("review", Work.PEOPLE),
    LoopStage("train", Work.ONCE, installed=False),
    LoopStage("annotate", Work.IMAGES, installed=False),
    LoopStage("audit", Work.PEOPLE, installed=False),
    LoopStage("report", Work.ONCE, installed=False),
)
"""Loop N: people verify a sample of the parent's annotations."""


def stages_of(*, has_parent: bool) -> tuple[LoopStage, ...]:
    """All stages of a loop, in order. A loop without a finished parent has no annotations to start from."""
    return LATER_LOOPS if has_parent else FIRST_LOOP


def installed_stages(*, has_parent: bool) -> tuple[LoopStage, ...]:
    """Those that this version carries out."""
    return tuple(stage for stage in stages_of(has_parent=has_parent) if stage.installed)


def missing_stages(*, has_parent: bool) -> tuple[LoopStage, ...]:
    """Those that this version leaves out."""
    return tuple(stage for stage in stages_of(has_parent=has_parent) if not stage.installed)
