"""What the side panel of Explore shows about one region."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise

from annotation.labels import size_label
from annotation.models import Image, Loop, Producer, QuestionAnswer, RegionKind
from annotation.selectors.explore.concepts import concept_names
from annotation.selectors.explore.photos import PhotoRegions, SeenRegion
from annotation.selectors.explore.regions import Ranking, producers, questions_of, rankings_of
from annotation.selectors.judgements import Judgement
from annotation.views.bumps import Bumps, bump_chart
from annotation.views.tag_tables import TagRow, main_tag, tag_rows


@dataclass(frozen=True, slots=True)
class Pass:
    """What one loop said: its first tag, the one before when it changed, and who ranked."""

    loop: Loop
    tag: str
    former: str
    producer: Producer | None


@dataclass(frozen=True, slots=True)
class Panel:
    """One region in full. width and height are those of its box in pixels of the photo."""

    region: SeenRegion
    tag: str
    width: float
    height: float
    size: Promise
    kind: str
    tags: list[TagRow]
    judgement: Judgement | None
    questions: list[QuestionAnswer]
    passes: list[Pass]
    chart: Bumps | None
    region_producer: Producer | None
    tag_producer: Producer | None
    caption_producer: Producer | None


def build_panel(
    *, image: Image, region: SeenRegion, photo: PhotoRegions, loops: Sequence[Loop], shown: Loop | None
) -> Panel:
    """Four queries, whatever the region holds."""
    rankings = rankings_of(region.region_id, loops)
    names = photo.names | concept_names({one for ranking in rankings for one in ranking.concept_ids})
    displays = {name.concept_id: name.display for name in names.values()}
    judgement = photo.judged.get(region.region_id)
    made_by = producers(
        [
            region.producer_id,
            region.tag_producer_id,
            region.caption_producer_id,
            *(ranking.producer_id for ranking in rankings),
        ]
    )
    decisions = judgement.decisions if judgement else ()
    wrong = frozenset(names[decision.concept_id].concept_id for decision in decisions if not decision.is_right)
    # Merged concepts count once, at the better of their ranks.
    ranked = [
        (ranking.loop.number, list(dict.fromkeys(names[one].concept_id for one in ranking.concept_ids)))
        for ranking in rankings
    ]
    x1, y1, x2, y2 = region.box
    return Panel(
        region=region,
        tag=main_tag(region, judgement, names),
        width=x2 - x1,
        height=y2 - y1,
        size=size_label(x2 - x1, y2 - y1),
        kind=str(RegionKind(region.kind).label) if region.kind in RegionKind.values else region.kind,
        tags=tag_rows(region, judgement, names),
        judgement=judgement,
        questions=questions_of(region.region_id, shown) if shown is not None else [],
        passes=_passes(rankings, [displays[ids[0]] for _number, ids in ranked], made_by),
        chart=bump_chart(ranked, displays, wrong),
        region_producer=made_by.get(region.producer_id),
        tag_producer=made_by.get(region.tag_producer_id or 0),
        caption_producer=made_by.get(region.caption_producer_id or 0),
    )


def _passes(rankings: list[Ranking], firsts: list[str], made_by: dict[int, Producer]) -> list[Pass]:
    """Newest first."""
    formers = ["", *firsts][: len(firsts)]
    passes = [
        Pass(ranking.loop, first, former if former != first else "", made_by.get(ranking.producer_id))
        for ranking, first, former in zip(rankings, firsts, formers, strict=True)
    ]
    return passes[::-1]
