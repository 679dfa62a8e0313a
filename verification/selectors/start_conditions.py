"""Whether a project's next loop can start, and what it will ask of people."""

from __future__ import annotations

from dataclasses import dataclass

from annotation.models import Image, Loop, LoopState
from annotation.pipeline.loop_configs import SamplingConfig
from annotation.pipeline.loop_stages import FIRST_LOOP
from annotation.selectors.explore.loops import annotated_loops
from annotation.services.stage_runs import last_planned
from verification.forecast import Forecast, forecast_tag_task
from verification.previews import SamplePreview
from verification.selectors.concept_spreads import preview_of_loop
from verification.selectors.sample_progress import last_tag_sample, pace_of_sample
from verification.services.loops import annotating_loop
from webapp.projects.models import Membership, Project, Role

MOST_PHOTOS = 100_000


@dataclass(frozen=True, slots=True)
class StartConditions:
    """What the start page shows.

    number: of the next loop; running: the loop that must end first; source: whose annotations the sample is drawn
    from, None when the models begin; photos: counted up to MOST_PHOTOS + 1; new_photos: those that came in since the
    project was annotated, counted likewise; forecast and preview: None when the models
    begin, or when too little is known yet.
    """

    number: int
    running: Loop | None
    source: Loop | None
    is_first: bool
    photos: int
    new_photos: int
    annotators: int
    preview: SamplePreview | None
    forecast: Forecast | None

    @property
    def may_start(self) -> bool:
        if self.running is not None or not self.photos:
            return False
        return self.is_first or (self.source is not None and (self.forecast is None or self.forecast.items > 0))


def start_conditions(project: Project, sampling: SamplingConfig) -> StartConditions:
    """About a dozen queries, none of which grows with the corpus."""
    loops = list(Loop.objects.filter(project=project).order_by("number").only("number", "state", "project_id"))
    finished = [loop for loop in loops if loop.state == LoopState.FINISHED]
    with_rows = {loop.pk for loop in annotated_loops(project.pk)}
    source = next((loop for loop in reversed(finished) if loop.pk in with_rows), None)
    preview = preview_of_loop(source, sampling) if source is not None else None
    annotators = Membership.objects.filter(project=project, role=Role.ANNOTATOR, user__is_active=True).count()
    return StartConditions(
        number=loops[-1].number + 1 if loops else 0,
        running=next((loop for loop in loops if loop.state == LoopState.RUNNING), None),
        source=source,
        is_first=not finished,
        photos=Image.objects.filter(project=project)[: MOST_PHOTOS + 1].count(),
        new_photos=_new_photos(project),
        annotators=annotators,
        preview=preview,
        forecast=_forecast(project, preview, annotators) if preview is not None else None,
    )


def _new_photos(project: Project) -> int:
    loop = annotating_loop(project)
    planned = last_planned(loop_id=loop.pk, stage=FIRST_LOOP[0].name) if loop else None
    if planned is None:
        return 0
    return Image.objects.filter(project=project, pk__gt=planned[1])[: MOST_PHOTOS + 1].count()


def _forecast(project: Project, preview: SamplePreview, annotators: int) -> Forecast:
    before = last_tag_sample(project.pk)
    pace = pace_of_sample(before) if before is not None else None
    return forecast_tag_task(
        items=preview.items,
        overlap=project.overlap,
        rate=project.tag_rate,
        annotators=annotators,
        median_seconds=pace.median_seconds if pace else None,
        judged=pace.judged if pace else 0,
    )
