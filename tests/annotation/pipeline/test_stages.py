"""The table of stages is in order, and its functions exist."""

from importlib import import_module

import pytest

from annotation.pipeline.roles import ROLE_NAMES
from annotation.pipeline.stages import ANNOTATE, PIPELINE, STAGES, stages_from


def test_every_stage_needs_only_earlier_ones() -> None:
    for place, stage in enumerate(PIPELINE):
        assert set(stage.needs) <= {earlier.name for earlier in PIPELINE[:place]}


def test_every_stage_has_its_function() -> None:
    for stage in PIPELINE:
        module, function = stage.function.split(".")
        assert callable(getattr(import_module(f"annotation.pipeline.{module}"), function))


def test_every_role_is_asked_in_some_stage() -> None:
    assert {role for stage in PIPELINE for role in stage.roles} == set(ROLE_NAMES)


def test_a_stage_that_runs_again_outdates_the_later_ones() -> None:
    assert [stage.name for stage in stages_from("match")] == list(ANNOTATE)
    assert set(ANNOTATE) <= set(STAGES)
    with pytest.raises(KeyError):
        stages_from("guess")
