"""The quality board: who works how well, one person in detail, and what a lead does about it."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from verification.models import QAChoice, StandingChange
from verification.selectors.comments import count_unanswered, waiting_threads
from verification.selectors.expert_findings import Finding, confusion_of
from verification.selectors.overlap import ENOUGH_SHARED, MOST_ITEMS, overlaps_of
from verification.selectors.quality import ENOUGH, SORTS, Person, quality_board, quality_of
from verification.services.standing import (
    LONGEST_REASON,
    MOST_SENT_BACK,
    pause_person,
    require_requalification,
    resume_person,
    send_back_work,
)
from webapp.core.errors import BadInput, NotFound
from webapp.projects.access import ProjectRequest, project_view
from webapp.projects.policies import Action

CONCERN_WORDS = {
    "errors": gettext_lazy("Experts find too much wrong"),
    "gold": gettext_lazy("Too many gold items wrong"),
    "package": gettext_lazy("The last package failed"),
    "fast": gettext_lazy("Less than half the time of the others"),
    "slow": gettext_lazy("More than twice the time of the others"),
}
SORT_WORDS = {
    "help": gettext_lazy("Who needs help"),
    "name": gettext_lazy("Name"),
    "experts": gettext_lazy("Experts agree"),
    "gold": gettext_lazy("Gold items"),
    "speed": gettext_lazy("Seconds per item"),
    "last": gettext_lazy("Last worked"),
}


@dataclass(frozen=True, slots=True)
class Row:
    person: Person
    concerns: list[Any]
    spark: dict[str, Any] | None


class ActionForm(forms.Form):
    """Why: the person reads it."""

    reason = forms.CharField(label=gettext_lazy("Reason"), required=False, max_length=LONGEST_REASON)


class SendBackForm(ActionForm):
    count = forms.IntegerField(
        label=gettext_lazy("Items, the latest first"), min_value=1, max_value=MOST_SENT_BACK, initial=100
    )
    take_pay_back = forms.BooleanField(label=gettext_lazy("Take their pay back"), required=False)


@project_view(Action.SEE_QUALITY)
@require_safe
def board(request: ProjectRequest) -> HttpResponse:
    """Everybody who annotates, sorted by one of the listed columns."""
    sort = request.GET.get("sort", "help")
    if sort not in SORTS:
        raise BadInput(_("The board can be sorted by: %(keys)s.") % {"keys": ", ".join(SORTS)})
    people = quality_board(request.project, sort=sort)
    context = {
        "rows": [Row(one, [CONCERN_WORDS[code] for code in one.concerns], spark_of(one.trend)) for one in people],
        "sort": sort,
        "sorts": [(key, SORT_WORDS[key]) for key in SORTS],
        "enough": ENOUGH,
        "threshold": request.project.package_threshold * 100,
        "unanswered": count_unanswered(project_id=request.project.pk),
        "threads": waiting_threads(project_id=request.project.pk, limit=5),
    }
    return render(request, "verification/quality/board.html", context)


@project_view(Action.SEE_QUALITY)
@require_safe
def agreement(request: ProjectRequest) -> HttpResponse:
    """How far people agree where several judged the same items."""
    context = {
        "overlaps": overlaps_of(request.project.pk),
        "most_items": MOST_ITEMS,
        "enough_shared": ENOUGH_SHARED,
        "overlap": request.project.overlap,
    }
    return render(request, "verification/quality/agreement.html", context)


@project_view(Action.SEE_QUALITY)
@require_safe
def person(request: ProjectRequest, user_id: int) -> HttpResponse:
    """One person: what they confuse, what was done, and what can be done."""
    return _person_page(request, user_id, SendBackForm())


def _person_page(request: ProjectRequest, user_id: int, form: SendBackForm, status: int = 200) -> HttpResponse:
    found = quality_of(request.project, user_id)
    if found is None:
        raise NotFound(_("This person is no annotator of the project."))
    confusion = confusion_of(project_id=request.project.pk, user_id=user_id)
    choices = list(QAChoice)
    context = {
        "row": Row(found, [CONCERN_WORDS[code] for code in found.concerns], spark_of(found.trend)),
        "confusion": confusion,
        "choices": choices,
        "matrix": [
            (said.label, [confusion.choices.get((said.value, right.value), 0) for right in choices]) for said in choices
        ]
        if confusion.choices
        else [],
        "changes": StandingChange.objects.filter(project=request.project, person_id=user_id)
        .select_related("by")
        .order_by("-pk")[:20],
        "form": form,
        "enough": ENOUGH,
        "packages": list(reversed(found.trend)),
    }
    return render(request, "verification/quality/person.html", context, status=status)


@project_view(Action.SEE_QUALITY)
@require_POST
def pause(request: ProjectRequest, user_id: int) -> HttpResponse:
    """Give somebody no more items."""
    pause_person(project_id=request.project.pk, person_id=user_id, by_id=request.user.pk, reason=_reason(request))
    messages.success(request, _("They get no more items. What they sent is saved and counts."))
    return redirect("verification:quality_person", request.project.slug, user_id)


@project_view(Action.SEE_QUALITY)
@require_POST
def resume(request: ProjectRequest, user_id: int) -> HttpResponse:
    """Let somebody work again."""
    resume_person(project_id=request.project.pk, person_id=user_id, by_id=request.user.pk)
    messages.success(request, _("They can work again."))
    return redirect("verification:quality_person", request.project.slug, user_id)


@project_view(Action.SEE_QUALITY)
@require_POST
def requalify(request: ProjectRequest, user_id: int) -> HttpResponse:
    """Let somebody do the qualifying round again before anything else."""
    require_requalification(
        project_id=request.project.pk, person_id=user_id, by_id=request.user.pk, reason=_reason(request)
    )
    messages.success(request, _("They get items again once they have passed the qualifying round."))
    return redirect("verification:quality_person", request.project.slug, user_id)


@project_view(Action.SEE_QUALITY)
@require_POST
def send_back(request: ProjectRequest, user_id: int) -> HttpResponse:
    """Let others judge somebody's latest items again."""
    form = SendBackForm(request.POST)
    if not form.is_valid():
        return _person_page(request, user_id, form, status=400)
    change = send_back_work(
        project_id=request.project.pk, person_id=user_id, by_id=request.user.pk, **form.cleaned_data
    )
    sent = ngettext("%(n)s item goes to other people.", "%(n)s items go to other people.", change.items)
    messages.success(request, sent % {"n": change.items})
    return redirect("verification:quality_person", request.project.slug, user_id)


def _reason(request: ProjectRequest) -> str:
    form = ActionForm(request.POST)
    if not form.is_valid():
        raise BadInput(_("The reason has more than %(most)s characters. Shorten it.") % {"most": LONGEST_REASON})
    return str(form.cleaned_data["reason"])


def spark_of(trend: list[Finding]) -> dict[str, Any] | None:
    """Shares of right items by package on a canvas of 120 × 28, from 80 % at the bottom to 100 %; None under two."""
    shares = [one.right / one.items for one in trend if one.items][-12:]
    if len(shares) < 2:
        return None
    step = 112 / (len(shares) - 1)
    points = [(4 + place * step, 24 - 20 * max(share - 0.8, 0) / 0.2) for place, share in enumerate(shares)]
    return {
        "line": " ".join(f"{x:.1f},{y:.1f}" for x, y in points),
        "last": {"x": f"{points[-1][0]:.1f}", "y": f"{points[-1][1]:.1f}"},
        "shares": ", ".join(f"{share * 100:.0f}" for share in shares),
    }
