"""One shard from claim to done, in this process: photos that fail, backends that fail, shards that run twice."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.db.models import F

from annotation.models import (
    Concept,
    ImageAnnotation,
    Loop,
    LoopState,
    QuestionAnswer,
    Region,
    RegionAnnotation,
    RegionCandidates,
    Stage,
    StageFailure,
    StageRun,
    StageState,
)
from annotation.pipeline.ports import Backends, Named, ProducerIdentity
from annotation.pipeline.rosters import DEFAULT_ROSTER, BackendChoice, Roster
from annotation.services.stage_runs import MAX_ATTEMPTS
from tests.workers.pipelines import add_photos, written_by
from verification.services.loops import advance, retry_loop, start_loop
from workers.foreground import run_loop
from workers.rosters import backends_of
from workers.shards import run_shard

pytestmark = pytest.mark.django_db(transaction=True)


def begin(project: Any) -> Loop:
    loop = start_loop(project=project, user=None)
    advance(loop.pk)
    return loop


def run_stage(loop: Loop, stage: Stage, load: Callable[[Roster], Backends] = backends_of) -> None:
    for number in StageRun.objects.filter(loop=loop, stage=stage).values_list("pk", flat=True):
        run_shard(number, load_backends=load)
    advance(loop.pk)


def with_spotter(backend: object) -> Callable[[Roster], Backends]:
    """The roster's backends, but for the spotter."""
    named: Named[Any] = Named(ProducerIdentity("test", "spotter", "1", ""), backend)
    return lambda roster: replace(backends_of(roster), spotter=named)


class Spotting:
    caption = "A cat."
    tags = ("cat",)


def test_a_broken_photo_fails_alone_and_says_why(project: Any) -> None:
    _, broken, _ = images = add_photos(project, 3)
    with default_storage.open(broken.display) as file:
        data = file.read()
    with default_storage.open(broken.display, "wb") as file:
        file.write(data[: len(data) // 2])
    loop = run_loop(start_loop(project=project, user=None).pk)
    assert loop.state == LoopState.FINISHED
    failed = StageFailure.objects.get()
    assert (failed.image_id, failed.stage_run.stage, failed.role) == (broken.pk, Stage.LOCALIZE, "localizer")
    assert failed.reason == "The file is damaged and cannot be decoded."
    annotated = set(RegionAnnotation.objects.values_list("image_id", flat=True))
    assert annotated == {image.pk for image in images} - {broken.pk}
    # Tagging reads captions only, so that photo was tagged; from there on it is left out, without failing again.
    assert ImageAnnotation.objects.count() == 3
    counts = {run.stage: run.counts["failed"] for run in StageRun.objects.all()}
    assert counts == {"tag": 0, "localize": 1, "match": 0, "clean": 0, "describe": 0}


def test_a_missing_file_is_named_as_such(project: Any) -> None:
    (image,) = add_photos(project, 1)
    default_storage.delete(image.display)
    run_loop(start_loop(project=project, user=None).pk)
    assert "missing" in StageFailure.objects.get().reason


def test_a_backend_that_answers_nonsense_for_one_photo_fails_for_that_photo_alone(project: Any) -> None:
    images = add_photos(project, 3)

    class Nonsense:
        def spot(self, photos: Sequence[Any]) -> list[Any]:
            return [42 if photo.image_id == images[1].pk else Spotting() for photo in photos]

    loop = begin(project)
    run_stage(loop, Stage.TAG, with_spotter(Nonsense()))
    assert StageFailure.objects.get().image_id == images[1].pk
    assert set(ImageAnnotation.objects.values_list("image_id", flat=True)) == {images[0].pk, images[2].pk}


@pytest.mark.parametrize("scores", [np.full(5, np.nan), np.zeros(3), "high", None])
def test_a_matcher_that_answers_nonsense_leaves_no_rows_and_a_reason_for_each_photo(project: Any, scores: Any) -> None:
    add_photos(project, 2)

    class Answer:
        shared = scores
        own: tuple[Any, ...] = ()

    class Nonsense:
        def match(self, images: Sequence[Any], *_: Any) -> list[Any]:
            return [Answer()] * len(images)

    named: Named[Any] = Named(ProducerIdentity("test", "matcher", "1", ""), Nonsense())
    loop = begin(project)
    for stage in (Stage.TAG, Stage.LOCALIZE):
        run_stage(loop, stage)
    run_stage(loop, Stage.MATCH, lambda roster: replace(backends_of(roster), matcher=named))
    assert set(StageFailure.objects.values_list("role", flat=True)) == {"matcher"}
    assert StageFailure.objects.count() == 2
    assert not RegionAnnotation.objects.exists()
    assert run_loop(loop.pk).state == LoopState.FINISHED


def test_a_finished_shard_that_is_sent_again_changes_nothing(project: Any) -> None:
    add_photos(project, 2)
    loop = run_loop(start_loop(project=project, user=None).pk)
    before = written_by(loop), list(StageRun.objects.order_by("pk").values())
    for number in StageRun.objects.values_list("pk", flat=True):
        assert run_shard(number) is None
    assert advance(loop.pk) is None
    assert (written_by(loop), list(StageRun.objects.order_by("pk").values())) == before


def test_a_shard_that_is_done_all_over_again_replaces_nothing_and_adds_nothing(project: Any) -> None:
    add_photos(project, 2)
    loop = begin(project)
    rows = [ImageAnnotation, RegionCandidates, Region, RegionAnnotation, QuestionAnswer, Concept]
    for stage in (Stage.TAG, Stage.LOCALIZE, Stage.MATCH, Stage.CLEAN):
        run_stage(loop, stage)
        before = [list(model.objects.order_by("pk").values()) for model in rows]  # type: ignore[attr-defined]
        StageRun.objects.filter(loop=loop, stage=stage).update(state=StageState.PENDING, attempt=0)
        run_stage(loop, stage)
        assert before == [list(model.objects.order_by("pk").values()) for model in rows]  # type: ignore[attr-defined]
    run_shard(StageRun.objects.get(stage=Stage.DESCRIBE).pk)
    answers, captions = list(QuestionAnswer.objects.order_by("id").values()), written_by(loop)["regions"]
    StageRun.objects.filter(loop=loop, stage=Stage.DESCRIBE).update(state=StageState.PENDING)
    run_shard(StageRun.objects.get(stage=Stage.DESCRIBE).pk)
    assert (list(QuestionAnswer.objects.order_by("id").values()), written_by(loop)["regions"]) == (answers, captions)


def test_a_caption_that_stands_is_not_overwritten(project: Any) -> None:
    add_photos(project, 1)
    loop = begin(project)
    for stage in (Stage.TAG, Stage.LOCALIZE, Stage.MATCH, Stage.CLEAN):
        run_stage(loop, stage)
    first = RegionAnnotation.objects.order_by("region_id")[0]
    RegionAnnotation.objects.filter(pk=first.pk).update(caption="As it was.", caption_producer_id=1)
    run_stage(loop, Stage.DESCRIBE)
    captions = list(RegionAnnotation.objects.order_by("region_id").values_list("caption", flat=True))
    assert captions[0] == "As it was."
    assert all(captions)


def test_photos_that_may_succeed_later_are_tried_again_and_given_up_at_last(project: Any) -> None:
    add_photos(project, 2)

    class Silent:
        def spot(self, photos: Sequence[Any]) -> list[Any]:
            raise ConnectionError("the endpoint does not answer")

    loop = begin(project)
    run = StageRun.objects.get(stage=Stage.TAG)
    for attempt in range(1, MAX_ATTEMPTS):
        run_shard(run.pk, load_backends=with_spotter(Silent()))
        run.refresh_from_db()
        assert (run.state, run.attempt) == (StageState.PENDING, attempt)
        assert "2 photos may succeed later" in run.error
        assert StageFailure.objects.count() == 2
    run_shard(run.pk, load_backends=with_spotter(Silent()))
    run.refresh_from_db()
    assert (run.state, run.counts["failed"]) == (StageState.DONE, 2)
    assert "does not answer" in StageFailure.objects.order_by("pk")[0].reason
    assert run_loop(loop.pk).state == LoopState.FINISHED


def test_photos_that_succeed_later_leave_no_failure_behind(project: Any) -> None:
    add_photos(project, 2)

    class SilentAtFirst:
        calls = 0

        def spot(self, photos: Sequence[Any]) -> list[Any]:
            self.calls += 1
            if self.calls < 4:
                raise TimeoutError("slow")
            return [Spotting() for _ in photos]

    load = with_spotter(SilentAtFirst())
    begin(project)
    run = StageRun.objects.get(stage=Stage.TAG)
    run_shard(run.pk, load_backends=load)
    assert StageFailure.objects.exists()
    run_shard(run.pk, load_backends=load)
    assert not StageFailure.objects.exists()
    assert ImageAnnotation.objects.count() == 2


def test_a_backend_that_is_not_installed_fails_the_loop_at_once_with_the_reason(project: Any) -> None:
    add_photos(project, 1)
    roster = DEFAULT_ROSTER.model_copy(update={"matcher": BackendChoice(backend="builtin:clip")})
    project.roster = roster.model_dump(mode="json")
    project.save()
    loop = run_loop(start_loop(project=project, user=None).pk)
    assert loop.state == LoopState.FAILED
    assert "builtin:clip" in loop.error
    assert "builtin:matcher" in loop.error  # what there is instead
    assert StageRun.objects.get(stage=Stage.TAG).attempt == 1


def test_a_fault_of_ours_fails_the_loop_after_three_tries_and_a_lead_can_try_again(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_photos(project, 1)

    def broken(*_: object) -> None:
        raise RuntimeError("no space left on device")

    loop = start_loop(project=project, user=None)
    with monkeypatch.context() as patched:
        patched.setattr("workers.stages.write_image_tags", broken)
        loop = run_loop(loop.pk)
    assert loop.state == LoopState.FAILED
    assert "no space left on device" in loop.error
    assert StageRun.objects.get().attempt == MAX_ATTEMPTS
    assert retry_loop(loop=loop, user=None) == 1
    assert run_loop(loop.pk).state == LoopState.FINISHED


def test_a_former_owner_who_comes_back_writes_nothing(project: Any) -> None:
    add_photos(project, 2)
    begin(project)
    run = StageRun.objects.get(stage=Stage.TAG)

    class Slow:
        def spot(self, photos: Sequence[Any]) -> list[Any]:
            StageRun.objects.update(attempt=F("attempt") + 1)  # somebody else claimed it meanwhile
            return [Spotting() for _ in photos]

    run_shard(run.pk, load_backends=with_spotter(Slow()))
    run.refresh_from_db()
    assert (run.state, run.error) == (StageState.RUNNING, "")
    assert not ImageAnnotation.objects.exists()


def test_imported_boxes_become_the_regions_that_they_are(project: Any) -> None:
    from annotation.services.bulk import RegionRows, insert_regions
    from annotation.services.concepts import concept_ids_for
    from annotation.services.producers import get_producer

    (image,) = add_photos(project, 1)
    kettle = concept_ids_for(["kettle"])["kettle"]
    imported = insert_regions(
        RegionRows(
            producer_id=get_producer("import", "coco", "1").pk,
            kind="imported",
            image_ids=np.array([image.pk]),
            boxes=np.array([[20.0, 30.0, 90.0, 110.0]]),
            tag_ids=np.array([[kettle]]),
        )
    ).ids[0]
    run_loop(start_loop(project=project, user=None).pk)
    found = RegionAnnotation.objects.get(region_id=imported)
    assert found.concept_ids[0] == kettle
    assert RegionCandidates.objects.get(region_id=imported).concept_ids == [kettle]
    assert Region.objects.filter(producer__backend="import").count() == 1
    assert Region.objects.exclude(producer__backend="import").exists()


def test_pixels_are_forgotten_after_each_group_of_photos(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from annotation.pipeline.ports import ImageInput
    from workers import stages

    monkeypatch.setattr(stages, "GROUP", 2)
    held: set[int] = set()
    most = 0
    load, release = ImageInput.load, ImageInput.release

    def counted_load(photo: ImageInput) -> Any:
        nonlocal most
        held.add(photo.image_id)
        most = max(most, len(held))
        return load(photo)

    def counted_release(photo: ImageInput) -> None:
        held.discard(photo.image_id)
        release(photo)

    monkeypatch.setattr(ImageInput, "load", counted_load)
    monkeypatch.setattr(ImageInput, "release", counted_release)
    add_photos(project, 5)
    run_loop(start_loop(project=project, user=None).pk)
    assert most == 2
    assert held == set()
