"""The engine's passes: started, brought forward, cancelled.

`advance` is a reconciler: it looks at the rows, and enqueues or does what is missing. It may be called at any time, any
number of times, by anybody; nothing depends on a message having arrived. It is called when a shard is finished, and by
the timer for every running loop (docs/loops.md).
"""

from __future__ import annotations

import logging

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from annotation import dispatch
from annotation.models import Image, Loop, LoopState, Stage, StageRun, StageState
from annotation.pipeline.loop_configs import (
    AuditConfig,
    LoopConfig,
    LoopConfigError,
    SamplingConfig,
    parse_loop_config,
    roster_of,
)
from annotation.pipeline.loop_stages import FIRST_LOOP, LoopStage, Work, installed_stages
from annotation.pipeline.stages import STAGES
from annotation.services import loops as loop_rows
from annotation.services.partitions import analyze_partitions
from annotation.services.stage_runs import (
    due_shards,
    give_up_lapsed,
    last_planned,
    open_shards,
    plan_like,
    plan_once,
    plan_shards,
)
from verification.models import Sample, WebhookEvent
from verification.services.audit_draws import draw_wanted_audits
from verification.services.concept_spreads import count_spread
from verification.services.packages import PACKED_KINDS, cancel_packages, is_anything_waiting, pack
from verification.services.redos import settle_redos
from verification.services.samples import close_sample
from verification.services.webhooks import announce
from webapp.accounts.models import User
from webapp.core.errors import BadInput, Conflict
from webapp.projects.models import Project

log = logging.getLogger(__name__)

GPU_PREFIXES = frozenset({"hf", "rclip", "asm"})


def start_loop(
    *, project: Project, user: User | None, sampling: SamplingConfig | None = None, audit: AuditConfig | None = None
) -> Loop:
    """Begin the project's next loop; workers do the rest.

    Without a finished loop the pipeline annotates all photos; else people get a sample of the last annotations. The
    project's roster, `sampling` and `audit` are frozen with it. Raises Conflict (one is running; no photos; nothing
    annotated), or BadInput when the roster does not fit.
    """
    if not Image.objects.filter(project=project).exists():
        raise Conflict(_("There are no photos yet. Add photos first."), code="no_photos")
    try:
        config = LoopConfig(
            roster=roster_of(project.roster),
            sampling=sampling or SamplingConfig(),
            audit=audit or AuditConfig(),
            shard_images=settings.ARGUS_SHARD_IMAGES,
        )
    except LoopConfigError as error:
        raise BadInput(_("The project's settings do not fit: %(reason)s") % {"reason": error}) from error
    with transaction.atomic():
        loop = loop_rows.create_loop(project=project, user=user, parent=last_finished(project), config=config)
        dispatch.enqueue_advance(loop.pk)
    return loop


def advance(loop_id: int) -> Loop | None:
    """Bring the loop forward as far as the facts allow. Returns it, or None when there is nothing to do any more.

    Locks the loop's row for the moment; idempotent.
    """
    with transaction.atomic():
        loop = Loop.objects.select_for_update(no_key=True).filter(pk=loop_id).first()
        if loop is None or loop.state != LoopState.RUNNING:
            return None
        if all(_is_over(loop, stage) for stage in _stages_left(loop)):
            loop_rows.finish_loop(loop_id)
        loop.refresh_from_db()
        _announce(loop)
    if loop.state == LoopState.FINISHED:
        loop_rows.drop_leftovers()
        analyze_partitions(loop_id)
        count_spread(loop)
        draw_wanted_audits(loop=loop, config=config_of(loop).audit)
    return loop


def _announce(loop: Loop) -> None:
    """Tell webhooks that the loop is over. One that failed may go on, and be over once more."""
    event = {LoopState.FINISHED: WebhookEvent.LOOP_FINISHED, LoopState.FAILED: WebhookEvent.LOOP_FAILED}.get(
        LoopState(loop.state)
    )
    if event is not None:
        announce(
            project_id=loop.project_id,
            event=event,
            subject_id=loop.pk,
            occasion=loop.finished_at.isoformat() if loop.finished_at else "",
            facts={"loop": loop.number, "state": loop.state, "error": loop.error},
        )


def cancel_loop(*, loop: Loop, user: User | None) -> bool:
    """Stop it: shards and leases are revoked, its annotations dropped. False when it was over already.

    Verdicts, pay and accepted packages stand, its number is not given again. Annotations that somebody is just
    reading are dropped by the timer later.
    """
    with transaction.atomic():
        if not loop_rows.cancel_loop(loop.pk):
            loop.refresh_from_db()
            return False
        for sample_id in Sample.objects.filter(loop=loop).values_list("pk", flat=True):
            close_sample(sample_id)
        cancel_packages(loop_id=loop.pk)
    loop.refresh_from_db()
    log.info("loop %s cancelled by user %s", loop.pk, user and user.pk)
    loop_rows.drop_leftovers()
    return True


def close_verification(*, loop: Loop, user: User | None) -> bool:
    """Hand out no more items of the loop's samples and go on with what people said so far. False if all were closed.

    Items come in random order, so what is done is a valid sample. Raises Conflict when the loop is not running or
    has no sample yet.
    """
    loop.refresh_from_db()
    samples = _samples(loop)
    if loop.state != LoopState.RUNNING or not samples:
        raise Conflict(_("This loop has nothing with people that could be closed."), code="nothing_open")
    with transaction.atomic():
        closed = [sample.pk for sample in samples if close_sample(sample.pk)]
        if closed and loop.project.review_required:
            for sample in samples:
                pack(sample_id=sample.pk, final=True)
        dispatch.enqueue_advance(loop.pk)
    if closed:
        log.info("samples %s closed by user %s", closed, user and user.pk)
    return bool(closed)


def retry_loop(*, loop: Loop, user: User | None) -> int:
    """Let a failed loop go on with the shards that failed; how many these are. Raises Conflict."""
    with transaction.atomic():
        count = loop_rows.retry_loop(loop.pk)
        dispatch.enqueue_advance(loop.pk)
    loop.refresh_from_db()
    log.info("loop %s tried again by user %s", loop.pk, user and user.pk)
    return count


def annotate_new_photos(*, project: Project, user: User | None) -> Loop:
    """Let the loop that annotated the project go on with the photos that came in since; returns it.

    New photos then stand beside the others in the next sample. Raises Conflict: nothing is annotated yet, nothing is
    new, or a loop is running.
    """
    loop = annotating_loop(project)
    if loop is None:
        raise Conflict(_("Nothing is annotated yet. Start the first loop: it takes all photos."), code="not_annotated")
    size = config_of(loop).shard_images
    with transaction.atomic():
        shards = loop_rows.extend_loop(loop.pk, first_stage=FIRST_LOOP[0].name, size=size)
        dispatch.enqueue_advance(loop.pk)
    loop.refresh_from_db()
    log.info("loop %s goes on with new photos in %s shards, asked for by user %s", loop.pk, shards, user and user.pk)
    return loop


def annotating_loop(project: Project) -> Loop | None:
    """The last finished loop that ran the automatic pipeline."""
    runs = StageRun.objects.filter(loop__project=project, loop__state=LoopState.FINISHED, stage=FIRST_LOOP[0].name)
    newest = runs.order_by("-loop__number").select_related("loop").first()
    return newest.loop if newest else None


def last_finished(project: Project) -> Loop | None:
    """The parent of the next loop."""
    return Loop.objects.filter(project=project, state=LoopState.FINISHED).order_by("-number").first()


def annotated_ancestor(loop: Loop) -> Loop:
    """The nearest ancestor with annotations: what this loop's sample is drawn from. Raises Conflict."""
    ancestor = loop.parent
    while ancestor is not None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT EXISTS (SELECT 1 FROM annotation_regionannotation WHERE loop_id = %s)", [ancestor.pk]
            )
            if cursor.fetchone()[0]:
                return ancestor
        ancestor = ancestor.parent
    raise Conflict(
        _("The loops before this one left no annotated regions. Look at the reasons on their pages."),
        code="nothing_annotated",
    )


def config_of(loop: Loop) -> LoopConfig:
    """The loop's frozen configuration."""
    return parse_loop_config(loop.config)


def runs_on_gpu(stage: str, config: LoopConfig) -> bool:
    """Whether a stage of the pipeline asks a backend that wants a GPU worker."""
    if stage not in STAGES:
        return False
    choices = [getattr(config.roster, role, None) for role in STAGES[stage].roles if role != "localizer"]
    if "localizer" in STAGES[stage].roles:
        choices += config.roster.sources
    return any(choice is not None and choice.backend.split(":", 1)[0] in GPU_PREFIXES for choice in choices)


def _stages_left(loop: Loop) -> tuple[LoopStage, ...]:
    """From the first stage on that has shards to do or to plan, else from the last that has begun."""
    stages = installed_stages(has_parent=loop.parent_id is not None)
    begun = [
        place
        for place, stage in enumerate(stages)
        if stage.work is not Work.PEOPLE and StageRun.objects.filter(loop=loop, stage=stage.name).exists()
    ]
    for place in begun:
        stage = stages[place]
        if open_shards(loop_id=loop.pk, stage=stage.name).exists() or _is_behind(loop, stage):
            return stages[place:]
    return stages[begun[-1] :] if begun else stages


def _is_behind(loop: Loop, stage: LoopStage) -> bool:
    """Whether the loop's first stage has shards, of photos that came in later, that this one lacks."""
    if stage.work is not Work.IMAGES:
        return False
    first = _first_planned(loop)
    last = [last_planned(loop_id=loop.pk, stage=name) for name in (first, stage.name)] if first else []
    return len(set(last)) > 1


def _first_planned(loop: Loop) -> str | None:
    planned = StageRun.objects.filter(loop=loop).exclude(image_ids=[]).order_by("pk").first()
    return planned.stage if planned else None


def _is_over(loop: Loop, stage: LoopStage) -> bool:
    """Whether the stage is done; if not, see to it that it goes on."""
    if stage.work is Work.PEOPLE:
        return _review_is_done(loop) if stage.name == Stage.REVIEW else _people_are_done(loop)
    return _shards_are_done(loop, stage)


def _shards_are_done(loop: Loop, stage: LoopStage) -> bool:
    runs = StageRun.objects.filter(loop=loop, stage=stage.name)
    if not runs.exists() and not _plan(loop, stage):
        return True  # no photos
    if _is_behind(loop, stage):
        _plan(loop, stage)
    give_up_lapsed(loop_id=loop.pk, stage=stage.name)
    if not open_shards(loop_id=loop.pk, stage=stage.name).exists():
        return not _failed(loop, stage)
    gpu = runs_on_gpu(stage.name, config_of(loop))
    for run_id in due_shards(loop_id=loop.pk, stage=stage.name, resend=not dispatch.is_crowded(gpu=gpu)):
        dispatch.enqueue_shard(run_id, gpu=gpu)
    return False


def _plan(loop: Loop, stage: LoopStage) -> int:
    if stage.work is Work.ONCE:
        plan_once(loop_id=loop.pk, stage=stage.name)
        return 1
    like = _first_planned(loop)
    if like:
        return plan_like(loop_id=loop.pk, stage=stage.name, like=like)
    return plan_shards(loop_id=loop.pk, stage=stage.name, project_id=loop.project_id, size=config_of(loop).shard_images)


def _failed(loop: Loop, stage: LoopStage) -> bool:
    """Whether shards of the stage failed for good; the loop has failed then, and says why."""
    failed = StageRun.objects.filter(loop=loop, stage=stage.name, state=StageState.FAILED).order_by("shard")
    first = failed.first()
    if first is None:
        return False
    reason = _("%(stage)s: %(count)s of %(all)s parts failed. The first one: %(reason)s") % {
        "stage": Stage(stage.name).label,
        "count": failed.count(),
        "all": StageRun.objects.filter(loop=loop, stage=stage.name).count(),
        "reason": first.error,
    }
    loop_rows.fail_loop(loop.pk, first.error if stage.work is Work.ONCE else reason)
    return True


_LEFT = """
SELECT EXISTS (
    SELECT 1 FROM verification_assignment slot JOIN verification_sampleitem item ON item.id = slot.item_id
    WHERE slot.sample_id = %(sample)s AND slot.state = 'open' AND item.state = 'open' AND NOT item.is_gold
) OR EXISTS (
    SELECT 1 FROM verification_assignment slot WHERE slot.sample_id = %(sample)s AND slot.state = 'leased'
)
"""


def _people_are_done(loop: Loop) -> bool:
    """Whether the samples are closed or nothing of them is left to do; what the lead has on the desk does not count.

    They are closed together: a wrong tag found in the questions reopens an item of the tag sample.
    """
    samples = [sample for sample in _samples(loop) if sample.is_open]
    review = loop.project.review_required
    for sample in samples:
        with connection.cursor() as cursor:
            cursor.execute(_LEFT, {"sample": sample.pk})
            (is_left,) = cursor.fetchone()
        if is_left:
            if review:
                settle_redos(loop_id=loop.pk)
                for each in samples:
                    pack(sample_id=each.pk, final=False)
            return False
    for sample in samples:
        close_sample(sample.pk)
        if review:
            pack(sample_id=sample.pk, final=True)
    return True


def _review_is_done(loop: Loop) -> bool:
    """Whether no package waits for anybody, and what is finished is packed. A second look holds up nothing."""
    if not loop.project.review_required:
        return True
    settle_redos(loop_id=loop.pk)
    if is_anything_waiting(loop_id=loop.pk):
        return False
    # Goes through all items, so only when nothing waits: once as a rule.
    made = sum(pack(sample_id=sample.pk, final=True) for sample in _samples(loop))
    return made == 0


def _samples(loop: Loop) -> list[Sample]:
    return list(Sample.objects.filter(loop=loop, task_kind__in=PACKED_KINDS).order_by("pk"))
