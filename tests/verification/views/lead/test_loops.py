"""The lead's loop pages."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotation.models import Loop, LoopState, Region, StageFailure, StageRun, StageState
from annotation.pipeline.loop_configs import LoopConfig, SamplingConfig
from annotation.pipeline.rosters import DEFAULT_ROSTER
from tests.annotation.scenes import ask, make_annotated_loop, make_scene
from tests.factories import make_image, make_sample
from tests.verification.services.annotated import annotated_loop
from verification.models import Sample
from verification.services.queue import lease_items
from verification.services.verdicts import record_verdict
from webapp.projects.models import Project

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_lea(client: Client, lea: Any) -> Client:
    client.force_login(lea)
    return client


def loop_config() -> dict[str, Any]:
    return LoopConfig(roster=DEFAULT_ROSTER, sampling=SamplingConfig(), shard_images=16).model_dump(mode="json")


def at(name: str, *args: Any) -> str:
    return reverse(f"verification:{name}", args=["street", *args])


def words(answer: Any) -> str:
    """The page's text with single spaces."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def progress(client: Client, number: int) -> Any:
    return client.get(at("loop", number), headers={"HX-Request": "true", "HX-Target": "progress"})


def start_stage(loop: Loop, stage: str = "tag", shards: int = 4, done: int = 1, **extra: Any) -> list[StageRun]:
    """Shards of a stage: the first `done` of them done a minute after they began, the others running."""
    began = timezone.now() - timedelta(minutes=1)
    return StageRun.objects.bulk_create(
        StageRun(
            loop=loop,
            stage=stage,
            shard=number,
            state=StageState.DONE if number < done else StageState.RUNNING,
            started_at=began,
            heartbeat_at=timezone.now(),
            finished_at=timezone.now() if number < done else None,
            counts={"images": 16, "failed": 0, "tags": 80} if number < done else {},
            **extra,
        )
        for number in range(shards)
    )


# --- the list and the forecast


def test_people_other_than_leads_may_not_look(client: Client, ana: Any, edo: Any, cleo: Any, otto: Any) -> None:
    for person, status in ((ana, 403), (edo, 403), (cleo, 403), (otto, 404)):
        client.force_login(person)
        assert client.get(at("loops")).status_code == status
        assert client.post(at("start_loop")).status_code == status


def test_without_photos_loop_0_cannot_start(as_lea: Client, project: Any) -> None:
    answer = as_lea.get(at("loops"))
    assert "Photos are missing" in words(answer)
    assert 'aria-disabled="true"' in answer.content.decode()
    refused = as_lea.post(at("start_loop"), headers={"Accept": "application/json"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "no_photos")


def test_loop_0_asks_nobody_and_starts_by_a_post(as_lea: Client, project: Any, lea: Any) -> None:
    make_image(project)
    answer = as_lea.get(at("loops"))
    assert "Start loop 0" in words(answer)
    assert "nobody, and nothing is paid" in words(answer)
    started = as_lea.post(at("start_loop"), follow=True)
    assert "Loop 0 has started" in words(started)
    loop = Loop.objects.get()
    assert (loop.number, loop.state, loop.started_by) == (0, LoopState.RUNNING, lea)


def test_the_next_loop_comes_with_a_forecast(as_lea: Client, project: Any, ana: Any) -> None:
    Project.objects.update(overlap=3, tag_rate=Decimal("0.05"))
    make_scene(project, photos=4, regions=7)  # seven concepts, four regions each: every one is asked about
    said = words(as_lea.get(at("loops")))
    assert "People are asked 28 tag items" in said
    assert "3 people each: 84 verdicts" in said
    assert "14 min 10 s per item, as measured in the All-Seeing paper 14 min for one annotator" in said
    assert "$4.20 $0.05 per verdict" in said
    assert "7 concepts on 28 regions" in said
    assert "More annotators are missing 3 per item, 1 here" in said


def test_a_budget_makes_the_forecast_smaller(as_lea: Client, project: Any) -> None:
    make_scene(project, photos=4, regions=7)
    answer = as_lea.get(at("loops"), {"budget": 10}, headers={"HX-Request": "true", "HX-Target": "forecast"})
    assert "<html" not in answer.content.decode()
    assert "People are asked 10 " in words(answer)
    assert 'value="10"' in as_lea.get(at("loops"), {"budget": 10}).content.decode()


def test_the_preview_names_concepts_and_follows_all_settings(as_lea: Client, project: Any) -> None:
    annotated_loop(project, {"cup": 300, "jug": 30, "whisk": 2})
    asked = {"HX-Request": "true", "HX-Target": "forecast"}
    said = words(as_lea.get(at("loops"), {"min_frequency": "10", "max_concepts": "2", "budget": ""}, headers=asked))
    # With two concepts the rarer one gets 6 and the other 90.
    assert "People are asked 96 tag items" in said
    assert "96 items; of 2 concepts about 2 are seen" in said
    assert "cup 300 90 30.0 %" in said
    assert "jug 30 6 20.0 %" in said
    assert "Too rare and left out: 1 concept on 2 regions." in said
    assert "An audit tells it to ± 2.8" in said
    page = as_lea.get(at("loops"), {"min_frequency": "10"})
    assert 'value="10"' in page.content.decode()
    assert "whisk" not in words(page)


def test_questions_are_forecast_beside_the_tags(as_lea: Client, project: Any) -> None:
    loop = make_scene(project, photos=1, regions=6)
    for region in Region.objects.all():
        ask(loop, region, "kettle", "What is it?", "A kettle.")
    said = words(as_lea.get(at("loops")))
    assert "Questions besides 3 checks at most, and about 1 answers to write: 1 min, $0.13" in said
    assert "Questions besides" not in words(as_lea.get(at("loops"), {"questions": "0"}))


def test_all_settings_are_frozen_with_the_loop(as_lea: Client, project: Any) -> None:
    annotated_loop(project, {"cup": 30})
    form = {"budget": "20", "min_frequency": "5", "max_concepts": "7", "questions": "4", "audits": "on"}
    as_lea.post(at("start_loop"), form)
    config = Loop.objects.get(number=1).config
    sampling = config["sampling"]
    assert (sampling["budget"], sampling["min_frequency"], sampling["max_concepts"]) == (20, 5, 7)
    assert sampling["question_budget"] == 4
    assert config["audit"] == {"size": 1000, "overlap_share": 0.1, "automatic": True}


@pytest.mark.parametrize("budget", ["0", "-5", "many", "1e9", "99999999999999999999"])
def test_a_budget_that_is_none_is_refused(as_lea: Client, project: Any, budget: str) -> None:
    make_scene(project)
    assert as_lea.get(at("loops"), {"budget": budget}).status_code == 400
    assert as_lea.post(at("start_loop"), {"budget": budget}).status_code == 400
    assert Loop.objects.count() == 1


def test_the_budget_is_frozen_with_the_loop(as_lea: Client, project: Any, ana: Any) -> None:
    make_scene(project)
    as_lea.post(at("start_loop"), {"budget": "10"})
    assert Loop.objects.get(number=1).config["sampling"]["budget"] == 10


def test_without_an_annotator_it_says_that_items_will_wait(as_lea: Client, project: Any) -> None:
    make_scene(project)
    said = words(as_lea.get(at("loops")))
    assert "An annotator is missing" in said
    assert "The items wait until somebody can judge them" in said


def test_a_running_loop_stands_in_the_way_of_the_next(as_lea: Client, project: Any) -> None:
    make_scene(project, loop=make_annotated_loop(project, 0, LoopState.RUNNING))
    said = words(as_lea.get(at("loops")))
    assert "Loop 0 is running" in said
    assert "Start loop" not in said
    assert as_lea.post(at("start_loop")).status_code == 409


def test_a_finished_loop_that_annotated_nothing_leaves_nothing_to_ask(as_lea: Client, project: Any) -> None:
    make_image(project)
    make_annotated_loop(project)
    said = words(as_lea.get(at("loops")))
    assert "Annotated regions are missing" in said
    assert 'aria-disabled="true"' in as_lea.get(at("loops")).content.decode()


# --- one loop


def test_a_running_stage_shows_parts_pace_and_time_left(as_lea: Client, project: Any) -> None:
    loop = make_annotated_loop(project, 0, LoopState.RUNNING)
    start_stage(loop, shards=4, done=2)
    answer = progress(as_lea, 0)
    said = words(answer)
    assert "Tag , in progress 2 of 4 parts, 0.5 photos a second" in said
    assert "160 tags" in said
    assert "about 1 min left" in said
    assert "Localize , not started" in said
    assert "Not part of this version: Train, Audit, Report" in said
    assert 'hx-trigger="every 2s"' in answer.content.decode()
    assert "No worker" not in said


def test_when_the_loop_is_over_the_page_is_loaded_once_more(as_lea: Client, project: Any) -> None:
    loop = make_annotated_loop(project, 0, LoopState.RUNNING)
    assert "HX-Refresh" not in progress(as_lea, 0)
    Loop.objects.filter(pk=loop.pk).update(state=LoopState.FINISHED, finished_at=timezone.now())
    assert progress(as_lea, 0)["HX-Refresh"] == "true"
    page = as_lea.get(at("loop", 0)).content.decode()
    assert "hx-trigger" not in page
    assert "Cancel the loop" not in page


def test_shards_that_nobody_takes_are_said_to_wait_for_a_worker(as_lea: Client, project: Any) -> None:
    loop = make_annotated_loop(project, 0, LoopState.RUNNING)
    run = StageRun.objects.create(loop=loop, stage="tag", enqueued_at=timezone.now())
    assert "No worker is running" not in words(progress(as_lea, 0))
    StageRun.objects.update(enqueued_at=timezone.now() - timedelta(minutes=2))
    assert "No worker is running the pipeline. Start one with “make run”" in words(progress(as_lea, 0))
    StageRun.objects.create(loop=loop, stage="tag", shard=1, state=StageState.RUNNING, heartbeat_at=timezone.now())
    assert "No worker is running" not in words(progress(as_lea, 0))
    assert run.pk


def test_a_loop_that_nobody_has_begun_waits_for_a_worker_too(as_lea: Client, project: Any) -> None:
    loop = make_annotated_loop(project, 0, LoopState.RUNNING)
    assert "No worker is running" not in words(progress(as_lea, 0))
    Loop.objects.filter(pk=loop.pk).update(started_at=timezone.now() - timedelta(minutes=2))
    assert "No worker is running" in words(progress(as_lea, 0))


def test_failed_photos_are_listed_with_stage_and_reason(as_lea: Client, project: Any) -> None:
    loop = make_annotated_loop(project, 0, LoopState.RUNNING)
    image = make_image(project)
    (run,) = start_stage(loop, "localize", shards=1, done=1)
    StageRun.objects.filter(pk=run.pk).update(counts={"images": 16, "failed": 7})
    StageFailure.objects.bulk_create(
        StageFailure(stage_run=run, image_id=image.pk, role="localizer", reason=f"<b>reason</b> {n}") for n in range(60)
    )
    page = words(as_lea.get(at("loop", 0)))
    assert "7 photos failed" in page
    assert "photo 0.webp" in page
    assert "&lt;b&gt;reason&lt;/b&gt; 4" in page
    assert "reason&lt;/b&gt; 5" not in page
    first = as_lea.get(at("loop_failures", 0))
    assert len(first.context["failures"]) == 50
    second = as_lea.get(at("loop_failures", 0), {"after": first.context["after"]})
    assert len(second.context["failures"]) == 10
    assert as_lea.get(at("loop_failures", 0), {"after": "x"}).status_code == 400


def test_a_failed_loop_says_why_and_can_go_on(as_lea: Client, project: Any) -> None:
    make_image(project)
    loop = make_annotated_loop(project, 0, LoopState.FAILED)
    Loop.objects.update(error="Tag: 1 of 4 parts failed.", finished_at=timezone.now())
    StageRun.objects.create(loop=loop, stage="tag", state=StageState.FAILED, error="no model")
    page = words(as_lea.get(at("loop", 0)))
    assert "Tag: 1 of 4 parts failed." in page
    assert "Tag , failed" in page
    assert "Loop 0 goes on" in words(as_lea.post(at("retry_loop", 0), follow=True))
    loop.refresh_from_db()
    assert loop.state == LoopState.RUNNING


def test_cancelling_stops_the_loop_once(as_lea: Client, project: Any) -> None:
    loop = make_annotated_loop(project, 0, LoopState.RUNNING)
    assert "Loop 0 was cancelled" in words(as_lea.post(at("cancel_loop", 0), follow=True))
    loop.refresh_from_db()
    assert loop.state == LoopState.CANCELLED
    assert "over already" in words(as_lea.post(at("cancel_loop", 0), follow=True))


def test_people_s_progress_shows_verdicts_money_and_who_works(as_lea: Client, project: Any, ana: Any) -> None:
    make_sample(project, items=10, overlap=1)
    for item in lease_items(project_id=project.pk, user_id=ana.pk, count=4)[:3]:
        record_verdict(
            project_id=project.pk,
            user_id=ana.pk,
            assignment_id=item.assignment_id,
            rejected_ids=[],
            seconds=5,
            key=uuid4(),
        )
    said = words(as_lea.get(at("loop", 1)))
    assert "Verify , in progress 3 of 10 verdicts" in said
    assert "1 person working now" in said
    assert "Spent $0.06" in said
    assert "fewer than 30 verdicts: too few to say" in said
    assert "Finish verification" in said


def test_verification_can_be_finished_early(as_lea: Client, project: Any) -> None:
    make_sample(project)
    assert "Verification is closed" in words(as_lea.post(at("close_verification", 1), follow=True))
    assert not Sample.objects.get().is_open
    assert "Stop collecting early" not in words(as_lea.get(at("loop", 1)))


def test_changes_need_post(as_lea: Client, project: Any) -> None:
    make_annotated_loop(project, 0, LoopState.RUNNING)
    for name in ("cancel_loop", "close_verification", "retry_loop"):
        assert as_lea.get(at(name, 0)).status_code == 405
    assert as_lea.get(at("start_loop")).status_code == 405


def test_a_loop_that_is_not_there_is_not_found(as_lea: Client, project: Any) -> None:
    make_annotated_loop(Project.objects.create(name="Other", slug="other"), 0)
    for number in (0, 99, 2**40):
        assert as_lea.get(at("loop", number)).status_code == 404
    assert as_lea.post(at("cancel_loop", 0)).status_code == 404


def test_the_number_of_queries_does_not_grow_with_the_shards(
    as_lea: Client, project: Any, django_assert_max_num_queries: Any
) -> None:
    make_sample(project, items=20)
    one = Loop.objects.get(number=1)
    start_stage(one, "sample", shards=1)
    start_stage(Loop.objects.get(number=0), "tag", shards=40, done=20)
    as_lea.get(at("loop", 1))
    with django_assert_max_num_queries(18):
        as_lea.get(at("loop", 1))
    with django_assert_max_num_queries(18):
        as_lea.get(at("loop", 0))
    with django_assert_max_num_queries(18):
        as_lea.get(at("loops"))


def test_new_photos_are_offered_and_annotated_by_the_loop_that_took_the_others(
    as_lea: Client, project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = make_image(project, seed=1)
    loop = Loop.objects.create(
        project=project, number=0, state=LoopState.FINISHED, config=loop_config(), config_digest="0" * 64
    )
    start_stage(loop, shards=1, image_ids=[image.pk])
    assert "not annotated yet" not in words(as_lea.get(at("loops")))
    late = [make_image(project, seed=seed).pk for seed in (2, 3)]
    assert "2 new photos are not annotated yet" in words(as_lea.get(at("loops")))
    answer = as_lea.post(at("annotate_new_photos"), follow=True)
    assert "Loop 0 goes on with the new photos." in words(answer)
    loop.refresh_from_db()
    assert loop.state == LoopState.RUNNING
    assert [run.image_ids for run in StageRun.objects.filter(loop=loop, shard=1)] == [late]
    assert as_lea.post(at("annotate_new_photos")).status_code == 409  # a second press
