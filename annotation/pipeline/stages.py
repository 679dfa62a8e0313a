"""The table of the automatic pipeline's stages, in order: what each needs, writes and asks which roles.

The stages of a loop that involve people or training live elsewhere; these five are what a shard of photos
goes through. `annotate`, the re-annotation in later loops, is `match`, `clean` and `describe` again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the pipeline.

    needs: stages whose rows must exist; writes: the tables it fills; roles: the jobs it gives to backends;
    function: where its logic is (module of this package and name).
    """

    name: str
    needs: tuple[str, ...]
    writes: tuple[str, ...]
    roles: tuple[str, ...]
    function: str


PIPELINE: Final[tuple[Stage, ...]] = (
    Stage(
        name="tag",
        needs=(),
        writes=("Concept", "ImageAnnotation"),
        roles=("spotter", "ocr", "imaginator", "splitter"),
        function="tags.tag_images",
    ),
    Stage(
        name="localize",
        needs=("tag",),
        writes=("Concept", "Region", "RegionCandidates"),
        roles=("localizer", "magnifier"),
        function="regions.localize_images",
    ),
    Stage(
        name="match",
        needs=("tag", "localize"),
        writes=("RegionMatch",),
        roles=("matcher", "segmenter"),
        function="matching.match_images",
    ),
    Stage(
        name="clean",
        needs=("match",),
        writes=("RegionAnnotation",),
        roles=("segmenter",),
        function="cleaning.clean_images",
    ),
    Stage(
        name="describe",
        needs=("clean",),
        writes=("QuestionAnswer", "RegionAnnotation"),
        roles=("questioner", "responder", "writer"),
        function="description.describe_images",
    ),
)

STAGES: Final[dict[str, Stage]] = {stage.name: stage for stage in PIPELINE}

ANNOTATE: Final[tuple[str, ...]] = ("match", "clean", "describe")
"""What a later loop does again, with its new models."""


def stages_from(name: str) -> tuple[Stage, ...]:
    """The stage and all that come after it: what is out of date once it has run again. Raises KeyError."""
    return PIPELINE[PIPELINE.index(STAGES[name]) :]
