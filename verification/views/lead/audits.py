"""Audits of a loop: drawn and closed by the lead, and the report of what they say."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from annotation.models import Loop
from verification.accuracy import BAND_COUNT
from verification.charts import NARROW, WIDE, shares_by_loop
from verification.models import Audit, AuditKind, AuditPopulation
from verification.selectors.accuracy import LoopAccuracy, accuracy_by_loop, figures_of_loop
from verification.selectors.audits import audits_to_draw
from verification.selectors.loops import find_loop
from verification.services.audit_draws import MOST, OVERLAP_SHARE, POSSIBLE, SIZE, request_audit
from verification.services.audits import close_audit
from webapp.core.errors import BadInput, NotFound
from webapp.projects.access import ProjectRequest, project_view
from webapp.projects.policies import Action

_WHICH = [(f"{population}-{kind}", f"{population.label}: {kind.label}") for population, kind in POSSIBLE]


class AuditForm(forms.Form):
    """Which audit is drawn, of how many items, and how many of them two experts see."""

    which = forms.ChoiceField(label=gettext_lazy("Of what"), choices=_WHICH)
    size = forms.IntegerField(label=gettext_lazy("Items"), min_value=1, max_value=MOST, initial=SIZE)
    twice = forms.IntegerField(
        label=gettext_lazy("Per cent seen by two experts"),
        min_value=0,
        max_value=100,
        initial=round(OVERLAP_SHARE * 100),
    )


@project_view(Action.RUN_LOOPS)
@require_POST
def draw(request: ProjectRequest, loop_number: int) -> HttpResponse:
    """Have one of the loop's audits drawn; experts find it on their page."""
    loop = _find(request, loop_number)
    form = AuditForm(request.POST)
    if not form.is_valid():
        raise BadInput(
            _("An audit takes 1 to %(most)s items, of which 0 to 100 per cent are seen by two experts.")
            % {"most": MOST}
        )
    population, kind = form.cleaned_data["which"].split("-")
    audit = request_audit(
        loop=loop,
        population=AuditPopulation(population),
        task_kind=AuditKind(kind),
        size=form.cleaned_data["size"],
        overlap_share=form.cleaned_data["twice"] / 100,
        user=request.user,
    )
    if audit.drawn_at is None:
        messages.success(request, _("The audit is being drawn."))
    else:
        messages.info(request, _("This audit was drawn already. It is drawn once for each loop."))
    return redirect("verification:loop_accuracy", request.project.slug, loop.number)


@project_view(Action.RUN_LOOPS)
@require_safe
def to_draw(request: ProjectRequest, loop_number: int) -> HttpResponse:
    """For htmx: the audits that a worker still draws; once there are none, the page is loaded again."""
    loop = _find(request, loop_number)
    context = {"loop": loop, **draw_context(loop)}
    if request.htmx and not context["is_drawing"]:
        return HttpResponseClientRefresh()
    return render(request, "verification/loops/_audits_to_draw.html", context)


@project_view(Action.RUN_LOOPS)
@require_POST
def close(request: ProjectRequest, loop_number: int) -> HttpResponse:
    """Hand out no more of an audit's items. What was judged counts."""
    loop = _find(request, loop_number)
    text = request.POST.get("audit", "")
    audit = Audit.objects.filter(loop=loop, pk=int(text)).first() if text.isascii() and text.isdecimal() else None
    if audit is None:
        raise NotFound(_("This loop has no such audit."))
    if close_audit(audit=audit, user=request.user):
        messages.success(request, _("The audit is closed. What experts judged so far counts."))
    else:
        messages.info(request, _("The audit was closed already."))
    return redirect("verification:loop_accuracy", request.project.slug, loop.number)


@project_view(Action.RUN_LOOPS)
@require_safe
def accuracy(request: ProjectRequest, loop_number: int) -> HttpResponse:
    """The report of a loop's accuracy, to be read or printed. `band` narrows the table by size."""
    loop = _find(request, loop_number)
    text = request.GET.get("band", "")
    if text and not (text.isascii() and text.isdecimal() and int(text) < BAND_COUNT):
        raise BadInput(_("“band” in the address must be a number from 0 to %(most)s.") % {"most": BAND_COUNT - 1})
    band = int(text) if text else None
    context = {
        "loop": loop,
        "tabs": list(Loop.objects.filter(project=request.project).order_by("number")),
        "figures": figures_of_loop(loop, band=band),
        "band": band,
        "bands": range(BAND_COUNT),
        **accuracy_context(request.project.pk),
        **draw_context(loop),
    }
    return render(request, "verification/loops/accuracy.html", context)


def accuracy_context(project_id: int) -> dict[str, Any]:
    """Accuracy from loop to loop: the rows of Table 8 and the charts, for every page that shows them."""
    rows = accuracy_by_loop(project_id)
    told = [row for row in rows if row.is_told]
    drawn = any(row.tags or row.qa for row in told)  # what people verified stands in the table alone
    return {"by_loop": told, "charts": _charts(told) if drawn else []}


def draw_context(loop: Loop) -> dict[str, Any]:
    """What the lead may still draw of this loop."""
    waiting = audits_to_draw(loop)
    drawn = set(Audit.objects.filter(loop=loop).exclude(drawn_at=None).values_list("population", "task_kind"))
    drawn |= {(audit.population, audit.task_kind) for audit in waiting if not audit.error}
    left = [choice for choice, pair in zip(_WHICH, POSSIBLE, strict=True) if pair not in drawn]
    return {
        "audits_to_draw": waiting,
        "is_drawing": any(not audit.error for audit in waiting),
        "audit_choices": left,
        "audit_size": SIZE,
        "audit_most": MOST,
        "audit_twice": round(OVERLAP_SHARE * 100),
    }


def _charts(rows: list[LoopAccuracy]) -> list[Any]:
    names = [_("Loop %(number)s") % {"number": row.loop.number} for row in rows]
    series = [("a", [row.tags for row in rows]), ("b", [row.qa for row in rows])]
    return [shares_by_loop(names, series, frame) for frame in (WIDE, NARROW)]


def _find(request: ProjectRequest, number: int) -> Loop:
    found = find_loop(project_id=request.project.pk, number=number) if number < 2**31 else None
    if found is None:
        raise NotFound(_("This project has no such loop."))
    return found
