"""The loop's review stage: when it begins, what it waits for, when it is over."""

from typing import Any

import pytest

from annotation.models import LoopState
from tests.factories import make_sample
from tests.verification.judgements import items_of, judge_all
from tests.verification.packages import (
    child_of,
    contents,
    judge_again,
    judged_sample,
    member,
    review,
    reviewed,
    said,
)
from verification.models import PackageState, ReviewPackage, Sample
from verification.selectors.loops import status_of_loop
from verification.services.escalations import accept_escalated
from verification.services.loops import advance, cancel_loop, close_verification

pytestmark = pytest.mark.django_db


def _stage(sample: Sample, name: str) -> Any:
    sample.loop.refresh_from_db()
    return next(stage for stage in status_of_loop(sample.loop).stages if stage.name == name)


def _advance(sample: Sample) -> str:
    advance(sample.loop_id)
    sample.loop.refresh_from_db()
    return str(sample.loop.state)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop's sample stage is over: its sample was made by the test."""
    from annotation.models import StageRun, StageState

    real = make_sample

    def made(*args: Any, **kwargs: Any) -> Sample:
        sample = real(*args, **kwargs)
        StageRun.objects.get_or_create(loop=sample.loop, stage="sample", shard=0, defaults={"state": StageState.DONE})
        return sample

    monkeypatch.setattr("tests.verification.packages.make_sample", made)


@pytest.mark.usefixtures("drawn")
def test_without_review_the_loop_is_over_when_people_are(project: Any, ana: Any) -> None:
    sample = judged_sample(project, ana, items=3)
    assert _advance(sample) == LoopState.FINISHED
    assert not ReviewPackage.objects.exists()


@pytest.mark.usefixtures("drawn")
def test_packages_are_made_while_people_work_and_the_rest_at_the_end(project: Any, ana: Any) -> None:
    from verification.models import Assignment

    sample = judged_sample(reviewed(project, size=5), ana, items=8)
    last = Assignment.objects.latest("pk")
    verdict = last.verdict
    Assignment.objects.filter(pk=last.pk).update(state="open", annotator=None, verdict=None)
    assert _advance(sample) == LoopState.RUNNING
    assert [package.size for package in ReviewPackage.objects.all()] == [5]
    assert (_stage(sample, "verify").state, _stage(sample, "review").total) == ("now", 1)
    Assignment.objects.filter(pk=last.pk).update(state="done", annotator=ana, verdict=verdict)
    assert _advance(sample) == LoopState.RUNNING
    assert [(package.size, package.threshold) for package in ReviewPackage.objects.order_by("pk")] == [
        (5, 0.95),
        (3, 1.0),
    ]
    review_stage = _stage(sample, "review")
    assert (review_stage.state, review_stage.done, review_stage.total) == ("now", 0, 2)
    assert _stage(sample, "verify").state == "done"


@pytest.mark.usefixtures("drawn")
def test_the_loop_waits_for_experts_and_redos_and_is_over_when_all_is_accepted(
    project: Any, ana: Any, edo: Any
) -> None:
    bo, ina = member(project, "bo", "annotator"), member(project, "ina", "expert")
    sample = judged_sample(reviewed(project, size=5), ana, items=5)
    assert _advance(sample) == LoopState.RUNNING
    package = ReviewPackage.objects.get()
    review(package, edo, wrong=5)
    assert _advance(sample) == LoopState.RUNNING
    child = child_of(package)
    assert child.author == bo
    judge_again(child)
    assert _advance(sample) == LoopState.RUNNING
    child.refresh_from_db()
    assert child.state == PackageState.READY
    review(child, ina)
    assert _advance(sample) == LoopState.FINISHED


@pytest.mark.usefixtures("drawn")
def test_the_loop_waits_for_the_lead_too(project: Any, ana: Any, edo: Any, lea: Any) -> None:
    sample = judged_sample(reviewed(project, size=5), ana, items=5)
    _advance(sample)
    package = ReviewPackage.objects.get()
    review(package, edo, wrong=5)
    assert _advance(sample) == LoopState.RUNNING
    accept_escalated(project_id=project.pk, lead_id=lea.pk, package_id=package.pk, note="x")
    assert _advance(sample) == LoopState.FINISHED


@pytest.mark.usefixtures("drawn")
def test_a_second_look_holds_up_nothing(project: Any, ana: Any, edo: Any) -> None:
    sample = judged_sample(reviewed(project, size=5, second_looks=1.0), ana, items=5)
    _advance(sample)
    review(ReviewPackage.objects.get(), edo)
    assert ReviewPackage.objects.filter(state=PackageState.READY).count() == 1
    assert _advance(sample) == LoopState.FINISHED


def test_closing_early_packs_what_was_done(project: Any, ana: Any, lea: Any) -> None:
    sample = make_sample(reviewed(project, size=5), items=9)
    for item in items_of(sample)[:7]:
        said(item, ana)
    assert close_verification(loop=sample.loop, user=lea)
    assert [package.size for package in ReviewPackage.objects.order_by("pk")] == [5, 2]


def test_cancelling_the_loop_cancels_what_waits_and_keeps_what_was_accepted(
    project: Any, ana: Any, edo: Any, lea: Any
) -> None:
    sample = make_sample(reviewed(project, size=3), items=6)
    judge_all(sample, [ana])
    close_verification(loop=sample.loop, user=lea)
    first, second = ReviewPackage.objects.order_by("pk")
    review(first, edo)
    assert cancel_loop(loop=sample.loop, user=lea)
    second.refresh_from_db()
    first.refresh_from_db()
    assert (first.state, second.state) == (PackageState.ACCEPTED, PackageState.CANCELLED)
    assert contents(first)
