import io
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from annotation.models import Loop, LoopState, RegionAnnotation, StageRun, StageState
from tests.workers.pipelines import add_photos
from verification.models import Sample
from verification.services.loops import start_loop

pytestmark = pytest.mark.django_db(transaction=True)


def run_pipeline(*arguments: str) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command("run_pipeline", "--project", "street", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_it_annotates_all_photos_and_says_how_far_it_is(project: Any) -> None:
    add_photos(project, 2)
    out, err = run_pipeline()
    assert "Loop 0 of Street and home:" in out
    assert "Tag 1: 2 photos, " in out
    assert "Describe 1: 2 photos, " in out
    assert out.endswith("Loop 0: Finished.\n")
    assert err == ""
    assert set(RegionAnnotation.objects.values_list("image_id", flat=True)) == set(
        project.images.values_list("pk", flat=True)
    )


def test_the_next_call_begins_the_loop_with_people_and_stops_there(project: Any) -> None:
    add_photos(project, 1)
    run_pipeline()
    out, _ = run_pipeline()
    assert out.endswith("Loop 1: Now people are asked.\n")
    assert Sample.objects.get(task_kind="tag").is_open
    assert "Now people are asked" in run_pipeline()[0]  # the same loop again
    assert Loop.objects.count() == 2


def test_it_goes_on_with_a_loop_that_was_started_before(project: Any) -> None:
    add_photos(project, 1)
    start_loop(project=project, user=None)
    run_pipeline()
    assert list(Loop.objects.values_list("number", "state")) == [(0, LoopState.FINISHED)]


def test_photos_that_fail_are_named_with_their_reason(project: Any) -> None:
    images = add_photos(project, 2)
    default_storage.delete(images[0].display)
    out, err = run_pipeline()
    assert f"Photo {images[0].pk}, Localize: The stored file is missing." in err
    assert "Finished" in out


def test_a_failed_loop_is_an_error_and_naming_it_tries_again(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    add_photos(project, 1)

    def broken(*_: object) -> None:
        raise RuntimeError("no space left")

    with monkeypatch.context() as patched:
        patched.setattr("workers.stages.write_image_tags", broken)
        with pytest.raises(CommandError, match="no space left"):
            run_pipeline()
    assert StageRun.objects.get().state == StageState.FAILED
    assert run_pipeline("--loop", "0")[0].endswith("Loop 0: Finished.\n")


def test_what_does_not_exist_is_said_plainly(project: Any) -> None:
    with pytest.raises(CommandError, match="Add photos first"):
        run_pipeline()
    with pytest.raises(CommandError, match=r"no loop 3\. Its loops: none yet"):
        run_pipeline("--loop", "3")
    with pytest.raises(CommandError, match="no project with the address 'nowhere'"):
        call_command("run_pipeline", "--project", "nowhere")


def test_photos_that_came_in_later_are_annotated_beside_the_others(project: Any, settings: Any) -> None:
    settings.ARGUS_SHARD_IMAGES = 2
    early = add_photos(project, 3)
    run_pipeline()
    rows = sorted(RegionAnnotation.objects.values_list("region_id", "concept_ids", "caption"))
    with pytest.raises(CommandError, match="No photos came in"):
        run_pipeline("--new-photos")
    late = add_photos(project, 3, first=3)
    out, _ = run_pipeline("--new-photos")
    assert out.endswith("Loop 0: Finished.\n")
    annotated = RegionAnnotation.objects.exclude(region_id__in=[row[0] for row in rows])
    assert set(annotated.values_list("image_id", flat=True)) == {image.pk for image in late}
    assert (
        sorted(
            RegionAnnotation.objects.exclude(image_id__in=[i.pk for i in late]).values_list(
                "region_id", "concept_ids", "caption"
            )
        )
        == rows
    )
    for stage in ("tag", "localize", "match", "clean", "describe"):
        shards = StageRun.objects.filter(stage=stage, state=StageState.DONE).order_by("shard")
        assert [len(run.image_ids) for run in shards] == [2, 1, 2, 1]
        assert [run.shard for run in shards] == [0, 1, 2, 3]
    run_pipeline()
    assert set(Sample.objects.get(task_kind="tag").items.values_list("image_id", flat=True)) == {
        i.pk for i in early + late
    }


def test_new_photos_wait_until_no_other_loop_is_running(project: Any) -> None:
    with pytest.raises(CommandError, match="Nothing is annotated yet"):
        run_pipeline("--new-photos")
    add_photos(project, 1)
    run_pipeline()
    run_pipeline()
    add_photos(project, 1, first=1)
    with pytest.raises(CommandError, match="Another loop is running"):
        run_pipeline("--new-photos")
