"""My work: what is next, the day so far, what experts said, what was earned."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from verification.models import Standing, StandingChange, TaskKind
from verification.selectors.comments import count_unread
from verification.selectors.expert_findings import findings, score_of
from verification.selectors.feedback import feedback_of
from verification.selectors.pay import earned_in, last_month, this_month
from verification.selectors.qualifying import is_needed
from verification.selectors.quality import ENOUGH
from verification.selectors.work import (
    STINT,
    count_open_items,
    items_per_day,
    kinds_by_priority,
    stint_of,
    today_of,
)
from verification.views.annotator.feedback import shown_feedback
from webapp.projects.access import ProjectRequest, project_view
from webapp.projects.models import Project
from webapp.projects.policies import Action

WAITING_SHOWN = 1000  # counted no further than this, so that the page costs the same at any size
# A first guess, until the person has done some today; papers V1 appendix C.3.
SECONDS_PER_ITEM: dict[TaskKind, float] = {TaskKind.TAG: 10, TaskKind.QA: 15, TaskKind.ANSWER: 30}
FEEDBACK_SHOWN = 3

ASKED: dict[TaskKind, Promise] = {
    TaskKind.TAG: _("Which of the five tags are wrong?"),
    TaskKind.QA: _("Is the answer right?"),
    TaskKind.ANSWER: _("Somebody found the answer wrong. Write the right one."),
}


@dataclass(frozen=True, slots=True)
class Offer:
    """One kind of task that is open to the person. waiting: counted up to WAITING_SHOWN, `is_more` beyond."""

    kind: TaskKind
    waiting: int
    is_more: bool
    rate: Decimal
    asked: Promise

    @property
    def address(self) -> str:
        """The name of the task's address."""
        return f"verification:{self.kind.value}_task"


@project_view(Action.ANNOTATE)
@require_safe
def my_work(request: ProjectRequest) -> HttpResponse:
    """One page, its queries as many as there are kinds of task and cards."""
    project = request.project
    who: dict[str, Any] = {"project_id": project.pk, "user_id": request.user.pk}
    today = today_of(**who)
    months = (this_month(), last_month())
    offers = _offers(project, request.user.pk)
    context: dict[str, Any] = {
        "project": project,
        "today": today,
        "hours": int(today.seconds) // 3600,
        "minutes": int(today.seconds) % 3600 // 60,
        "offers": offers[1:],
        "held_back": _held_back(project, request.user.pk),
        "must_qualify": is_needed(project_id=project.pk, user_id=request.user.pk),
        "chart": _bars(items_per_day(**who)),
        "earned": list(zip(months, earned_in(**who, periods=months), strict=True)),
        "unread": count_unread(**who),
        **_experts_said(request),
    }
    if offers:
        context |= _next(offers[0], project, request.user.pk)
    return render(request, "verification/work/my_work.html", context)


def _offers(project: Project, user_id: int) -> list[Offer]:
    """What is open: the kind first whose sample comes first, of equal ones tag tasks."""
    rates = {TaskKind.TAG: project.tag_rate, TaskKind.QA: project.qa_rate, TaskKind.ANSWER: project.answer_rate}
    offers = []
    for kind, rate in rates.items():
        count = count_open_items(project_id=project.pk, user_id=user_id, kind=kind, at_most=WAITING_SHOWN + 1)
        if count:
            offers.append(Offer(kind, min(count, WAITING_SHOWN), count > WAITING_SHOWN, rate, ASKED[kind]))
    first = kinds_by_priority(project.pk)
    return sorted(offers, key=lambda offer: -first.get(offer.kind, 0))


def _next(offer: Offer, project: Project, user_id: int) -> dict[str, Any]:
    """The run of items that the button leads to: how many are left of it, how long they take, what they pay."""
    who: dict[str, Any] = {"project_id": project.pk, "user_id": user_id, "kind": offer.kind}
    done = today_of(**who)
    stint = stint_of(**who, done_today=done.items)
    left = min(stint.size - stint.done, offer.waiting) or min(STINT, offer.waiting)
    pace = done.seconds / done.items if done.items else SECONDS_PER_ITEM[offer.kind]
    return {
        "next": offer,
        "stint": stint,
        "left": left,
        "left_minutes": max(1, round(left * pace / 60)),
        "left_pay": left * offer.rate,
    }


def _held_back(project: Project, user_id: int) -> dict[str, Any] | None:
    """Why a lead keeps the person from working, None where nobody does."""
    standing = Standing.objects.filter(project=project, person_id=user_id).first()
    if standing is None or (standing.paused_at is None and standing.requalify_since is None):
        return None
    change = StandingChange.objects.filter(project=project, person_id=user_id).order_by("-pk").first()
    return {"is_paused": standing.paused_at is not None, "reason": change.reason if change else ""}


def _experts_said(request: ProjectRequest) -> dict[str, Any]:
    """The person's own accuracy with its interval, and the latest that experts decided otherwise. No gold in it."""
    project, user_id = request.project, request.user.pk
    score = score_of(findings(project_id=project.pk, user_ids=[user_id])[user_id])
    rows, _more = feedback_of(project_id=project.pk, user_id=user_id, limit=FEEDBACK_SHOWN)
    return {
        "score": score,
        "score_known": score.judged >= ENOUGH,
        "feedback": shown_feedback(request, rows),
    }


def _bars(days: list[tuple[date, int]]) -> dict[str, Any]:
    """A bar for each day on a canvas of 420 × 92, the highest 60 high, none lower than a hairline."""
    top = max((count for _day, count in days), default=0) or 1
    bars = []
    for place, (day, count) in enumerate(days):
        height = max(60 * count / top, 1)
        bars.append(
            {"x": 4 + 30 * place, "y": f"{70 - height:.1f}", "height": f"{height:.1f}", "count": count, "day": day}
        )
    return {"bars": bars, "first": days[0][0], "today": days[-1][1]}
