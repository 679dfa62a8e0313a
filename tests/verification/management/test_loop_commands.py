import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from annotation.models import Loop
from tests.verification.services.annotated import annotated_loop
from verification.models import Sample
from verification.services.loops import config_of

pytestmark = pytest.mark.django_db


def call(name: str, *arguments: str) -> str:
    out = io.StringIO()
    call_command(name, "--project", "street", *arguments, stdout=out)
    return out.getvalue()


def test_a_loop_is_started_with_the_sampling_that_was_asked_for(project: Any) -> None:
    annotated_loop(project, {"cup": 30})
    out = call("start_loop", "--budget", "10", "--seed", "4", "--min-frequency", "2")
    loop = Loop.objects.get(number=1)
    sampling = config_of(loop).sampling
    assert "Loop 1 of Street and home has begun." in out
    assert (sampling.budget, sampling.seed, sampling.min_frequency) == (10, 4, 2)


def test_a_loop_that_cannot_begin_says_why(project: Any) -> None:
    with pytest.raises(CommandError, match="Add photos first"):
        call("start_loop")
    annotated_loop(project, {"cup": 3})
    with pytest.raises(CommandError, match="budget"):
        call("start_loop", "--budget", "0")
    call("start_loop")
    with pytest.raises(CommandError, match="still running"):
        call("start_loop")
    with pytest.raises(CommandError, match="no project"):
        call_command("start_loop", "--project", "nowhere")


def test_the_sample_is_drawn_as_the_loop_was_started_or_as_asked_now(project: Any) -> None:
    annotated_loop(project, {"cup": 30})
    call("start_loop", "--budget", "10", "--seed", "4")
    assert "Drew 5 regions of 1 concepts, out of 30, with seed 4." in call("draw_sample", "--budget", "5")
    assert Sample.objects.get().items.count() == 5
    with pytest.raises(CommandError, match="has its sample already"):
        call("draw_sample")


def test_without_a_running_loop_there_is_nothing_to_draw_for(project: Any) -> None:
    with pytest.raises(CommandError, match="No loop of this project is running"):
        call("draw_sample")
