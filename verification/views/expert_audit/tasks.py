"""The endpoints behind the audit page. One service call each; `judge` brings the next items too."""

from collections.abc import Collection
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import get_script_prefix
from django.views.decorators.http import require_POST
from pydantic import Field

from verification.models import AuditChoice
from verification.selectors.audits import done_by, open_for
from verification.services.audits import AuditTask, judge_task, lease_tasks, release_tasks, take_back
from verification.services.queue import MAX_HELD
from verification.views.annotator.payloads import answer, paused_payload
from verification.views.annotator.requests import Id, LeaseSent, read_sent
from webapp.projects.access import ProjectRequest, project_view
from webapp.projects.policies import Action

WAITING_SHOWN = 1_000  # counted no further than this


class TasksSent(LeaseSent):
    """An audit's slots go by their own numbers."""

    have: list[Id] = Field(default_factory=list, max_length=MAX_HELD)


class JudgementSent(TasksSent):
    slot: Id
    key: UUID
    choice: AuditChoice
    right: list[Id] = Field(default_factory=list, max_length=20)
    seconds: Annotated[float, Field(allow_inf_nan=False)] = 0.0


class TakeBackSent(TasksSent):
    slot: Id


@project_view(Action.AUDIT)
@require_POST
def lease(request: ProjectRequest) -> HttpResponse:
    """What the expert holds, renewed and topped up, without what the page has already."""
    sent = read_sent(request, TasksSent)
    return _next_tasks(request, sent)


@project_view(Action.AUDIT)
@require_POST
def judge(request: ProjectRequest) -> HttpResponse:
    """Record a judgement, then lease more."""
    sent = read_sent(request, JudgementSent)
    receipt = judge_task(
        project_id=request.project.pk,
        user_id=request.user.pk,
        slot_id=sent.slot,
        key=sent.key,
        choice=sent.choice,
        right_ids=sent.right,
        seconds=sent.seconds,
    )
    return _next_tasks(request, sent, repeated=receipt.repeated)


@project_view(Action.AUDIT)
@require_POST
def undo(request: ProjectRequest) -> HttpResponse:
    """Take a judgement back; its item is the expert's again."""
    sent = read_sent(request, TakeBackSent)
    taken = take_back(project_id=request.project.pk, user_id=request.user.pk, slot_id=sent.slot)
    return _next_tasks(request, sent, taken_back=taken)


@project_view(Action.AUDIT)
@require_POST
def release(request: ProjectRequest) -> HttpResponse:
    """Give everything back to others: sent when somebody leaves the page."""
    return answer({"released": release_tasks(project_id=request.project.pk, user_id=request.user.pk)})


def _next_tasks(request: ProjectRequest, sent: TasksSent, **extra: bool) -> HttpResponse:
    who = {"project_id": request.project.pk, "user_id": request.user.pk}
    tasks = lease_tasks(**who, count=sent.want)
    waiting = open_for(**who, at_most=WAITING_SHOWN + 1)
    return answer(
        {
            **extra,
            "items": _payload(tasks, have=set(sent.have), slug=request.project.slug),
            "held": [task.slot_id for task in tasks],
            "done": done_by(**who),
            "waiting": min(waiting, WAITING_SHOWN),
            "more": waiting > WAITING_SHOWN,
            "paused": paused_payload(request.project),
        }
    )


def _payload(tasks: list[AuditTask], *, have: Collection[int], slug: str) -> list[dict[str, Any]]:
    """Tasks as an expert may see them: photo, box, words. No claims, ranks, scores, sources or names."""
    images = f"{get_script_prefix()}p/{slug}/images/"
    return [
        {
            "slot": task.slot_id,
            "kind": task.kind.value,
            "image": {
                "src": f"{images}{task.image_id}/display",
                "width": task.width,
                "height": task.height,
                "luma": task.mean_luma,
            },
            "box": task.box,
            "tags": [{"id": tag.concept_id, "text": tag.text} for tag in task.tags],
            "question": task.question,
            "answer": task.answer,
        }
        for task in tasks
        if task.slot_id not in have
    ]
