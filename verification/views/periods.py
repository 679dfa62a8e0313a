"""A period of days as pages of pay are asked for it: ?first=2026-11-01&last=2026-11-30, else the present month."""

from datetime import date

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from verification.selectors.pay import LONGEST_PERIOD, Period, this_month
from webapp.core.errors import BadInput

_DATE = forms.DateInput(attrs={"type": "date", "class": "input"}, format="%Y-%m-%d")


class PeriodForm(forms.Form):
    """Both days included."""

    first = forms.DateField(label=gettext_lazy("From"), widget=_DATE, input_formats=["%Y-%m-%d"])
    last = forms.DateField(label=gettext_lazy("To"), widget=_DATE, input_formats=["%Y-%m-%d"])

    def clean(self) -> dict[str, date]:
        cleaned: dict[str, date] = super().clean() or {}
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last and (last < first or last - first > LONGEST_PERIOD):
            raise forms.ValidationError(_("The last day must come after the first, at most ten years later."))
        return cleaned


def period_form(request: HttpRequest) -> tuple[PeriodForm, Period]:
    """The form as sent and its period; the present month when nothing or something impossible was sent."""
    default = this_month()
    if not {"first", "last"} & request.GET.keys():
        return PeriodForm(initial={"first": default.first, "last": default.last}), default
    form = PeriodForm(request.GET)
    if form.is_valid():
        return form, Period(form.cleaned_data["first"], form.cleaned_data["last"])
    return form, default


def asked_period(request: HttpRequest) -> Period:
    """For files: the period as sent. Raises BadInput."""
    form, period = period_form(request)
    if form.is_bound and not form.is_valid():
        raise BadInput(_("Name the period like this: ?first=2026-11-01&last=2026-11-30"))
    return period
