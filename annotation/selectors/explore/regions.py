"""Everything about one region: the side panel of Explore."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from annotation.models import Loop, Producer, QuestionAnswer, RegionAnnotation, StageFailure


@dataclass(frozen=True, slots=True)
class Ranking:
    """The ranked tags of a region in one loop, best first, and who ranked them."""

    loop: Loop
    concept_ids: Sequence[int]
    producer_id: int


def rankings_of(region_id: int, loops: Iterable[Loop]) -> list[Ranking]:
    """The region's tags in each of `loops` that has it, oldest loop first. One query."""
    by_id = {loop.pk: loop for loop in loops}
    rows = RegionAnnotation.objects.filter(loop_id__in=list(by_id), region_id=region_id).values_list(
        "loop_id", "concept_ids", "producer_id"
    )
    rankings = [Ranking(by_id[loop_id], concept_ids, producer_id) for loop_id, concept_ids, producer_id in rows]
    return sorted(rankings, key=lambda ranking: ranking.loop.number)


def questions_of(region_id: int, loop: Loop) -> list[QuestionAnswer]:
    """The loop's questions about the region with their answers, in the order in which they were asked."""
    rows = QuestionAnswer.objects.filter(loop_id=loop.pk, region_id=region_id)
    return list(rows.order_by("concept_id", "ordinal")[:15])


def producers(producer_ids: Iterable[int | None]) -> dict[int, Producer]:
    """Producers by id; unknown ids are left out."""
    return Producer.objects.in_bulk([one for one in set(producer_ids) if one is not None])


def failures_of(image_id: int, loop: Loop) -> list[StageFailure]:
    """Why the photo failed in stages of the loop."""
    rows = StageFailure.objects.filter(image_id=image_id, stage_run__loop=loop).select_related("stage_run")
    return list(rows.order_by("pk")[:5])
