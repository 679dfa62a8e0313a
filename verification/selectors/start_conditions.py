"""Whether a project's next loop can start, and what it will ask of people."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from annotation.models import Image, Loop, LoopState
from annotation.pipeline.loop_configs import SamplingConfig
from annotation.pipeline.loop_stages import FIRST_LOOP
from annotation.selectors.explore.loops import annotated_loops
from annotation.services.stage_runs import last_planned
from verification.forecast import WRONG_ANSWERS, Forecast, QuestionForecast, forecast_questions, forecast_tag_task
from verification.previews import SamplePreview
from verification.selectors.accuracy import accuracy_by_loop
from verification.selectors.concept_spreads import MOST_COUNTED, preview_of_loop
from verification.selectors.sample_progress import last_tag_sample, pace_of_sample
from verification.services.loops import annotating_loop
from verification.services.question_samples import TAG_ITEMS_PER_QUESTION
from webapp.projects.models import Membership, Project, Role

MOST_PHOTOS = 100_000


@dataclass(frozen=True, slots=True)
class StartConditions:
    """What the start page shows.

    number: of the next loop; running: the loop that must end first; source: whose annotations the sample is drawn
    from, None when the models begin; photos: counted up to MOST_PHOTOS + 1; new_photos: those that came in since the
    project was annotated, counted likewise; forecast and preview: None when the models
    begin, or when too little is known yet; questions: None where there are none to ask.
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
    questions: QuestionForecast | None

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
        questions=_questions(project, source, preview, sampling)
        if source is not None and preview is not None
        else None,
    )


def _new_photos(project: Project) -> int:
    loop = annotating_loop(project)
    planned = last_planned(loop_id=loop.pk, stage=FIRST_LOOP[0].name) if loop else None
    if planned is None:
        return 0
    return Image.objects.filter(project=project, pk__gt=planned[1])[: MOST_PHOTOS + 1].count()


_PAIRS = """
SELECT CASE WHEN counted.pairs <= %(most)s THEN counted.pairs
            ELSE greatest(counted.pairs, (SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass(%(name)s))) END
FROM (SELECT count(*) AS pairs FROM (
    SELECT 1 FROM annotation_questionanswer WHERE loop_id = %(loop)s AND region_id IS NOT NULL LIMIT %(most)s::int + 1
) found) counted
"""


def _questions(
    project: Project, source: Loop, preview: SamplePreview, sampling: SamplingConfig
) -> QuestionForecast | None:
    """As many as the question sample will take (verification/services/question_samples.py), at most."""
    with connection.cursor() as cursor:
        name = f"annotation_questionanswer_{source.pk}"
        cursor.execute(_PAIRS, {"loop": source.pk, "most": MOST_COUNTED, "name": name})
        pairs = int(cursor.fetchone()[0])
    fair = -(-preview.items // TAG_ITEMS_PER_QUESTION)
    items = min(fair if sampling.question_budget is None else sampling.question_budget, pairs)
    if not items:
        return None
    told = [row.qa.value for row in accuracy_by_loop(project.pk) if row.qa is not None and row.qa.is_told]
    return forecast_questions(
        items=items,
        overlap=project.overlap,
        rate=project.qa_rate,
        answer_rate=project.answer_rate,
        wrong=1 - told[-1] if told else WRONG_ANSWERS,
    )


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
