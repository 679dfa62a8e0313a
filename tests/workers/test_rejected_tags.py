"""Stage `match` leaves out what people rejected for a region, and for that region alone."""

from typing import Any

import pytest

from annotation.models import Concept, Loop, RegionMatch, Stage, StageRun
from tests.verification.judgements import judge
from tests.workers.pipelines import add_photos
from verification.models import Sample, SampleItem, TaskKind
from verification.services.loops import advance, start_loop
from workers.shards import run_shard

pytestmark = pytest.mark.django_db(transaction=True)


def run_stages(loop: Loop, *stages: Stage) -> None:
    for stage in stages:
        for number in StageRun.objects.filter(loop=loop, stage=stage).values_list("pk", flat=True):
            run_shard(number)
        advance(loop.pk)


def texts_of(match: RegionMatch) -> list[str]:
    words = dict(Concept.objects.values_list("pk", "text"))
    return [words[number] for number in match.concept_ids]


def ask_about(match: RegionMatch, project: Any, loop: Loop) -> SampleItem:
    """The region's tags as an item of an open sample."""
    sample = Sample.objects.create(project=project, loop=loop, annotated_loop=loop, task_kind=TaskKind.TAG, seed=1)
    words = dict(Concept.objects.values_list("pk", "text"))
    tags = [
        {"concept_id": number, "text": words[number], "score": score, "role_mask": mask}
        for number, score, mask in zip(match.concept_ids, match.scores, match.role_masks, strict=True)
    ]
    item = SampleItem.objects.create(
        sample=sample,
        image_id=match.image_id,
        region_ids=[match.region_id],
        shown={"tags": tags},
        inclusion_probability=1.0,
    )
    item.assignments.create(sample=sample, rank=1)
    return item


def test_a_rejected_tag_makes_room_for_the_next_one(project: Any, ana: Any) -> None:
    add_photos(project, 1)
    loop = start_loop(project=project, user=None)
    advance(loop.pk)
    run_stages(loop, Stage.TAG, Stage.LOCALIZE, Stage.MATCH)
    before = {match.region_id: texts_of(match) for match in RegionMatch.objects.filter(loop_id=loop.pk)}
    judged = RegionMatch.objects.filter(loop_id=loop.pk).order_by("region_id")[0]
    wrong = before[judged.region_id][0]
    judge(ask_about(judged, project, loop), ana, wrong)

    RegionMatch.objects.filter(loop_id=loop.pk).delete()
    StageRun.objects.filter(loop=loop, stage=Stage.MATCH).update(state="pending", attempt=0)
    run_stages(loop, Stage.MATCH)
    after = {match.region_id: texts_of(match) for match in RegionMatch.objects.filter(loop_id=loop.pk)}
    assert len(after) > 1
    ranked = after.pop(judged.region_id)
    assert ranked[:4] == before.pop(judged.region_id)[1:]
    assert len(ranked) == 5
    assert after == before
