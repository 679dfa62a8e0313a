"""What a project's work costs: by loop, by person, and what more of it would cost."""

from dataclasses import asdict
from decimal import Decimal

from django import forms
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from verification.forecast import consumption
from verification.selectors.consumption import usual_consumption
from verification.selectors.pay import Earned, loop_totals, person_totals, worked_here
from verification.views.periods import asked_period, period_form
from verification.views.statements import statement
from webapp.accounts.models import User
from webapp.core.errors import NotFound
from webapp.projects.access import ProjectRequest, project_view
from webapp.projects.policies import Action


class ConsumptionForm(forms.Form):
    """The papers' consumption analysis with one's own numbers."""

    regions = forms.IntegerField(label=gettext_lazy("Regions"), min_value=1, max_value=10**11)
    seconds = forms.FloatField(label=gettext_lazy("Seconds per item"), min_value=0.1, max_value=3600)
    overlap = forms.IntegerField(label=gettext_lazy("People per item"), min_value=1, max_value=9)
    people = forms.IntegerField(label=gettext_lazy("Annotators"), min_value=1, max_value=1_000_000)
    hours_a_day = forms.FloatField(label=gettext_lazy("Hours a day"), min_value=0.1, max_value=24)
    rate = forms.DecimalField(
        label=gettext_lazy("Pay per item"), min_value=Decimal(0), max_value=Decimal(1000), decimal_places=4
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        for name, field in self.fields.items():
            mode = "numeric" if isinstance(field, forms.IntegerField) and name != "seconds" else "decimal"
            field.widget.attrs |= {"class": "input", "inputmode": mode, "step": "any"}


@project_view(Action.SEE_PAY)
@require_safe
def pay(request: ProjectRequest) -> HttpResponse:
    """What each loop has cost, and what each person earned in a period."""
    form, period = period_form(request)
    loops = loop_totals(request.project.pk)
    people = person_totals(project_id=request.project.pk, period=period)
    context = {
        "project": request.project,
        "form": form,
        "period": period,
        "loops": loops,
        "people": people,
        "sums": _sums([one.earned for one in people]),
    }
    status = 400 if form.is_bound and not form.is_valid() else 200
    return render(request, "verification/pay/project.html", context, status=status)


@project_view(Action.SEE_PAY)
@require_safe
def person_statement(request: ProjectRequest, user_id: int) -> StreamingHttpResponse:
    """One person's entries of the period as CSV; also of people who have left the project."""
    person = User.objects.filter(pk=user_id).first()
    if person is None or not worked_here(project_id=request.project.pk, user_id=user_id):
        raise NotFound(_("This person has no work in the project."))
    return statement(project=request.project, person=person, period=asked_period(request))


@project_view(Action.SEE_PAY)
@require_safe
def forecast(request: ProjectRequest) -> HttpResponse:
    """Hours, days and money for any number of regions (papers V1 appendix C.3)."""
    values = asdict(usual_consumption(request.project))
    form = ConsumptionForm({**values, **{key: request.GET[key] for key in values if key in request.GET}})
    found = consumption(**form.cleaned_data) if form.is_valid() else None
    context = {
        "project": request.project,
        "form": form,
        "found": found,
        "measured": values["measured"],
        "years": found.days / 365 if found else 0,
    }
    return render(request, "verification/pay/forecast.html", context, status=200 if found else 400)


def _sums(each: list[Earned]) -> list[Earned]:
    """All together, by currency."""
    return [
        Earned(
            verdicts=sum(one.verdicts for one in each if one.currency == currency),
            seconds=sum(one.seconds for one in each if one.currency == currency),
            amount=sum((one.amount for one in each if one.currency == currency), Decimal(0)),
            currency=currency,
        )
        for currency in sorted({one.currency for one in each})
    ]
