from typing import Any

import pytest
from django.db import connection

from annotation.models import Loop, LoopState, RegionAnnotation, Stage, StageRun, StageState
from annotation.pipeline.loop_configs import SamplingConfig
from annotation.services.loops import finish_loop
from annotation.services.partitions import has_partition, partition_name
from tests.factories import make_image
from tests.verification.services.annotated import annotated_loop
from tests.verification.services.crowds import verdict_of, work_until_empty
from verification.models import Assignment, LedgerEntry, Sample, SampleItem, Verdict
from verification.services import loops
from verification.services.loops import (
    advance,
    annotated_ancestor,
    cancel_loop,
    close_verification,
    config_of,
    runs_on_gpu,
    start_loop,
)
from verification.services.queue import lease_items
from verification.services.samples import draw_tag_sample
from webapp.celery import app
from webapp.core.errors import BadInput, Conflict

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any, str]]:
    """What is enqueued, instead of a queue; hooks run at once, as the test's transaction never ends."""
    messages: list[tuple[str, Any, str]] = []
    monkeypatch.setattr(app, "send_task", lambda name, args, queue: messages.append((name, args[0], queue)))
    monkeypatch.setattr("annotation.dispatch.transaction.on_commit", lambda hook, **_: hook())
    return messages


def started(project: Any, **options: Any) -> Loop:
    return start_loop(project=project, user=None, **options)


def finish_stage(loop: Loop, stage: Stage) -> None:
    StageRun.objects.filter(loop=loop, stage=stage).update(state=StageState.DONE)


def asked(project: Any, regions: int = 6) -> tuple[Loop, Sample]:
    """Loop 1 of a project, with its sample open."""
    zero = annotated_loop(project, {"cup": regions})
    loop = started(project)
    advance(loop.pk)
    sample = draw_tag_sample(loop=loop, annotated_loop=zero)
    finish_stage(loop, Stage.SAMPLE)
    advance(loop.pk)
    return loop, sample


def test_a_project_without_photos_cannot_begin_a_loop(project: Any, lea: Any) -> None:
    with pytest.raises(Conflict, match="Add photos first"):
        start_loop(project=project, user=lea)
    assert not Loop.objects.exists()


def test_a_loop_begins_with_a_message_and_its_frozen_configuration(
    project: Any, lea: Any, sent: Any, settings: Any
) -> None:
    make_image(project)
    settings.ARGUS_SHARD_IMAGES = 7
    loop = start_loop(project=project, user=lea, sampling=SamplingConfig(budget=50))
    assert (loop.number, loop.parent, loop.started_by) == (0, None, lea)
    assert sent == [("housekeeping.advance", loop.pk, "cpu")]
    settings.ARGUS_SHARD_IMAGES = 1
    assert (config_of(loop).shard_images, config_of(loop).sampling.budget) == (7, 50)


def test_a_project_whose_roster_does_not_fit_cannot_begin_a_loop(project: Any) -> None:
    make_image(project)
    project.roster = {"name": "half"}
    with pytest.raises(BadInput, match="spotter"):
        started(project)
    assert not Loop.objects.exists()


def test_the_stages_follow_each_other_and_the_loop_is_finished(project: Any, sent: Any) -> None:
    make_image(project)
    loop = started(project)
    for stage in (Stage.TAG, Stage.LOCALIZE, Stage.MATCH, Stage.CLEAN, Stage.DESCRIBE):
        sent.clear()
        advance(loop.pk)
        run = StageRun.objects.get(loop=loop, stage=stage)
        assert sent == [("pipeline.run_shard", run.pk, "cpu")]
        assert StageRun.objects.count() == 1 + ["tag", "localize", "match", "clean", "describe"].index(stage)
        finish_stage(loop, stage)
    over = advance(loop.pk)
    assert over is not None
    assert over.state == LoopState.FINISHED
    assert not has_partition("annotation_regionmatch", loop.pk)


def test_the_planner_knows_a_finished_loops_annotations_at_once(project: Any) -> None:
    loop, _ = asked(project)
    finish_stage(loop, Stage.SAMPLE)
    close_verification(loop=loop, user=None)
    over = advance(loop.pk)
    assert over is not None
    assert over.state == LoopState.FINISHED
    with connection.cursor() as cursor:
        for table in ("annotation_regionannotation", "annotation_questionanswer"):
            cursor.execute("SELECT reltuples FROM pg_class WHERE relname = %s", [partition_name(table, loop.pk)])
            assert cursor.fetchone() == (0,), "minus one would be: never analyzed"


def test_advancing_again_sends_and_plans_nothing_new(project: Any, sent: Any) -> None:
    make_image(project)
    loop = started(project)
    advance(loop.pk)
    sent.clear()
    before = list(StageRun.objects.values())
    for _ in range(3):
        advance(loop.pk)
    assert sent == []
    assert list(StageRun.objects.values()) == before


def test_advancing_a_loop_that_is_over_or_gone_does_nothing(project: Any, sent: Any) -> None:
    make_image(project)
    loop = started(project)
    finish_loop(loop.pk)
    sent.clear()
    assert advance(loop.pk) is None
    assert advance(4711) is None
    assert sent == []


def test_advancing_costs_a_handful_of_queries_however_many_shards(
    project: Any, django_assert_max_num_queries: Any
) -> None:
    make_image(project)
    loop = started(project)
    advance(loop.pk)
    with django_assert_max_num_queries(20) as few:
        advance(loop.pk)
    StageRun.objects.bulk_create(StageRun(loop=loop, stage=Stage.TAG, shard=shard) for shard in range(1, 60))
    advance(loop.pk)
    with django_assert_max_num_queries(len(few)):
        advance(loop.pk)


def test_a_failed_shard_does_not_stop_the_others_and_then_fails_the_loop_with_its_reason(project: Any) -> None:
    make_image(project, seed=1)
    loop = started(project)
    advance(loop.pk)
    other = StageRun.objects.create(loop=loop, stage=Stage.TAG, shard=1)
    StageRun.objects.filter(shard=0).update(state=StageState.FAILED, error="the disk is full")
    advance(loop.pk)
    loop.refresh_from_db()
    assert loop.state == LoopState.RUNNING
    StageRun.objects.filter(pk=other.pk).update(state=StageState.DONE)
    advance(loop.pk)
    loop.refresh_from_db()
    assert loop.state == LoopState.FAILED
    assert loop.error == "Tag: 1 of 2 parts failed. The first one: the disk is full"


def test_the_next_loop_asks_people_about_the_last_annotations(project: Any, ana: Any, sent: Any) -> None:
    loop, _sample = asked(project)
    assert (loop.number, loop.parent.number) == (1, 0)  # type: ignore[union-attr]
    assert loop.state == LoopState.RUNNING
    assert len(lease_items(project_id=project.pk, user_id=ana.pk, count=3)) == 3
    assert StageRun.objects.get(loop=loop).stage == Stage.SAMPLE


def test_the_loop_is_finished_when_every_item_has_its_verdicts(project: Any, ana: Any) -> None:
    loop, sample = asked(project)
    items = lease_items(project_id=project.pk, user_id=ana.pk, count=6)
    for item in items[:-1]:
        verdict_of(project, ana, item)
    advance(loop.pk)
    loop.refresh_from_db()
    assert loop.state == LoopState.RUNNING  # one is still held
    verdict_of(project, ana, items[-1])
    advance(loop.pk)
    loop.refresh_from_db()
    sample.refresh_from_db()
    assert (loop.state, sample.is_open) == (LoopState.FINISHED, False)


def test_an_item_that_is_with_the_lead_does_not_hold_up_the_loop(project: Any, ana: Any) -> None:
    loop, _sample = asked(project)
    item = SampleItem.objects.order_by("pk")[0]
    SampleItem.objects.filter(pk=item.pk).update(state="escalated")
    assert work_until_empty(project, ana) == 5
    advance(loop.pk)
    loop.refresh_from_db()
    assert loop.state == LoopState.FINISHED


def test_a_lead_may_close_the_verification_early(project: Any, ana: Any, lea: Any) -> None:
    loop, _sample = asked(project)
    done, held = lease_items(project_id=project.pk, user_id=ana.pk, count=2)
    verdict_of(project, ana, done)
    assert close_verification(loop=loop, user=lea)
    assert not close_verification(loop=loop, user=lea)
    advance(loop.pk)
    loop.refresh_from_db()
    assert loop.state == LoopState.FINISHED
    assert Assignment.objects.get(pk=held.assignment_id).state == "open"
    assert Verdict.objects.count() == 1


def test_there_is_nothing_to_close_before_the_sample_is_drawn(project: Any, lea: Any) -> None:
    annotated_loop(project, {"cup": 2})
    with pytest.raises(Conflict, match="nothing with people"):
        close_verification(loop=started(project), user=lea)


def test_a_loop_after_one_without_annotations_of_its_own_asks_about_the_last_that_has_some(
    project: Any, ana: Any
) -> None:
    zero = annotated_loop(project, {"cup": 3})
    one = started(project)
    finish_loop(one.pk)
    two = started(project)
    assert two.parent == one
    assert annotated_ancestor(two) == zero


def test_a_loop_whose_ancestors_annotated_nothing_says_so(project: Any) -> None:
    make_image(project)
    finish_loop(started(project).pk)
    with pytest.raises(Conflict, match="left no annotated regions"):
        annotated_ancestor(started(project))


def test_cancelling_revokes_leases_and_keeps_verdicts_pay_and_the_parents_annotations(
    project: Any, ana: Any, lea: Any
) -> None:
    loop, sample = asked(project)
    done, _held = lease_items(project_id=project.pk, user_id=ana.pk, count=2)
    verdict_of(project, ana, done)
    assert cancel_loop(loop=loop, user=lea)
    assert not cancel_loop(loop=loop, user=lea)
    sample.refresh_from_db()
    assert (loop.state, sample.is_open) == (LoopState.CANCELLED, False)
    assert not Assignment.objects.filter(state="leased").exists()
    assert lease_items(project_id=project.pk, user_id=ana.pk, count=2) == []
    assert (Verdict.objects.count(), LedgerEntry.objects.count()) == (1, 1)
    assert RegionAnnotation.objects.filter(loop_id=loop.parent_id).count() == 6
    assert not has_partition("annotation_regionannotation", loop.pk)
    again = started(project)
    assert (again.number, again.parent) == (2, loop.parent)


def test_after_a_cancelled_first_loop_the_next_one_runs_the_pipeline(project: Any, lea: Any) -> None:
    make_image(project)
    cancel_loop(loop=started(project), user=lea)
    one = started(project)
    advance(one.pk)
    assert (one.number, one.parent, StageRun.objects.get(loop=one).stage) == (1, None, Stage.TAG)


def test_stages_that_ask_models_go_to_the_gpu_workers(project: Any, sent: Any) -> None:
    make_image(project)
    loop = started(project)
    config = config_of(loop)
    assert not any(runs_on_gpu(stage, config) for stage in ("tag", "localize", "match", "clean", "describe", "sample"))
    roster = config.roster.model_dump(mode="json")
    roster["matcher"]["backend"] = "hf:clip"
    roster["sources"][1]["backend"] = "hf:sam"
    loop.config = {**loop.config, "roster": roster}
    loop.save()
    on_gpu = [stage for stage in ("tag", "localize", "match", "clean") if runs_on_gpu(stage, config_of(loop))]
    assert on_gpu == ["localize", "match"]
    advance(loop.pk)
    finish_stage(loop, Stage.TAG)
    advance(loop.pk)
    assert sent[-1] == ("pipeline.run_shard", StageRun.objects.get(stage=Stage.LOCALIZE).pk, "gpu")


def test_nothing_is_sent_again_while_many_messages_wait(
    project: Any, sent: Any, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.ARGUS_RESEND_SECONDS = -1  # every message seems lost at once
    make_image(project)
    loop = started(project)
    advance(loop.pk)
    sent.clear()
    monkeypatch.setattr(loops.dispatch, "is_crowded", lambda *, gpu: True)
    advance(loop.pk)
    assert sent == []
    monkeypatch.setattr(loops.dispatch, "is_crowded", lambda *, gpu: False)
    advance(loop.pk)
    assert len(sent) == 1
